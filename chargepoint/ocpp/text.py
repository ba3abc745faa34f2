"""Text and numbers as a strict backend wants them: nothing too long, no exponent, never half a character."""

import math


def cut(text: str, longest: int) -> str:
    """At most so many characters (interop J25): what is too long is cut, never refused."""
    return text[:longest]


def decimal(amount: float) -> str:
    """Up to three decimals, without an exponent, a minus before zero or zeros at the end."""
    text = f"{amount:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def half_up(amount: float) -> int:
    """The nearest integer; halves go up."""
    return math.floor(amount + 0.5)
