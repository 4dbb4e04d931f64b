"""Says what is wrong with input in our words: findings of pydantic become Faults that name the field."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from syndication.content import bounds
from syndication.content.reason import Reason
from syndication.errors import Fault

_NUMBER, _WHOLE = Reason("must be a number"), Reason("must be a whole number")
_MOMENT = Reason("must be a moment such as 2030-08-15T19:00:00+02:00")
_DAY, _HOUR = Reason("must be a day such as 2030-08-15"), Reason("must be a time of day such as 19:30")
_LENGTH, _OBJECT = Reason("must be a length of time"), Reason("must be an object with fields")
_YES_OR_NO, _LIST, _TEXT = Reason("must be true or false"), Reason("must be a list"), Reason("must be a text")
_UUID, _ADDRESS = Reason("must be a UUID"), Reason("must be a web address")
_BUILT_IN = frozenset(get_args(ErrorType))
_UNFIT = Reason("does not fit here")
#: A text that does not have the form that is asked for; which pattern that is helps nobody.
FORM = Reason("does not look right")
#: How pydantic's kinds of findings begin, the longer before the shorter, and what is said of them.
_SAID: tuple[tuple[str, Reason], ...] = (
    ("missing", Reason("is needed")),
    ("extra_forbidden", Reason("is no field here")),
    ("none_required", Reason("must be null or left out")),
    ("string_pattern", FORM),
    ("string_unicode", Reason("must be a text in Unicode")),
    ("string_type", _TEXT),
    ("string_sub_type", _TEXT),
    ("bytes", _TEXT),
    ("finite_number", _NUMBER),
    ("float", _NUMBER),
    ("decimal", _NUMBER),
    ("int", _WHOLE),
    ("bool", _YES_OR_NO),
    ("timezone", Reason("must carry a zone, such as +02:00")),
    ("datetime", _MOMENT),
    ("date", _DAY),
    ("time_delta", _LENGTH),
    ("time", _HOUR),
    ("list", _LIST),
    ("tuple", _LIST),
    ("set", _LIST),
    ("frozen_set", _LIST),
    ("iterable", _LIST),
    ("dict", _OBJECT),
    ("mapping", _OBJECT),
    ("model", _OBJECT),
    ("dataclass", _OBJECT),
    ("uuid", _UUID),
    ("url", _ADDRESS),
)
#: The same of findings that name a bound: which, and the sentence.
_BOUNDED: Mapping[str, tuple[str, str]] = {
    "string_too_long": ("max_length", "must have at most {} characters"),
    "string_too_short": ("min_length", "must have at least {} characters"),
    "too_long": ("max_length", "must hold at most {} values"),
    "too_short": ("min_length", "must hold at least {} values"),
    "greater_than": ("gt", "must be more than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "multiple_of": ("multiple_of", "must be a multiple of {}"),
    "literal_error": ("expected", "must be one of {}"),
    "enum": ("expected", "must be one of {}"),
    "union_tag_invalid": ("expected_tags", "must be one of {}"),
}


class Contradiction(ValueError):
    """Fields that cannot be true together: what a check of a whole value raises, with a fault for each field to change."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """Pydantic's findings as our Faults, in our words."""
    return named(error.errors(include_url=False, include_input=False))


def named(findings: Sequence[Mapping[str, Any]], *, within: int = 0) -> tuple[Fault, ...]:
    """The same of its findings; so many first parts of their paths are left out. Those beyond a number are counted."""
    faults = [fault for one in findings[: bounds.MOST_FAULTS] for fault in _faults(one, within)]
    return tuple(bounds.told(faults[: bounds.MOST_FAULTS], max(len(findings), len(faults))))


def in_words(found: Mapping[str, Any]) -> str:
    """What one finding says: what one of our checks said, which may be a Reason, else our words for pydantic's."""
    context, kind = found.get("ctx") or {}, str(found["type"])
    if isinstance(said := context.get("error"), ValueError):
        return str(said)
    if "words" in context:
        return str(context["words"])
    if kind in _BOUNDED:
        bound, sentence = _BOUNDED[kind]
        if (bound, context.get(bound)) == ("min_length", 1):
            return Reason("must not be empty")
        return Reason(sentence, str(context.get(bound, "")).replace("'", "").replace(" or ", ", "))
    if kind == "value_error" and "reason" in context:  # of EmailStr, whose reasons are English
        return Reason("is not a mail address")
    if kind not in _BUILT_IN:  # a check of somebody's own, in its own words
        return str(found["msg"])
    return next((said for name, said in _SAID if kind.startswith(name)), _UNFIT)


def _faults(found: Mapping[str, Any], within: int) -> list[Fault]:
    path = [str(part) for part in found["loc"][within:]]
    several = getattr((found.get("ctx") or {}).get("error"), "faults", None)
    if several:
        return [
            Fault(".".join([*path, one.field]) if one.field else ".".join(path), one.message)
            for one in several
        ]
    return [Fault(".".join(path), in_words(found))]
