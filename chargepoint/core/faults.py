"""The fault catalogue: what can be wrong, what it does to charging, what clears it and what to do about it.

``code16`` is the OCPP 1.6 ChargePointErrorCode, ``mrec`` the Minimum Required Error Code (CX001 to CX026) told as
vendorErrorCode or techCode. A fault that *blocks* lets no energy flow on its connector; one that *latches* stays until
a person clears it or the daemon starts again, even when its cause is gone; one that *ends* closes the running
transaction with that reason, any other only suspends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chargepoint.core.records import Reason


@dataclass(frozen=True, slots=True)
class Fault:
    """``help`` is one sentence: what was seen, what clears it, what to do."""

    id: str
    code16: str
    mrec: str
    latches: bool
    blocks: bool
    ends: Reason | None
    title: str
    help: str


_FAULTS = (
    Fault(
        "ground",
        "GroundFailure",
        "CX002",
        latches=True,
        blocks=True,
        ends=Reason.GROUND_FAULT,
        title="Earth leakage",
        help="The residual current device saw current to earth; it stays until a person has checked vehicle, cable and "
        "installation, reset the device and cleared the fault.",
    ),
    Fault(
        "emergency-stop",
        "OtherError",
        "CX008",
        latches=False,
        blocks=True,
        ends=Reason.EMERGENCY_STOP,
        title="Emergency stop pressed",
        help="The emergency stop contact is active; it clears when the button is pulled out again, after making sure "
        "that nobody is in danger.",
    ),
    Fault(
        "over-current",
        "OverCurrentFailure",
        "CX004",
        latches=False,
        blocks=True,
        ends=Reason.OVERCURRENT_FAULT,
        title="Vehicle draws too much",
        help="The meter saw more current than was offered for longer than the vehicle has to follow; it clears after "
        "a pause, and if it comes back the vehicle must be replugged or checked.",
    ),
    Fault(
        "over-voltage",
        "OverVoltage",
        "CX005",
        latches=False,
        blocks=True,
        ends=None,
        title="Mains voltage too high",
        help="The meter saw more than the mains may have; it clears after a minute of good supply, and if it comes "
        "back have the neutral and the supply checked.",
    ),
    Fault(
        "under-voltage",
        "UnderVoltage",
        "CX006",
        latches=False,
        blocks=True,
        ends=None,
        title="Mains voltage too low",
        help="The meter saw less than the mains must have; it clears after a minute of good supply, and if it comes "
        "back have the terminals and the supply checked.",
    ),
    Fault(
        "high-temperature",
        "HighTemperature",
        "CX003",
        latches=False,
        blocks=True,
        ends=None,
        title="Too hot",
        help="The thermometer is above the limit where charging must pause; it clears by itself after cooling, and if "
        "it comes back check terminals and ventilation.",
    ),
    Fault(
        "lock",
        "ConnectorLockFailure",
        "CX001",
        latches=False,
        blocks=True,
        ends=None,
        title="Cable lock does not move",
        help="The lock was told to move and its contact did not follow; it clears when the lock obeys, so push the "
        "plug fully in, and if that does not help check the lock.",
    ),
    Fault(
        "meter",
        "PowerMeterFailure",
        "",
        latches=False,
        blocks=False,
        ends=None,
        title="Meter silent",
        help="The meter gave no fresh reading for too long; it clears with the next one, so check its wiring, address "
        "and supply.",
    ),
    Fault(
        "reader",
        "ReaderFailure",
        "",
        latches=False,
        blocks=False,
        ends=None,
        title="Card reader silent",
        help="The card reader does not answer; it clears when it does, so check its cable and port (remote starts "
        "still work).",
    ),
    Fault(
        "contactor-welded",
        "PowerSwitchFailure",
        "CX017",
        latches=True,
        blocks=True,
        ends=Reason.OTHER,
        title="Contactor does not open",
        help="The mirror contact still said closed a second after the contactor was opened; switch off the supply, "
        "replace the contactor, then clear the fault.",
    ),
    Fault(
        "contactor-stuck",
        "PowerSwitchFailure",
        "CX017",
        latches=True,
        blocks=True,
        ends=Reason.OTHER,
        title="Contactor does not close",
        help="The mirror contact did not say closed half a second after the contactor was closed; check coil, enable "
        "pulses and mirror contact, then clear the fault.",
    ),
    Fault(
        "contactor-dropped",
        "PowerSwitchFailure",
        "CX017",
        latches=True,
        blocks=True,
        ends=Reason.OTHER,
        title="Contactor opened by itself",
        help="The mirror contact said open while energy was flowing and nobody had opened; look for a tripped "
        "protection device or a loose coil wire, then clear the fault.",
    ),
    Fault(
        "pilot",
        "EVCommunicationError",
        "CX014",
        latches=False,
        blocks=True,
        ends=None,
        title="Control pilot shorted",
        help="The control pilot was near 0 V, which is a short to earth in cable, plug or vehicle; it clears when the "
        "pilot is valid again, so replug, then try another cable.",
    ),
    Fault(
        "diode",
        "EVCommunicationError",
        "CX014",
        latches=False,
        blocks=True,
        ends=None,
        title="Vehicle without diode",
        help="The negative half of the pilot was missing, so what is plugged in may be no vehicle; it clears when it "
        "is unplugged or shows its diode, so try another cable or vehicle.",
    ),
    Fault(
        "sensor",
        "InternalError",
        "CX014",
        latches=False,
        blocks=True,
        ends=None,
        title="Pilot cannot be measured",
        help="The pilot's converter gave no usable reading; it clears when it does, so check SPI wiring, converter "
        "and the divider's calibration.",
    ),
    Fault(
        "proximity",
        "OtherError",
        "CX023",
        latches=False,
        blocks=True,
        ends=None,
        title="Cable coding invalid",
        help="The resistor in the plug is none of the standard's, or it changed while charging; it clears with the "
        "next good plug, so try another cable.",
    ),
    Fault(
        "guard",
        "InternalError",
        "",
        latches=False,
        blocks=True,
        ends=None,
        title="Guard process gone",
        help="The process that owns the contactor does not answer and has opened it; it clears when the guard is "
        "back, so read its log.",
    ),
    Fault(
        "door",
        "OtherError",
        "",
        latches=False,
        blocks=True,
        ends=Reason.OTHER,
        title="Housing open",
        help="The door contact is active; it clears when the housing is closed.",
    ),
    Fault(
        "tilt",
        "OtherError",
        "",
        latches=True,
        blocks=True,
        ends=Reason.OTHER,
        title="Station was hit",
        help="The tilt contact was active; it stays until a person has checked post and cables and cleared the fault.",
    ),
    Fault(
        "weak-signal",
        "WeakSignal",
        "CX007",
        latches=False,
        blocks=False,
        ends=None,
        title="Weak radio signal",
        help="The modem's signal is below what keeps a link; it clears when the signal is better, so move the antenna.",
    ),
    Fault(
        "internal",
        "InternalError",
        "",
        latches=False,
        blocks=True,
        ends=Reason.OTHER,
        title="Internal error",
        help="A part of the software or of the board failed; it clears when that part works again, so read the log.",
    ),
    Fault(
        "other",
        "OtherError",
        "",
        latches=False,
        blocks=True,
        ends=Reason.OTHER,
        title="Other fault",
        help="A device reported a fault without a name; it clears when the device says so, and its own text says more.",
    ),
)

CATALOGUE: Mapping[str, Fault] = {fault.id: fault for fault in _FAULTS}

_USUAL = {"othererror": CATALOGUE["other"], "internalerror": CATALOGUE["internal"]}
_BY_CODE = {fault.code16.casefold(): fault for fault in reversed(_FAULTS)} | _USUAL
"""Where several faults share a code: the first, unless one is as vague as the code."""


def find(text: str) -> Fault | None:
    """A fault by its id, its OCPP 1.6 code or its MREC id, without letter case."""
    wanted = text.strip().casefold()
    by_mrec = next((fault for fault in _FAULTS if fault.mrec and fault.mrec.casefold() == wanted), None)
    return CATALOGUE.get(wanted) or _BY_CODE.get(wanted) or by_mrec
