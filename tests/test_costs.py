"""What the longest text may cost that we take: libraries and loops of ours, with texts made to cost the most."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndication import channels, clock
from syndication.channels import by_mail
from syndication.channels.social import counting
from syndication.channels.verdicts import Refused
from syndication.config import Settings
from syndication.content.base import slugify
from syndication.content.reason import Reason
from syndication.content.schedule import occurrences
from syndication.errors import Invalid
from syndication.infra import mail_addresses, markdown
from syndication.infra.reasons import translated_reason
from syndication.kinds.reading import made
from syndication.sources import cell, repair, table, title
from tests.channels.samples import SAMPLES, Sample
from tests.conftest import FULL
from tests.machine import at_best, slower
from tests.patterns import cost

#: Longest body (characters), and what it may cost (seconds on a machine that nobody else uses): far more than it does, far
#: less than it did.
_BODY, _DEAR = 20_000, 0.8
_PIECES = (
    "[", "]", "![", "[a](", "[a](<", "[a]: b\n", "*", "**a ", "*a **a ", "_a_", "`", "a`", "``", "<", "<a>", "&", "&#x1;",
    "> ", "> > ", "- ", "- a\n", "1. ", "    ", "\t", "a\n\n", "a\n", "|a", "a|b\n-|-\n", "~~a", "\\", "#", "===\n",
    "https://a.b ", "http://", "a@b ", "(", '[a](b "', "<!--", "]]>", "ä", "👩\u200d", "🇩", "\u0301", "x", "```\n",
    "* * *\n", "[[a]](", "#a ", "@a ", "a, ", "a. ",
)  # fmt: skip
#: Found by trying such pieces together: 8 s, 5 s, 4 s and 0.3 s for 20,000 characters once.
_FOUND = (
    "> > ```\n===\n",
    "> ```\na\n",
    "a. a\\\n> \t```\na|b\n-|-\n",
    "===\n#a\n> ",
    "![[a](",
    "> * * *\na@b   \n",
)


def texts(length: int) -> list[str]:
    chance = random.Random(7)
    drawn = ["".join(chance.choices(_PIECES, k=3)) for _ in range(40)]
    made = [*_PIECES, *_FOUND, *(drawn if FULL else drawn[:5])]
    return [(one * length)[:length] for one in made]


def one_cell(text: str) -> None:
    for read in (
        cell.price,
        cell.number,
        title.read,
    ):
        with suppress(ValueError):
            read(text)


def one_line(text: str) -> None:
    """A line of a table, in each of whose cells the text stands."""
    typed = text.replace('"', '""')
    header = "Titel;Datum;Uhrzeit;Ende;Ort;Preis;Themen;Text;Link"
    line = ";".join([f'"{typed}"'] * 9)
    list(
        table.read(
            f"{header}\n{line}\n".encode("utf-8", "replace"), zone=ZoneInfo("Europe/Berlin"), now=clock.now()
        )
    )


def one_address(text: str) -> None:
    for address in (text[:254], f"a@{text[:250]}", f"{text[:64]}@a.de"):
        with suppress(Invalid):
            mail_addresses.spelled(address)


WORK: dict[str, tuple[Callable[[str], Any], int]] = {
    "Markdown as HTML": (markdown.markdown_to_html, _BODY),
    "Markdown as text": (markdown.markdown_to_text.__wrapped__, _BODY),
    "plain text as HTML": (markdown.plain_to_html, _BODY),
    "a mail's body": (by_mail._quoted, _BODY),
    "HTML as text": (lambda text: repair.without_html(text, []), _BODY),
    "HTML that is a list": (lambda text: repair.without_html(f"<li>{text}", []), _BODY),
    "text as Markdown": (repair.as_markdown, _BODY),
    "cleaning": (lambda text: repair.cleaned(text, []), _BODY),
    "links and notes at the end": (lambda text: repair.without_boilerplate(text, None, []), _BODY),
    "graphemes": (counting.graphemes, _BODY),
    "cutting": (lambda text: counting.cut(text, 300), _BODY),
    "cutting with short links": (lambda text: counting.cut(text, 300, counting.with_links_as(23)), _BODY),
    "a slug": (slugify, _BODY),
    "a cell": (one_cell, _BODY),
    "a line of a table": (one_line, _BODY),
    "an address": (one_address, 254),
    "an old reason in German": (lambda text: translated_reason(Reason.read(text), "de"), _BODY),
}


@pytest.mark.alone
@pytest.mark.parametrize("name", WORK)
def test_the_longest_text_costs_little_whatever_it_is(name: str) -> None:
    work, length = WORK[name]
    first = {text: cost(work, text) for text in texts(length)}
    worst = max(first, key=first.__getitem__)
    print(f"{name}: {first[worst] * 1000:.0f} ms for {worst[:40]!r}")
    assert not [
        text[:40]
        for text, seconds in first.items()
        if seconds > _DEAR and at_best(lambda: cost(work, text), _DEAR) > _DEAR  # noqa: B023 -- called at once
    ]


@pytest.mark.alone
@pytest.mark.parametrize("kind", [kind for kind, (_, form) in SAMPLES.items() if form in ("change", "copy")])
def test_no_channel_takes_long_over_a_post(kind: str, settings: Settings) -> None:
    sample = Sample(channels.by_kind(kind), *SAMPLES[kind])
    for text in ("- a\n", "[", "> ```\na\n", "🇩", "https://a.b ", "#a ", "a\n\n", "*a **a "):
        body = (text * _BODY)[:_BODY].strip()
        envelope = sample.envelope(
            "http://127.0.0.1:9/", body=body, summary="", title=(text * 200)[:200].replace("\n", " ").strip()
        )

        def rendered(_: str) -> None:
            with suppress(Refused):
                sample.channel.render(envelope)  # noqa: B023 -- called at once

        assert cost(rendered, "") < 2 * _DEAR * slower(), text


RULES = [
    "FREQ=DAILY;BYSETPOS=2", "FREQ=DAILY;BYDAY=MO;BYSETPOS=-2", "FREQ=WEEKLY;BYSETPOS=300", "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=YEARLY;BYDAY=54MO", "FREQ=YEARLY;BYDAY=100MO", "FREQ=YEARLY;BYSETPOS=366", "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=YEARLY;BYMONTH=1;BYDAY=MO;BYMONTHDAY=1;BYSETPOS=5", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    "FREQ=DAILY;COUNT=999999999", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=300", "FREQ=DAILY;UNTIL=99991231",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;INTERVAL=" + "9" * 200, "FREQ=DAILY;BYSETPOS=0", "FREQ=DAILY;BYSETPOS=x",
]  # fmt: skip


@pytest.mark.alone
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_comes_never_or_hardly_ever_costs_little(rule: str) -> None:
    """Once 4.5 s at each look, for eight thousand years of days."""
    zone = ZoneInfo("Europe/Berlin")

    def looked_at(_: str) -> None:
        with suppress(ValueError):
            post = made(kind="event", title="x", starts_at=datetime(2026, 8, 1, tzinfo=UTC), recurrence=rule)
            post.over_at(zone)
            occurrences(post, zone, after=datetime(2026, 8, 1, tzinfo=UTC), most=50)

    assert cost(looked_at, "") < _DEAR * slower()
