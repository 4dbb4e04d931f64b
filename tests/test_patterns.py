"""No regular expression of the code costs more than its text: twice the text, about twice the time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syndication.infra import reasons
from tests.patterns import PACKAGE, Pattern, Shape, cost, found, in_source, shapes

pytestmark = pytest.mark.alone
FOUND = found()
#: Patterns that only a run makes: the file they are made in, and all that it makes.
MADE: dict[str, Callable[[], list[Pattern]]] = {
    "syndication/infra/reasons.py": lambda: [
        Pattern(f"reasons: {made.pattern[:40]}", made.pattern, "match", cap=1000)
        for made, _ in reasons._sentences("de")  # the English sentences, whatever the language
    ]
}
#: Length (characters) of the texts that are tried first, and what a text of that length costs no pattern (seconds).
_LENGTH, _CHEAP = 1500, 0.0005
#: What no text may cost where its length is known to be bounded, and what ends a measurement (seconds).
_DEAR, _ENDLESS = 0.05, 0.2


def judged(pattern: Pattern) -> Iterator[str]:
    """What is wrong with a pattern: each text whose cost grows faster than it does."""
    for shape in shapes(pattern):
        if pattern.cap is not None:
            if (
                cost(pattern.run, shape.of(pattern.cap)[: pattern.cap]) > _DEAR
                and _costs(pattern, shape, pattern.cap) > _DEAR
            ):
                yield f"more than {_DEAR} s for {shape.of(50)!r}… of {pattern.cap} characters"
            continue
        if any(cost(pattern.run, shape.of(length)) > _DEAR for length in (12, 20, 28, 36)):
            yield f"grows without end for {shape.of(12)!r}…"
        elif cost(pattern.run, shape.of(_LENGTH)) > _CHEAP and _steep(pattern, shape):
            yield f"grows faster than {shape.of(50)!r}…"


def _steep(pattern: Pattern, shape: Shape) -> bool:
    """Whether twice the text costs more than three times as much, twice in a row."""
    before = _costs(pattern, shape, _LENGTH)
    for length in (2 * _LENGTH, 4 * _LENGTH):
        if before > _ENDLESS:
            return True
        after = _costs(pattern, shape, length)
        if after < 3 * before:
            return False
        before = after
    return True


def _costs(pattern: Pattern, shape: Shape, length: int) -> float:
    return cost(pattern.run, shape.of(length), tries=3)


@pytest.mark.parametrize("pattern", FOUND, ids=[f"{one.place}-{one.method}" for one in FOUND])
def test_a_pattern_costs_no_more_than_its_text(pattern: Pattern) -> None:
    if pattern.method == "unknown":
        assert pattern.place.partition(":")[0] in MADE, "only a run makes it: say in MADE what it makes"
        return
    assert next(judged(pattern), None) is None


def test_sentences_of_the_catalogue_are_recognised_at_no_great_cost() -> None:
    made = [one for make in MADE.values() for one in make()]
    assert [f"{one.place} {fault}" for one in made for fault in [next(judged(one), None)] if fault] == []
    print(f"{len(made)} made patterns and {len(FOUND)} written ones were measured")
    assert len(made) > 300


def test_the_walk_finds_what_there_is() -> None:
    """As many as a search for the words does, so that a new way to write one is noticed."""
    assert len({one.place for one in FOUND}) > 90
    assert {one.library for one in FOUND} == {"re", "regex", "pydantic"}
    assert any(isinstance(one.text, bytes) for one in FOUND)
    others = ("from re import", "import re as", "from regex import", "re.Scanner", "re.template")
    assert [
        str(path)
        for path in PACKAGE.rglob("*.py")
        for other in others
        if other in path.read_text(encoding="utf-8")
    ] == []


#: What the code had once, and what is known to be steep; each as it was used.
STEEP = [
    (r"<[^>]*>", "sub"),
    (r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})(?:,?\s+(.+))?", "fullmatch"),
    (r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:\?.*)?$", "search"),
    (r"""(?is)<a\s[^<>]*?href\s*=\s*["']?(https?://[^"'\s<>]+)[^<>]*>(.*?)</a>""", "sub"),
    (r"(?:Zuletzt\b.*\b(?:abgeglichen|geändert)|Last (?:changed))\b.*\d.*", "fullmatch"),
    (r"\s+$", "sub"), (r"(a+)+b", "match"), (r"(?:x|xx)*y", "search"), (r"a.*b.*c", "search"), (r"[\w.]+@[\w.]+\.de", "search"),
    (r"\X", "finditer"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "method"), STEEP, ids=[one[0] for one in STEEP])
def test_a_steep_pattern_is_found(text: str, method: str) -> None:
    library = "regex" if text == r"\X" else "re"
    assert next(judged(Pattern("here", text, method, library=library)), None)


def test_a_pattern_is_found_however_it_is_written(tmp_path: Path) -> None:
    source = (
        "_A = re.compile(r'(a+)+b', re.IGNORECASE)\n"
        "def f(text):\n"
        "    _A.sub('', text)\n"
        "    regex.findall('b', text)\n"
        "    re.split(pattern, text)  # at most 1,000 characters: a line\n"
        "    re.search(b'c' + b'd', text)  # at most 300 characters: checked first\n"
        "class M(BaseModel):\n"
        "    x: str = Field(pattern='^e$')\n"
    )
    said = [(one.text, one.method, one.library, one.cap) for one in in_source(source, tmp_path / "new.py")]
    assert sorted(map(str, said)) == sorted(
        map(
            str,
            [
                ("(a+)+b", "sub", "re", None),
                ("b", "findall", "regex", None),
                ("", "unknown", "re", None),
                (b"cd", "search", "re", 300),
                ("^e$", "search", "pydantic", None),
            ],
        )
    )
