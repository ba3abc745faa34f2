import subprocess
import sys

import pytest

from chargepoint.ocpp import rpc
from chargepoint.ocpp.codes import CODES
from chargepoint.ocpp.dialects import SUBPROTOCOLS, dialect


@pytest.mark.parametrize("subprotocol", SUBPROTOCOLS)
def test_every_subprotocol_has_a_dialect_an_engine_and_codes(subprotocol):
    spoken = dialect(subprotocol)
    assert spoken.subprotocol == subprotocol
    assert dialect(subprotocol) is not spoken
    assert spoken.fault_code("internal") == CODES[subprotocol]["internal"]
    assert rpc.Rpc(subprotocol, lambda: "1").receive("", 0.0)


def test_another_subprotocol_is_not_spoken():
    with pytest.raises(LookupError, match=r"ocpp1.2 is not spoken here, only ocpp2.0.1, ocpp1.6"):
        dialect("ocpp1.2")


@pytest.mark.parametrize(("spoken", "silent"), [("ocpp1.6", "v2"), ("ocpp2.0.1", "v16")])
def test_only_the_version_spoken_is_loaded(spoken, silent):
    program = (
        "import sys; from chargepoint.ocpp.dialects import dialect; "
        f"dialect({spoken!r}); sys.exit(any(name.startswith('chargepoint.ocpp.{silent}') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
