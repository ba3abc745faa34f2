"""The wire-level stand-ins alone: what they do that no healthy driver provokes."""

import asyncio
import contextlib
import os
import struct
from pathlib import Path

import pytest

from hal_mock.modbus_table import RegisterTable
from hal_mock.pilot_wires import Converter, KernelPwm, PwmTree
from hal_mock.pn532_reader import Pn532Reader
from hal_mock.rtu_meter import RtuMeter, crc16
from hal_mock.serial_wire import SerialWire
from hal_mock.tcp_meter import TcpMeter
from hal_mock.twn4_reader import Twn4Reader
from tests.drivers.support import run, until


def frame(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + crc16(body)


class Line:
    """A program at the driver's end of the line, without any library."""

    def __init__(self, port: str) -> None:
        self._fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._heard = b""

    async def ask(self, data: bytes, answer: bytes) -> None:
        if data:
            os.write(self._fd, data)
        await until(lambda: self._hears(len(answer)))
        assert self._heard == answer
        self._heard = b""

    def close(self) -> None:
        os.close(self._fd)

    def _hears(self, count: int) -> bool:
        with contextlib.suppress(BlockingIOError):
            self._heard += os.read(self._fd, 256)
        return len(self._heard) >= count


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("01 04 0000 0002", "01 04 04 43663333"),
        ("01 03 fc00 0002", "01 03 04 00bc614e"),
        ("01 06 0000 0002", "01 86 01"),  # no function of a read-only meter
        ("01 03 0000 0002", "01 83 02"),
        ("01 04 01ff 0002", "01 84 02"),
        ("01 04 0000 0051", "01 84 03"),  # more than 80 registers
        ("01 04 0000 0000", "01 84 03"),
    ],
)
def test_the_meter_answers_by_the_standard(tmp_path: Path, request_: str, answer: str) -> None:
    async def go() -> None:
        async with RtuMeter(tmp_path / "m", volts=(230.2, 0.0, 0.0)) as meter:
            line = Line(meter.port)
            await line.ask(b"\x00\xff" + frame(request_), frame(answer))
            meter.faults.late_s = 60.0
            os.write(line._fd, frame(request_))
            await until(lambda: len(meter.requests) == 2)
            line.close()

    run(go())


PN532_SAM, PN532_RETRIES, PN532_LIST, PN532_ACK = (
    "0000ff05fbd4140114010200",
    "0000ff06fad43205ff0102f300",
    "0000ff04fcd44a0100e100",
    "0000ff00ff00",
)


def test_the_nfc_chip_answers_by_its_manual(tmp_path: Path) -> None:
    async def go() -> None:
        async with Pn532Reader(tmp_path / "m") as chip:
            line = Line(chip.port)
            for deaf in (PN532_LIST, "5555" + "00" * 14 + PN532_LIST):  # asleep, then not configured
                os.write(line._fd, bytes.fromhex(deaf))
            await line.ask(bytes.fromhex(PN532_SAM), bytes.fromhex(PN532_ACK + "0000ff02fed5151600"))
            await line.ask(bytes.fromhex("0000ff02fed402 2a00"), bytes.fromhex(PN532_ACK + "0000ff01ff7f8100"))
            await line.ask(bytes.fromhex(PN532_LIST), bytes.fromhex(PN532_ACK))  # it waits for ever
            chip.show(bytes.fromhex("a1b2c3d4"))
            await line.ask(b"", bytes.fromhex("0000ff0cf4d54b0101000408 04a1b2c3d4e400"))
            await line.ask(bytes.fromhex(PN532_RETRIES), bytes.fromhex(PN532_ACK + "0000ff02fed533f800"))
            await line.ask(bytes.fromhex(PN532_LIST), bytes.fromhex(PN532_ACK + "0000ff03fdd54b00e000"))
            chip.raw(b"\x00")
            await line.ask(b"", b"\x00")
            line.close()

    run(go())


def test_a_twn4_answers_what_it_does_not_know_with_an_error(tmp_path: Path) -> None:
    async def go() -> None:
        async with Twn4Reader(tmp_path / "m") as reader:
            line = Line(reader.port)
            for asked in (b"0501\r", b"05\r", b"\r"):
                await line.ask(asked, b"01\r")
            await line.ask(b"050010\r", b"0000\r")
            reader.show(bytes.fromhex("04a1b2c3"))
            await line.ask(b"050010\r", b"00018020" + b"0404A1B2C3\r")
            reader.raw(b"x")
            await line.ask(b"", b"x")
            line.close()

    run(go())


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("03 0010 0002", "03 04 00010002"),
        ("03 0010 0003", "83 02"),
        ("04 0010 0001", "84 02"),
        ("06 0010 0001", "86 01"),
        ("03 0010 0000", "83 03"),
        ("03 0010 0005", "83 03"),
    ],
)
def test_a_table_of_registers_answers_by_the_standard(request_: str, answer: str) -> None:
    table = RegisterTable(most_registers=4)
    table.put(3, 0x10, bytes.fromhex("00010002"))
    request = struct.unpack(">BHH", bytes.fromhex(request_))
    assert table.pdu(*request) == bytes.fromhex(answer)
    assert table.requests == [request]
    table.exception = 6
    assert table.pdu(*request)[1:] == b"\x06"
    with pytest.raises(ValueError, match="3 bytes do not fill registers"):
        table.put(3, 0, b"abc")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("0007 0000 0006 01 03 0010 0001", "0007 0000 0005 01 03 02 002a"),
        ("0007 0000 0006 02 03 0010 0001", "0007 0000 0003 02 83 0b"),
        ("0007 0000 0002 01 11", "0007 0000 0003 01 91 0b"),
        ("0007 0001 0006 01 03 0010 0001", ""),  # another protocol: it hangs up
        ("0007 0000 ffff 01 03 0010 0001", ""),
    ],
)
def test_the_network_meter_answers_by_the_standard(request_: str, answer: str) -> None:
    async def go() -> None:
        table = RegisterTable()
        table.put(3, 0x10, b"\x00\x2a")
        async with TcpMeter({1: table}) as meter:
            host, port = meter.endpoint.removeprefix("tcp://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(bytes.fromhex(request_))
            wanted = bytes.fromhex(answer)
            assert await reader.read(len(wanted) or 1) == wanted
            writer.close()
            await writer.wait_closed()
        await meter.unplug()

    run(go())


def test_a_wire_is_plugged_and_unplugged_any_number_of_times(tmp_path: Path) -> None:
    wire = SerialWire(tmp_path / "w", lambda data: None)

    def there() -> bool:
        return os.path.lexists(wire.port)

    async def go() -> None:
        wire.unplug()
        wire.send(b"lost")
        for _ in range(2):
            wire.plug()
            wire.plug()
            assert there() and wire.plugged
            wire.unplug()
            wire.unplug()
            assert not there() and not wire.plugged

    run(go())


@pytest.mark.parametrize(
    ("channel", "name", "text", "refusal"),
    [
        (KernelPwm(period=1000, enable=1), "polarity", "inversed", "busy"),
        (KernelPwm(period=1000), "duty_cycle", "1001", "Invalid"),
        (KernelPwm(period=1000, duty_cycle=900), "period", "800", "Invalid"),
        (KernelPwm(), "duty_cycle", "0", "Invalid"),
        (KernelPwm(), "enable", "1", "Invalid"),
    ],
)
def test_the_kernel_refuses(channel: KernelPwm, name: str, text: str, refusal: str) -> None:
    before = dict(channel.files)
    with pytest.raises(OSError, match=refusal):
        channel.write(name, text)
    assert channel.files == before


def test_a_channel_that_nobody_made_has_no_output(tmp_path: Path) -> None:
    with PwmTree(tmp_path / "class", {0: "x.pwm"}) as tree:
        assert tree.share_high() is None
        tree.export(tree.root / "pwmchip0", 0)
        assert tree.share_high() is None


@pytest.mark.parametrize("request_", [(0, 0, 0), (1, 0x00, 0), (0, 0, 1)])
def test_a_converter_that_is_not_asked_right_drives_nothing(request_: tuple[int, ...]) -> None:
    assert Converter({0: lambda at_us: 0.0}).xfer2(request_) == [255, 255, 255]
