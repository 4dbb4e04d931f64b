"""What stands in a cell of a table arrives on every channel as it was typed, whatever its signs mean there."""

import html
import json
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import feedparser  # type: ignore[import-untyped]  # ships no types
import icalendar
import pytest

from syndication import channels, clock
from syndication.channels.built_in.feed.documents import render
from syndication.channels.tools import Tools
from syndication.config import Settings
from syndication.infra.markdown import markdown_to_text
from syndication.sources import table
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Request
from tests.channels.feed_samples import feed, numbered
from tests.channels.samples import SAMPLES, Sample
from tests.remotes import REMOTES
from tests.remotes.remote import form_of

CELL = """24. Dezember: Krippenspiel
31. Dezember: Feuerwerk

Künstler*innen, Bürger*innen; 3*4 m und 5*6 m, a_b_c
-----
1) Suppe & Brot
# kein Titel, 3 < 4 & 5 > 4, ~~nichts~~ `gestrichen`
Karten: www.rosenau.example"""
LINES = [line for line in CELL.split("\n") if line]
#: Read at the channel's own place below; or they tell nothing of a post.
ELSEWHERE = {"newsletter", "feed", "webhook", "webpush", "letter", "websub"}


def body() -> str:
    """The body of the post that a table with this cell becomes."""
    file = f'Titel;Beginn;Beschreibung\nAdvent;24.12.2026 18:00;"{CELL}"\n'
    (row,) = table.read(file.encode(), zone=ZoneInfo("Europe/Berlin"), now=clock.now())
    assert row.draft is not None, row.faults
    return row.draft.body


def texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from texts(one)


def slack_said(found: Any) -> str:
    """The elements of rich text, one behind the other."""
    return "".join(
        one["text"]
        for block in found["blocks"] if block["type"] == "rich_text"
        for one in block["elements"][0]["elements"]
    )  # fmt: skip


def said(request: Request) -> str:
    """All texts of a request to a network, JSON or a form of either kind."""
    kind = request.headers.get("content-type", "")
    if "form-data" in kind:
        parts = [part.text for part in form_of(request).values() if not part.filename]
        return "\n".join("\n".join(texts(json.loads(one))) if one.startswith("{") else one for one in parts)
    if "urlencoded" in kind:
        return "\n".join(value for _, value in parse_qsl(request.body.decode()))
    found = json.loads(request.body) if "json" in kind else {}
    return slack_said(found) if "blocks" in found else "\n".join(texts(found))


def shown(kind: str, text: str) -> str:
    """`text` as people see it there: without what escapes a sign, and the space that keeps a name from being called."""
    if kind in ("telegram", "matrix"):
        text = html.unescape(re.sub(r"<[^>]*>", "", text.replace("<br>", "\n")))
    if kind == "mastodon":  # people are shown an address without its scheme there
        text = text.replace("https://www.", "www.")
    if kind in ("discord", "mattermost", "rocketchat", "teams", "linkedin"):
        text = re.sub(r"\[([^\]]+)\]\(https://www[^)]*\)", r"\1", text)
        text = re.sub(r"\\([\W_])", r"\1", text)
    return text.replace("\u200b", "").replace("\u2060", "")


@pytest.mark.parametrize(
    "kind", sorted(channel.kind for channel in channels.CHANNELS if channel.kind not in ELSEWHERE)
)
def test_on_every_network(kind: str, tools: Tools, receiver: Receiver) -> None:
    if kind in REMOTES:
        receiver.answer = REMOTES[kind]().answer
    one = Sample(channels.by_kind(kind), *SAMPLES[kind])
    # Little else, so that nothing has to be cut on the smallest of them.
    envelope = one.envelope(receiver.url(), title="Advent", summary="", topics=(), price=None, body=body())
    one.channel.send(one.channel.render(envelope), tools)
    arrived = "\n".join(shown(kind, said(request)) for request in receiver.requests)
    most = one.channel.abilities.length
    expected = LINES if most is None or most > 400 else LINES[:2]
    assert [line for line in expected if line not in arrived] == []


def test_in_a_webhook_the_body_is_markdown_that_reads_so(settings: Settings) -> None:
    one = Sample(channels.by_kind("webhook"), *SAMPLES["webhook"])
    document = json.loads(one.channel.render(one.envelope("http://x.example/", body=body())).body)
    assert markdown_to_text(document["data"]["post"]["content"]["body"]) == CELL


def test_in_a_mail_line_by_line_and_linked(tools: Tools, mail_sink: MailSink) -> None:
    one = Sample(channels.by_kind("newsletter"), *SAMPLES["newsletter"])
    one.channel.send(one.channel.render(one.envelope("", summary="", body=body())), tools)
    (mail,) = mail_sink.mails
    for form in ("plain", "html"):
        part = mail.message.get_body((form,))
        assert part is not None
        text = part.get_content()
        text = html.unescape(text.replace("<br>", "")) if form == "html" else text
        lines = [line.strip() for line in text.split("\n")]
        at = next(number for number, line in enumerate(lines) if line.endswith(LINES[0]))
        assert lines[at + 1 : at + 6] == LINES[1:6]
    whole = message_from_bytes(
        one.channel.render(one.envelope("", summary="Mehr: www.x.example")).data, policy=policy.default
    )
    page = whole.get_body(("html",))
    assert page is not None
    assert re.search(r'<a href="https://www.x.example"[^>]*>www.x.example</a>', page.get_content())


def test_in_every_feed() -> None:
    view = feed(numbered(1, body=body()))
    document = json.loads(render("json", view))["items"][0]
    pages = [document["content_html"]]
    pages += [feedparser.parse(render("rss", view)).entries[0].content[0].value]
    pages += [feedparser.parse(render("atom", view)).entries[0].content[0].value]
    for page in pages:
        assert '<a href="https://www.rosenau.example"' in page
        text = html.unescape(re.sub(r"<(?!b>|/b>)[^>]*>", "", page))
        assert [line for line in LINES if line not in text] == []
    calendar = icalendar.Calendar.from_ical(render("ics", view))
    (event,) = calendar.walk("VEVENT")
    assert CELL in str(event["DESCRIPTION"])
    assert CELL in document.get("content_text", CELL)
