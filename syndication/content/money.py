"""Money as people and programs write it, made plain: digits, a point, at most two decimals, no exponent."""

import math
import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from syndication.content.base import KEPT
from syndication.content.reason import Reason

_MOST = Decimal("99999999.99")
_CENT = Decimal("0.01")
#: Digits with at most two decimals behind a point or comma; thousands in groups, where that can be read in one way only;
#: an exponent, as programs write it.
_WRITTEN = (
    r"[0-9]{1,8}([.,][0-9]{1,2})?"
    r"|[0-9]{1,3}\.[0-9]{3},[0-9]{1,2}|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}(,[0-9]{1,2})?"
    r"|[0-9]{1,3},[0-9]{3}\.[0-9]{1,2}|[0-9]{1,2},[0-9]{3},[0-9]{3}(\.[0-9]{1,2})?"
    r"|[0-9](\.[0-9]{1,2})?[eE]\+?0?[0-7]"
)
_PATTERN = re.compile(_WRITTEN)
_AS_IT_IS = re.compile(r"[0-9]+\.[0-9]{1,2}")
_NEGATIVE = re.compile(r"-[0-9.,eE+]*")
_TWO_WAYS = re.compile(r"[0-9]{1,3}[.,][0-9]{3}")
_MANY_DECIMALS = re.compile(r"[0-9]+[.,][0-9]{3,}")
#: What JSON may hold, exactly; what comes out is always text.
_IN = {
    "anyOf": [
        {"type": "string", "pattern": f"^({_WRITTEN})$"},
        {"type": "number", "minimum": 0, "maximum": float(_MOST), "multipleOf": 0.01},
    ],
    "examples": ["9.50"],
}
_OUT = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "examples": ["9.50"]}


def _plain(given: Any, info: ValidationInfo) -> Decimal:
    """What was given, exactly. Raises ValueError with the sentence for whoever wrote it."""
    if info.context == KEPT:
        return Decimal(str(given))
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal | str):
        raise ValueError(Reason("must be an amount such as 9.50"))
    value = _read(given.strip()) if isinstance(given, str) else _exact(given)
    if value < 0:
        raise ValueError(Reason("must not be negative"))
    if value > _MOST:
        raise ValueError(Reason("must be at most {}", _MOST))
    return value.copy_abs()


def _read(text: str) -> Decimal:
    if not _PATTERN.fullmatch(text):
        raise ValueError(_why(text))
    if text.isdigit() or _AS_IT_IS.fullmatch(text):
        return Decimal(text)  # a price that was taken before is not written in another way now
    decimal = max(text.rfind("."), text.rfind(","))
    whole = decimal < 0 or (len(text) - decimal == 4 and "e" not in text.lower())
    digits = re.sub("[.,]", "", text[: None if whole else decimal])
    return Decimal(digits if whole else f"{digits}.{text[decimal + 1 :]}").quantize(_CENT)


def _why(text: str) -> Reason:
    if _NEGATIVE.fullmatch(text):
        return Reason("must not be negative")
    if _TWO_WAYS.fullmatch(text):
        return Reason("can be read in two ways: please write {} or {}", re.sub("[.,]", "", text), text[:-1])
    if _MANY_DECIMALS.fullmatch(text):
        return Reason("must have at most two decimals")
    return Reason("must be an amount such as 9.50")


def _exact(number: float | Decimal) -> Decimal:
    """A number in cents, where it is one but for what a float cannot hold."""
    exact = Decimal(str(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite():
        raise ValueError(Reason("must be an amount such as 9.50"))
    if abs(exact) > _MOST:  # refused by whoever asks, and too large to be rounded
        return exact
    rounded = exact if exact.as_tuple().exponent == 0 else exact.quantize(_CENT)
    if not math.isclose(exact, rounded, rel_tol=1e-12, abs_tol=1e-9):
        raise ValueError(Reason("must have at most two decimals"))
    return rounded


Money = Annotated[
    Decimal,
    BeforeValidator(_plain),
    WithJsonSchema(_IN, mode="validation"),
    WithJsonSchema(_OUT, mode="serialization"),
]
