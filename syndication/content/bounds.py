"""Limits on input, checked by size before content, so that refusing a flood costs nothing."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from syndication.content.reason import Reason
from syndication.errors import Fault

#: So many faults of one request are named; whoever has more learns how many more.
MOST_FAULTS = 20
_SIZED = (list, tuple, set, frozenset, dict)
#: What no database keeps and no encoding knows.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Few:
    """An annotation for lists and mappings: at most `most` members, counted before the first of them is looked at.

    It stands directly behind the type, so that the JSON Schema says `maxItems` too.
    """

    most: int
    least: int = 0

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        # Every type that has a length knows these two.
        limits: dict[str, Any] = {"max_length": self.most} | (
            {"min_length": self.least} if self.least else {}
        )
        limited = cast("CoreSchema", {**inner, **limits})
        return core_schema.no_info_before_validator_function(self._counted, limited)

    def _counted(self, given: Any) -> Any:
        if isinstance(given, _SIZED) and len(given) > self.most:
            raise ValueError(Reason("must hold at most {} values; there are {}", self.most, len(given)))
        return given


def known_names(given: Any, names: Collection[str]) -> Any:
    """`given` itself, where it holds few fields beside `names`; a flood of others is one fault, not one for each."""
    if not isinstance(given, Mapping) or len(given) <= len(names) + MOST_FAULTS:
        return given
    unknown = len(given.keys() - set(names))
    if unknown > MOST_FAULTS:
        raise ValueError(Reason("holds {} fields that are not known here", unknown))
    return given


def storable(given: Any) -> Any:
    """`given` itself. Raises for a text that holds what no database keeps: U+0000, or half a pair of surrogates."""
    if isinstance(given, str) and _UNKEPT.search(given):
        raise ValueError(Reason("must not hold U+0000 or unpaired surrogates"))
    return given


def told(named: list[Fault], count: int) -> list[Fault]:
    """`named` faults of `count`, with a last one that says how many more there are."""
    return [*named, Fault("", Reason("and {} more", count - len(named)))] if count > len(named) else named


def plain(given: dict[str, Any], *, deepest: int, most: int) -> dict[str, Any]:
    """`given` itself: JSON types of at most `most` values, nested at most `deepest` deep, that a database keeps.

    Raises ValueError. It stops at the first value that is one too many.
    """
    seen = 0
    layer: list[Any] = [given]
    for _ in range(deepest + 1):
        following: list[Any] = []
        for one in layer:
            if isinstance(one, dict):
                seen += 2 * len(one)
            elif isinstance(one, list | tuple):
                seen += len(one)
            if seen > most:
                raise ValueError(Reason("holds more than {} values", most))
            if isinstance(one, dict):
                following += [*one, *one.values()]
            elif isinstance(one, list | tuple):
                following += one
            elif isinstance(one, float) and not math.isfinite(one):
                raise ValueError(Reason("must hold no numbers that are infinite or none"))
            else:
                storable(one)
        layer = following
        if not layer:
            return given
    raise ValueError(Reason("is nested too deeply"))
