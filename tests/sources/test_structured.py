"""JSON and JSON Lines: the fields of the API, each object a post or a reason."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndication import sources
from syndication.errors import Invalid
from syndication.sources import Row

BERLIN = ZoneInfo("Europe/Berlin")
GOOD = {"kind": "offer", "title": "Brot", "price": "3.20", "source_ref": "a-1"}


def rows(text: str | bytes, tmp_path: Path, name: str = "posts.json") -> list[Row]:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(sources.read(file, zone=BERLIN, now=datetime(2036, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (json.dumps([GOOD]), "posts.json"),
        (json.dumps({"posts": [GOOD]}), "posts.json"),
        (json.dumps([GOOD]), "posts.txt"),
        ("\ufeff" + json.dumps([GOOD], indent=2), "posts.json"),
        (json.dumps(GOOD) + "\n\n", "posts.jsonl"),
        (json.dumps(GOOD), "posts.ndjson"),
        (json.dumps(GOOD) + "\n" + json.dumps(GOOD | {"source_ref": "a-2"}), "posts.txt"),
    ],
)
def test_lists_wrapped_lists_and_lines_are_read(text: str, name: str, tmp_path: Path) -> None:
    found = rows(text, tmp_path, name)
    assert found[0].draft is not None
    assert (found[0].draft.title, found[0].source_ref) == ("Brot", "a-1")


def test_a_bad_object_is_a_row_with_every_fault_and_the_rest_goes_on(tmp_path: Path) -> None:
    bad = {
        "kind": "offer",
        "title": "",
        "starts_at": "2036-01-01T10:00",
        "colour": "red",
        "source_ref": "a-0",
    }
    first, second, third = rows(json.dumps([bad, "no object", GOOD]), tmp_path)
    assert (first.position, first.source_ref) == ("post 1", "a-0")
    assert {fault.field for fault in first.faults} == {"title", "starts_at", "colour"}
    assert str(second.faults[0]) == "is no object with the fields of a post"
    assert third.draft is not None


def test_a_broken_line_of_json_lines_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    text = f'{json.dumps(GOOD)}\n{{"title": \n{json.dumps(GOOD | {"source_ref": "a-2"})}\n{{"price": NaN}}\n'
    found = rows(text, tmp_path, "posts.jsonl")
    assert [(row.position, row.draft is None) for row in found] == [
        ("line 1", False), ("line 2", True), ("line 3", False), ("line 4", True),
    ]  # fmt: skip
    assert str(found[1].faults[0]).startswith("is not JSON: ")
    assert str(found[3].faults[0]) == "is not JSON: NaN is not a number of JSON"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"post": []}', "must hold a list of posts"),
        ('"words"', "must hold a list of posts"),
        ("[{]", "is not JSON: .* at line 1, column 3"),
        ("[" * 100_000, "is not JSON"),
        ("[" + "9" * 5000 + "]", "is not JSON"),
        (b'["\xff"]', "is not UTF-8"),
        ("[]", "holds no entries"),
    ],
)
def test_a_file_that_is_no_list_of_posts_is_refused_as_a_whole(
    text: str | bytes, words: str, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match=words):
        rows(text, tmp_path)


def test_titles_of_faulty_entries_are_fit_to_be_printed(tmp_path: Path) -> None:
    (row,) = rows('[{"kind": "offer", "title": "\\u001b[31mred\\ud800"}]', tmp_path)
    assert row.draft is None
    assert row.title == "\ufffd[31mred\ufffd"
