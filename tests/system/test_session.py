"""A session from plug to bill, in each version, with the box and with a backend nobody here wrote."""

import pytest

from tests.system.station import CARD, played
from tests.uplink.pypi_csms import PypiCsms

VERSIONS = ["ocpp1.6", "ocpp2.0.1"]


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_a_backend_nobody_here_wrote(version, tmp_path):
    async def scene(csms, cp):
        await cp.online()
        await cp.charge()
        await cp.drawn(3)
        cp.tap()
        await cp.opened()
        await cp.unplug()
        await cp.delivered()
        (tx,) = csms.ledger.transactions
        assert (tx.token, tx.evse, tx.reason, tx.gaps, tx.offline) == (CARD, 1, "Local", [], 0)
        assert tx.energy_wh == pytest.approx(cp.look()["energy_wh"], abs=1)
        statuses = [(each.payload["connectorId"]) for each in csms.conversation.received("StatusNotification")]
        assert 1 in statuses

    played(tmp_path, scene, versions=[version], csms=PypiCsms([version]), settings={"MeterValueSampleInterval": 1})
