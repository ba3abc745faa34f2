"""The wire-level stand-ins alone: what they do that no healthy driver provokes."""

import contextlib
import os
from pathlib import Path

import pytest

from hal_mock.pilot_wires import Converter, KernelPwm, PwmTree
from hal_mock.rtu_meter import RtuMeter, crc16
from hal_mock.serial_wire import SerialWire
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
