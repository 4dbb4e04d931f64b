"""Colours that can be read: contrast as WCAG 2.2 reckons it, and the nearest colour that has enough of it."""

import re
from collections.abc import Callable

#: Success criterion 1.4.3 (AA) for text.
ENOUGH = 4.5
_HEX = re.compile(r"#[0-9a-f]{6}")
#: Steps of the way to black or white.
_STEPS = 100


def is_colour(text: str) -> bool:
    """Whether a text is a colour as browsers send it: `#a63a25`."""
    return _HEX.fullmatch(text) is not None


def ratio(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def least(colour: str, *grounds: str) -> float:
    """The contrast of a colour on the ground on which it is worst to read."""
    return min(ratio(colour, one) for one in grounds)


def mixed(one: str, other: str, part: float) -> str:
    """The first colour with so much of the other in it (0 to 1)."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(mine + (its - mine) * part):02x}" for mine, its in pairs)


def readable(colour: str, towards: str, reads: Callable[[str], bool]) -> str:
    """The colour itself where it `reads`; else the nearest on its way to `towards`, which must."""
    return next(
        one
        for step in range(_STEPS + 1)
        if reads(one := mixed(colour, towards, step / _STEPS)) or step == _STEPS
    )


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        value / 12.92 if (value := channel / 255) <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
