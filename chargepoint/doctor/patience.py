"""How long the doctor waits for whom, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """``closing_s``: how long a server that named no subprotocol is watched, because many then hang up. ``pause_s``
    stands between two trials: a backend that counts failed attempts must not take us for an attack."""

    names_s: float = 5.0
    tcp_s: float = 5.0
    tls_s: float = 10.0
    upgrade_s: float = 15.0
    boot_s: float = 60.0
    closing_s: float = 0.5
    pause_s: float = 0.2
