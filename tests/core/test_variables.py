"""The table against the standards: every required key is there, every default fits, no name stands twice."""

import pytest

from chargepoint.core import variables
from chargepoint.core.statements import STATEMENTS
from chargepoint.core.values import Measurand
from chargepoint.core.variable import LISTS, Kind, Variable
from chargepoint.core.variables import MEASURANDS, MEASURANDS_OF_PHASES, TABLE, measured

EVERY = (*TABLE, *STATEMENTS)
REQUIRED_16 = """
AuthorizeRemoteTxRequests ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation GetConfigurationMaxKeys
HeartbeatInterval LocalAuthorizeOffline LocalPreAuthorize MeterValuesAlignedData MeterValuesSampledData
MeterValueSampleInterval ResetRetries StopTransactionOnEVSideDisconnect StopTransactionOnInvalidId StopTxnAlignedData
StopTxnSampledData SupportedFeatureProfiles TransactionMessageAttempts TransactionMessageRetryInterval
UnlockConnectorOnEVSideDisconnect
"""
OPTIONAL_16 = """
AllowOfflineTxForUnknownId AuthorizationCacheEnabled BlinkRepeat ConnectorPhaseRotationMaxLength LightIntensity
MaxEnergyOnInvalidId MessageTimeout MeterValuesAlignedDataMaxLength MeterValuesSampledDataMaxLength
MinimumStatusDuration StopTxnAlignedDataMaxLength StopTxnSampledDataMaxLength WebSocketPingInterval
"""
REQUIRED_2 = """
OCPPCommCtrlr.ActiveNetworkProfile OCPPCommCtrlr.FileTransferProtocols OCPPCommCtrlr.MessageTimeout[Default]
OCPPCommCtrlr.MessageAttempts[TransactionEvent] OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]
OCPPCommCtrlr.NetworkConfigurationPriority OCPPCommCtrlr.OfflineThreshold OCPPCommCtrlr.ResetRetries
OCPPCommCtrlr.RetryBackOffRandomRange OCPPCommCtrlr.RetryBackOffRepeatTimes OCPPCommCtrlr.RetryBackOffWaitMinimum
OCPPCommCtrlr.UnlockOnEVSideDisconnect OCPPCommCtrlr.WebSocketPingInterval DeviceDataCtrlr.ItemsPerMessage[GetReport]
DeviceDataCtrlr.ItemsPerMessage[GetVariables] DeviceDataCtrlr.ItemsPerMessage[SetVariables]
DeviceDataCtrlr.BytesPerMessage[GetReport] DeviceDataCtrlr.BytesPerMessage[GetVariables]
DeviceDataCtrlr.BytesPerMessage[SetVariables] ClockCtrlr.TimeSource SecurityCtrlr.OrganizationName
SecurityCtrlr.CertificateEntries AuthCtrlr.AuthorizeRemoteStart AuthCtrlr.LocalAuthorizeOffline
AuthCtrlr.LocalPreAuthorize TxCtrlr.EVConnectionTimeOut TxCtrlr.StopTxOnEVSideDisconnect TxCtrlr.TxStartPoint
TxCtrlr.TxStopPoint TxCtrlr.StopTxOnInvalidId SampledDataCtrlr.TxStartedMeasurands
SampledDataCtrlr.TxUpdatedMeasurands SampledDataCtrlr.TxEndedMeasurands SampledDataCtrlr.TxUpdatedInterval
SampledDataCtrlr.TxEndedInterval AlignedDataCtrlr.Measurands AlignedDataCtrlr.TxEndedMeasurands
AlignedDataCtrlr.Interval AlignedDataCtrlr.TxEndedInterval ChargingStation.Available
"""


def test_every_core_key_of_16_is_there():
    """NumberOfConnectors, the last one, is told by the station."""
    assert {variable.key16 for variable in EVERY if variable.key16} == {*REQUIRED_16.split(), *OPTIONAL_16.split()}


def test_the_required_variables_of_2_are_there():
    assert set(REQUIRED_2.split()) <= {variable.id for variable in EVERY}


def test_no_name_stands_twice():
    ids = [variable.id.casefold() for variable in EVERY]
    keys = [variable.key16.casefold() for variable in EVERY if variable.key16]
    assert len(set(ids)) == len(ids) and len(set(keys)) == len(keys)


def test_every_variable_of_the_module_is_in_the_table():
    assert [value for value in vars(variables).values() if isinstance(value, Variable)] == list(TABLE)


@pytest.mark.parametrize("variable", EVERY, ids=lambda variable: variable.id)
def test_each_entry_is_whole(variable):
    assert variable.parse(variable.text(variable.default)) == variable.default
    assert variable.effect.endswith(".")
    if variable.kind in LISTS:
        assert variable.high is not None and variable.high >= len(variable.default)
    if variable.kind is Kind.INTEGER and variable.writable:
        assert variable.low is not None and variable.low >= 0 and variable.high is not None
    if variable.name.endswith(("Interval", "TimeOut")):
        assert variable.unit == "s"


def test_the_longest_list_still_fits_a_value_of_16():
    """CiString500."""
    longest = sorted((*MEASURANDS, *MEASURANDS_OF_PHASES), key=len)[-variables.LONGEST_LIST :]
    assert len(",".join(longest)) <= 500


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Voltage", (Measurand.VOLTAGE, None)),
        ("Voltage.L1", (Measurand.VOLTAGE, "L1")),
        ("Voltage.L3-N", (Measurand.VOLTAGE, "L3-N")),
        ("Current.Import.L2", (Measurand.CURRENT_IMPORT, "L2")),
        ("Energy.Active.Import.Register", (Measurand.ENERGY_IMPORT, None)),
    ],
)
def test_measured(name, found):
    assert measured(name) == found


def test_whatever_may_be_in_a_list_can_be_measured():
    assert {measured(name)[0] for name in (*MEASURANDS, *MEASURANDS_OF_PHASES)} == set(Measurand)
