"""Money as people and programs write it: made plain, or refused in words."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from syndication.content.base import KEPT
from syndication.content.faults import faults_of
from syndication.content.money import Money

MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)


def fault(given: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        MONEY.validate_python(given)
    (one,) = faults_of(refused.value)
    return one.message


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("5", "5"),
        ("5.00", "5.00"),
        ("9.5", "9.5"),
        ("0", "0"),
        ("007", "7"),
        (" 5.00 ", "5.00"),
        (5, "5"),
        (0, "0"),
        ("5,00", "5.00"),
        ("5,5", "5.50"),
        ("1.000,50", "1000.50"),
        ("1,000.50", "1000.50"),
        ("1.234.567", "1234567.00"),
        ("12.345.678,90", "12345678.90"),
        ("1,234,567.8", "1234567.80"),
        ("1e2", "100.00"),
        ("1E+2", "100.00"),
        ("1.25e1", "12.50"),
        ("9.99e7", "99900000.00"),
        (1e2, "100.00"),
        (1.6, "1.60"),
        (0.07, "0.07"),
        (7 * 0.05, "0.35"),
        (99999999.99, "99999999.99"),
        ("99999999.99", "99999999.99"),
        (Decimal("7.50"), "7.50"),
        (-0.0, "0.00"),
    ],
)
def test_an_amount_is_made_plain(given: Any, plain: str) -> None:
    assert MONEY.dump_python(MONEY.validate_python(given), mode="json") == plain


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("1.000", "can be read in two ways: please write 1000 or 1.00"),
        ("1,000", "can be read in two ways"),
        ("9.999", "can be read in two ways"),
        ("9.9999", "at most two decimals"),
        (9.999, "at most two decimals"),
        ("1.2345e1", "an amount such as 9.50"),
        ("-5", "not be negative"),
        (-5, "not be negative"),
        ("-1e2", "not be negative"),
        (-1e300, "not be negative"),
        ("NaN", "an amount"),
        ("Infinity", "an amount"),
        ("-inf", "an amount"),
        (float("nan"), "an amount"),
        (float("inf"), "an amount"),
        (Decimal("sNaN"), "an amount"),
        ("", "an amount"),
        ("5 €", "an amount"),
        ("ab 5,-", "an amount"),
        ("1_000", "an amount"),
        ("٥", "an amount"),
        ("1,2,3", "an amount"),
        ("1.00.000", "an amount"),
        ("1.000.00", "an amount"),
        (True, "an amount"),
        ([], "an amount"),
        ({}, "an amount"),
        ("1e9", "an amount"),
        ("1e99999999", "an amount"),
        (1e9, "at most 99999999.99"),
        (10**400, "at most 99999999.99"),
        (Decimal("1e9999"), "at most 99999999.99"),
        ("100000000", "an amount"),
        ("x" * 100_000, "an amount"),
        ("1" * 100_000, "an amount"),
    ],
)
def test_what_is_no_amount_is_refused_in_words(given: Any, words: str) -> None:
    assert words in fault(given)


def test_an_amount_that_was_kept_is_read_as_it_stands() -> None:
    for kept in ("5", "9.5", "1E+2", "0.10"):
        assert str(MONEY.validate_python(kept, context=KEPT)) == kept


@given(st.text(max_size=12, alphabet="0123456789.,eE+- "))
def test_the_schema_takes_what_the_check_takes(text: str) -> None:
    (pattern,) = [one["pattern"] for one in MONEY.json_schema(mode="validation")["anyOf"] if "pattern" in one]
    fits = re.search(pattern, text) is not None
    try:
        value = MONEY.validate_python(text)
    except ValidationError:
        assert not fits
    else:
        assert fits or text != text.strip()
        assert value >= 0
        assert re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", json.loads(MONEY.dump_json(value)))
