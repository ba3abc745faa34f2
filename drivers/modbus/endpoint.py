"""Where a Modbus TCP device is: tcp://host or tcp://host:port, an IPv6 address in brackets."""

from dataclasses import dataclass
from urllib.parse import urlsplit

SCHEME = "tcp://"
MODBUS_PORT = 502


class EndpointError(ValueError):
    """The text is no tcp://host:port; it says what is wrong."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> "Endpoint":
        """Raises EndpointError."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as exc:
            raise EndpointError(f"{text!r} cannot be read ({exc}); write tcp://host or tcp://host:port") from exc
        beside = parts.path or parts.query or parts.fragment or parts.username or parts.password
        if parts.scheme != "tcp" or not host or beside or port == 0:
            raise EndpointError(f"{text!r} must be tcp://host or tcp://host:port and nothing else")
        return cls(host, MODBUS_PORT if port is None else port)
