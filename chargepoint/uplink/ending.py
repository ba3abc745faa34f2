"""How a link ends, in words a technician understands."""

from websockets.exceptions import ConnectionClosed


class LinkDeadError(Exception):
    """The conversation is over; the text says why."""


def why(problem: BaseException) -> str:
    if not isinstance(problem, ConnectionClosed):
        return str(problem) or type(problem).__name__
    if problem.rcvd is not None:
        return closed(problem.rcvd.code, problem.rcvd.reason)
    if problem.sent is not None:
        return f"the connection was given up (code {problem.sent.code}): {problem.sent.reason}"
    return "the connection broke"


def closed(code: int | None, reason: str | None) -> str:
    return f"the backend closed the connection (code {code})" + (f": {reason}" if reason else "")
