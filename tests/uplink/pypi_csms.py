"""A central system that nobody here wrote: the PyPI package `ocpp`, with its own routing and its strict validation.

It keeps the same books as `hal_mock.csms` (conversation, ledger, `until`, `call`), but whether a frame is OCPP is
decided by the package: what it refuses is in ``conversation.violations``.
"""

import asyncio
import json
import logging
from datetime import UTC, datetime

from ocpp.charge_point import camel_to_snake_case, remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.exceptions import OCPPError
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from hal_mock.csms_ledger import Ledger
from hal_mock.csms_record import CallError, Conversation, Exchange

INTERVAL_S = 300


def now():
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Central16(ChargePoint16):
    """The handlers of 1.6. The package gives members in snake case; the books are kept in OCPP's own names."""

    csms: "PypiCsms"

    def _tag(self, tag):
        return {"status": self.csms.verdict(tag)}

    @on("BootNotification")
    def boot(self, **payload):
        return result16.BootNotification(current_time=now(), interval=INTERVAL_S, status=self.csms.registration)

    @on("Heartbeat")
    def heartbeat(self):
        return result16.Heartbeat(current_time=now())

    @on("Authorize")
    def authorize(self, id_tag):
        return result16.Authorize(id_tag_info=self._tag(id_tag))

    @on("StatusNotification")
    def status(self, **payload):
        return result16.StatusNotification()

    @on("StartTransaction")
    def start_transaction(self, **payload):
        tx = self.csms.ledger.start(self.id, snake_to_camel_case(payload))
        return result16.StartTransaction(transaction_id=int(tx.id), id_tag_info=self._tag(payload["id_tag"]))

    @on("MeterValues")
    def meter_values(self, **payload):
        if "transaction_id" in payload:
            self.csms.ledger.measure(self.id, snake_to_camel_case(payload))
        return result16.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **payload):
        self.csms.ledger.stop(self.id, snake_to_camel_case(payload))
        return result16.StopTransaction(id_tag_info=self._tag(payload["id_tag"]) if "id_tag" in payload else None)

    @on("DataTransfer")
    def data_transfer(self, **payload):
        return result16.DataTransfer(status="UnknownVendorId")

    @on("SecurityEventNotification")
    def security_event(self, **payload):
        return result16.SecurityEventNotification()


class Central201(ChargePoint201):
    """The handlers of 2.0.1."""

    csms: "PypiCsms"

    def _token(self, id_token):
        return {"status": self.csms.verdict(id_token["id_token"])}

    @on("BootNotification")
    def boot(self, **payload):
        return result201.BootNotification(current_time=now(), interval=INTERVAL_S, status=self.csms.registration)

    @on("Heartbeat")
    def heartbeat(self):
        return result201.Heartbeat(current_time=now())

    @on("Authorize")
    def authorize(self, id_token, **payload):
        return result201.Authorize(id_token_info=self._token(id_token))

    @on("StatusNotification")
    def status(self, **payload):
        return result201.StatusNotification()

    @on("TransactionEvent")
    def transaction_event(self, **payload):
        self.csms.ledger.event(self.id, snake_to_camel_case(payload))
        token = payload.get("id_token")
        return result201.TransactionEvent(id_token_info=None if token is None else self._token(token))

    @on("MeterValues")
    def meter_values(self, **payload):
        return result201.MeterValues()

    @on("NotifyReport")
    def notify_report(self, **payload):
        return result201.NotifyReport()

    @on("SecurityEventNotification")
    def security_event(self, **payload):
        return result201.SecurityEventNotification()

    @on("DataTransfer")
    def data_transfer(self, **payload):
        return result201.DataTransfer(status="UnknownVendorId")


CENTRALS = {"ocpp2.0.1": (Central201, call201), "ocpp1.6": (Central16, call16)}


class Recorded:
    """A connection whose frames are written down on their way to the package and back."""

    def __init__(self, csms, id, socket):
        self.csms, self.id, self.socket = csms, id, socket
        self.open = {}

    async def recv(self):
        text = await self.socket.recv()
        self._note("received", json.loads(text))
        return text

    async def send(self, text):
        self._note("sent", json.loads(text))
        await self.socket.send(text)

    def _note(self, direction, message):
        conversation = self.csms.conversation
        kind, id, *rest = message
        if kind == 2:
            at, version = asyncio.get_running_loop().time(), self.socket.subprotocol
            exchange = Exchange(at, direction, self.id, version, id, rest[0], rest[1])
            self.open[direction, id] = conversation.begin(exchange)
            return
        exchange = self.open.pop(("received" if direction == "sent" else "sent", id), None)
        answer = rest[0] if kind == 3 else CallError(*rest[:3])
        if exchange is None:
            conversation.violations.append(f"{self.id} was in a frame nobody waits for: {message}")
            return
        if kind == 4 and direction == "sent":
            conversation.violations.append(f"{exchange.action} {exchange.payload} of {self.id} was refused: {rest}")
        conversation.end(exchange, answer)


class PypiCsms:
    """``async with PypiCsms() as csms``; ``versions`` in the order this server prefers; ``blocked`` are tokens."""

    def __init__(self, versions=tuple(CENTRALS), port=0):
        self.versions = versions
        self.port = port
        self.conversation = Conversation()
        self.ledger = Ledger()
        self.registration = "Accepted"
        self.blocked = set()
        self.stations = {}

    async def __aenter__(self):
        self._server = await serve(
            self._connected, "127.0.0.1", self.port, subprotocols=self.versions, compression=None, ping_interval=None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error):
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}"

    def verdict(self, token):
        return "Blocked" if token in self.blocked else "Accepted"

    async def until(self, predicate, within_s=5.0):
        return await self.conversation.until(predicate, within_s)

    async def online(self, id=None, within_s=5.0):
        """The package's own object for a connected station (or this one)."""
        return await self.until(lambda: next((s for s in self.stations.values() if id in (None, s.id)), None), within_s)

    async def call(self, action, payload=None, *, station=None, within_s=10.0):
        """A CALL to the station; the answer is validated by the package. Raises CallError for a CALLERROR."""
        central = await self.online(station)
        _, words = next(pair for pair in CENTRALS.values() if isinstance(central, pair[0]))
        request = getattr(words, action)(**camel_to_snake_case(payload or {}))
        try:
            async with asyncio.timeout(within_s):
                answer = await central.call(request, suppress=False)
        except OCPPError as error:
            raise CallError(error.code, error.description, error.details) from error
        return remove_nones(snake_to_camel_case(serialize_as_dict(answer)))

    async def _connected(self, socket):
        if socket.subprotocol is None:
            await socket.close(1002, "no common subprotocol")
            return
        id = socket.request.path.rpartition("/")[2]
        kind, _ = CENTRALS[socket.subprotocol]
        # The package logs every refusal with a traceback; here refusals are kept as violations.
        silent = logging.Logger("ocpp", level=logging.CRITICAL + 1)
        central = kind(id, Recorded(self, id, socket), logger=silent)
        central.csms = self
        self.stations[id] = central
        self.conversation.nudge()
        try:
            await central.start()
        except ConnectionClosed:
            pass
        finally:
            if self.stations.get(id) is central:
                del self.stations[id]
            self.conversation.nudge()
