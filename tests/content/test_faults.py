"""What pydantic finds is said in our words, in German too, and names the field."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from pydantic import AfterValidator, EmailStr, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ErrorType

from syndication.content.base import Day, IsWhole, Moment, slugify
from syndication.content.faults import faults_of, in_words
from syndication.content.topics import Topic
from syndication.errors import Invalid
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import translations
from syndication.kinds.reading import draft

WHOLE = Annotated[int, IsWhole]
FOREIGN = (
    "should",
    "Input",
    "valid ",
    "pydantic",
    "parse",
    "instance",
    "Decimal",
    "integer",
    "dictionary",
    "tuple",
)


def said(annotation: Any, given: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(annotation).validate_python(given)
    return "; ".join(map(str, faults_of(refused.value)))


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_finding_is_told_in_pydantics_words(kind: str) -> None:
    context = dict.fromkeys(
        ("max_length", "min_length", "gt", "ge", "lt", "le", "multiple_of", "expected"), 3
    )
    words = in_words({"type": kind, "msg": "Input should be a valid thing", "loc": (), "ctx": context})
    assert words
    assert not any(one in words for one in FOREIGN), words
    german = translated_error(words, "de")
    assert german != words, words


@pytest.mark.parametrize(
    ("annotation", "given", "words"),
    [
        (int, "x", "must be a whole number"),
        (float, "x", "must be a number"),
        (Decimal, "x", "must be a number"),
        (bool, "x", "must be true or false"),
        (str, 1, "must be a text"),
        (list[int], 1, "must be a list"),
        (dict[str, int], 1, "an object"),
        (UUID, "x", "must be a UUID"),
        (date, "x", "must be a day"),
        (time, "x", "a time of day"),
        (timedelta, "x", "a length of time"),
        (datetime, "x", "must be a moment"),
        (Literal["a", "b", "c"], "x", "must be one of a, b, c"),
        (Annotated[str, Field(min_length=1)], "", "must not be empty"),
        (Annotated[str, Field(max_length=1)], "xx", "at most 1 char"),
        (EmailStr, "x", "is not a mail address"),
        (WHOLE, True, "must be a whole number"),
        (WHOLE, "5", "must be a whole number"),
        (WHOLE, 5.5, "must be a whole number"),
        (WHOLE, float("nan"), "must be a whole number"),
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[str, Field(pattern="^a$")], "b", "does not look right"),
    ],
)
def test_findings_are_told_in_our_words(annotation: Any, given: Any, words: str) -> None:
    assert words in said(annotation, given)


@pytest.mark.parametrize(
    "given",
    [
        1764000000,
        1764000000.5,
        "1764000000",
        "1764000000.0",
        "-1",
        0,
        True,
        False,
        [],
        {},
        "2026-11-25",
        "18:00",
        "tomorrow",
        "",
        "2026-11-25T18:00:00",
        "2026-11-25T25:00:00Z",
        "2026-02-30T18:00:00Z",
        "2026-W48-3T18:00:00Z",
        "20261125T180000Z",
        "٢٠٢٦-١١-٢٥T18:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_what_is_no_moment_is_refused_in_words(given: Any) -> None:
    assert any(
        one in said(Moment, given) for one in ("must be a moment", "must carry a zone", "outside the years")
    )


@pytest.mark.parametrize(
    "given",
    [
        "2026-11-25T18:00:00Z",
        "2026-11-25T18:00Z",
        "2026-11-25t19:00:00+01:00",
        "2026-11-25 19:00:00.000+0100",
    ],
)
def test_moments_are_taken_as_people_write_them(given: str) -> None:
    assert TypeAdapter(Moment).validate_python(given).isoformat() == "2026-11-25T18:00:00+00:00"


@pytest.mark.parametrize(
    "given", [20260101, "20260101", 0, "1764000000", True, "2026-11-25T00:00:00Z", "2026-02-30", None]
)
def test_what_is_no_day_is_refused_in_words(given: Any) -> None:
    assert said(Day, given) == "must be a day such as 2030-08-15"


EVENT = {"kind": "event", "title": "Weinabend", "starts_at": "2030-08-15T19:00:00+02:00"}
OFFER = {"kind": "offer", "title": "Kaffee"}
MENU = {"kind": "menu", "title": "Mittag", "from_date": "2030-08-15", "dishes": [{"name": "Suppe"}]}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (EVENT | {"ends_at": "2030-08-15T18:00:00+02:00"}, "ends_at"),
        (EVENT | {"place": {"name": "Hof", "latitude": 50.1}}, "place.longitude"),
        (EVENT | {"place": {"name": "Hof", "longitude": 10.1}}, "place.latitude"),
        (EVENT | {"excluded": ["2030-08-15T19:00:00+02:00"]}, "excluded"),
        (
            OFFER | {"valid_from": "2030-08-15T19:00:00Z", "valid_until": "2030-08-14T19:00:00Z"},
            "valid_until",
        ),
        (OFFER | {"price": "5", "price_before": "4"}, "price_before"),
        (OFFER | {"price": "5", "price_before": "10", "percent_off": 20}, "percent_off"),
        (MENU | {"until_date": "2030-08-14"}, "until_date"),
        (MENU | {"served_from": "11:30"}, "served_until"),
        (MENU | {"served_until": "11:30"}, "served_from"),
        (MENU | {"served_from": "11:30", "served_until": "11:00"}, "served_until"),
        (MENU | {"dishes": []}, "dishes"),
        (MENU | {"days": [{"date": "2030-09-15", "dishes": [{"name": "Suppe"}]}]}, "days"),
    ],
)
def test_what_two_fields_say_together_names_one_of_them(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as refused:
        draft(fields)
    (fault,) = refused.value.faults
    assert fault.field == named
    assert translated_error(fault.message, "de") != fault.message


def test_a_check_of_somebodys_own_keeps_its_words() -> None:
    def own(given: Any) -> Any:
        raise PydanticCustomError("own", "is {what}", {"what": "too red"})

    assert said(Annotated[str, AfterValidator(own)], "x") == "is too red"


def test_a_whole_number_is_one_however_it_is_written() -> None:
    assert TypeAdapter(WHOLE).validate_python(5.0) == 5


def test_the_schema_of_topics_has_the_letters_of_which_a_slug_can_be_made() -> None:
    pattern = TypeAdapter(Topic).json_schema()["pattern"]
    for code in (*range(0x20, 0x80), *range(0xC0, 0x180)):
        assert bool(re.search(pattern, chr(code))) == bool(slugify(chr(code))), chr(code)


def test_every_sentence_here_has_its_german() -> None:
    catalogue = translations("de")._catalog
    for text in (
        "is needed",
        "is no field here",
        "must hold at most {} values; there are {}",
        "does not go with kind {}",
    ):
        assert text in catalogue
