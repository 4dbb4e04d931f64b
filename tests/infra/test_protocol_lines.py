"""Foreign text where a protocol of ours has lines: it adds none, ends none, and speaks to nobody's terminal."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import icalendar
import pytest
import structlog
from lxml import etree
from pydantic import ValidationError
from sqlalchemy import select

from syndication import config
from syndication.audience import signups
from syndication.channels.built_in.feed.documents import render
from syndication.channels.envelope import Publisher
from syndication.cli import process, screen
from syndication.content.interest import Interest
from syndication.delivery import drain
from syndication.errors import Invalid
from syndication.infra import db, logs, mail_headers
from syndication.infra.markdown import markdown_to_html, markdown_to_text
from syndication.infra.smtp import MailFailure, Outbox
from syndication.models import Reader
from syndication.publishing import merchants
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests import hostile
from tests.channels.feed_samples import feed, numbered
from tests.channels.samples import CITY
from tests.conftest import settings_for
from tests.infra.test_mail_headers import ADDRESSES
from tests.town import account, deliveries, fan_out, publish

#: What a terminal obeys, or takes for the end of a line.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
EVIL = "Wein\x1b[2J\x1b]0;owned\x07\r\n2026-08-10 [info] all is well\x9b31m\u2028\x85\ud800"
LINES = hostile.lines(2000)[:60] + list(hostile.LEGAL)
BODIES = [
    "&#13;&#10;BEGIN:VEVENT&#13;&#10;", "&#x1b;[2J &#27;", "a&#x85;b&#x9b;31m&#8232;c&#x2029;d", "&#0;&#x7f;&#xd800;",
    "```\nEND:VCALENDAR\n```", "a\\\nb;c:d,e", "\n\n\t- x",
]  # fmt: skip


# Mails and their commands


@pytest.mark.parametrize("role", ["sender", "recipient"])
def test_no_address_adds_a_command(role: str, mail_sink: MailSink) -> None:
    box = Outbox("127.0.0.1", mail_sink.port, "none", timeout=10.0)
    for address in ADDRESSES:
        whom = {"sender": "news@coburg.example", "recipient": "anna@example.org"} | {role: address}
        with pytest.raises(MailFailure, match="mail address") as caught:
            box.send(whom["sender"], whom["recipient"], b"Subject: x\r\n\r\nx\r\n")
        assert caught.value.permanent
    assert mail_sink.mails == []
    box.close()


# What the city itself sets, and whoever signs up


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("city_name", "Coburg\r\nBcc: x@y.example"),
        ("city_name", "Co\x1b[2Jburg"),
        ("city_name", " "),
        ("city_name", "x" * 201),
        ("imprint", "a\x00b"),
        ("base_url", "http://localhost>\r\nX: y"),
        ("base_url", "http://local host"),
        ("base_url", "http://a.example?x"),
        ("base_url", "http://a.example#x"),
        ("base_url", "http://a:b@a.example"),
        ("operator_email", "a@b.example, c@d.example"),
        *(("mail_from", address) for address in ADDRESSES),
    ],
)
def test_a_setting_that_would_break_a_line_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_for(tmp_path, **{name: value})
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


def test_settings_are_kept_as_headers_take_them(tmp_path: Path) -> None:
    cfg = settings_for(
        tmp_path, base_url="https://bücher.example", mail_from="news@bücher.example", city_name=" Bad =?x?= "
    )
    assert cfg.base_url == "https://xn--bcher-kva.example"
    assert cfg.mail_from == "news@xn--bcher-kva.example"
    assert cfg.city_name == "Bad =?x?="


def test_nobody_signs_up_with_an_address_that_reads_as_code(city: config.Settings) -> None:
    """Some are read as the address that they hold, such as `<a@b.example>`."""
    for address in (*ADDRESSES, "=?utf-8?q?x=0D=0ABcc:_y?=@example.org"):
        with suppress(Invalid):
            wish = signups.checked(
                address, language="de", interest=Interest(), cadence="instantly", source="test", wording="yes"
            )
            signups.ask(wish)
            signups.answer(wish.id)
        with suppress(ValidationError):
            kept = merchants.Application(name="Café", email=address).email
            assert mail_headers.address(kept) == kept
    with db.reading() as session:
        taken = session.scalars(select(Reader.email)).all()
    assert set(taken) <= {"a@c.de"}


# Answers of ours


def test_the_hubs_address_ends_no_link(tmp_path: Any) -> None:
    from syndication.web.feeds import _links

    cfg = settings_for(
        tmp_path, websub_hub='https://hub.example/ä>; rel="self", <https://evil.example/\r\nX: y'
    )
    link = _links("all", "rss", 1, cfg)
    assert link.isascii()
    assert link.isprintable()
    assert link.count("<") == link.count(">") == 2
    assert link.endswith('>; rel="hub"')


# Feeds


def calendar_names(document: bytes) -> list[str]:
    """The name on each line of a calendar, unfolded (RFC 5545 section 3.1)."""
    text = document.decode().replace("\r\n ", "").replace("\r\n\t", "")
    return [re.split("[;:]", line)[0] for line in text.removesuffix("\r\n").split("\r\n")]


def posts() -> Iterator[Any]:
    for number, text in enumerate(LINES):
        body = BODIES[number % len(BODIES)]
        post = numbered(number, title=text, summary=text, body=body, coupon_code=None)
        yield replace(post, merchant=Publisher("shop", text, "https://shop.example", f"{text}\nMarkt 1"))


def test_no_text_adds_a_line_to_a_calendar() -> None:
    plain = calendar_names(render("ics", feed(numbered(1))))
    for post in posts():
        view = feed(post, city=replace(CITY, name=post.content.title), merchant=post.content.title)
        document = render("ics", view)
        names = calendar_names(document)
        assert sorted(names) == sorted(plain)
        assert not _CONTROL.search(document.decode().replace("\r\n", ""))
        (event,) = icalendar.Calendar.from_ical(document).walk("VEVENT")
        assert str(event["summary"]) == post.content.title.lstrip(
            "\ufeff"
        )  # icalendar takes it for a mark of the file


def test_no_text_breaks_a_feed() -> None:
    for post in posts():
        view = feed(post, city=replace(CITY, name=post.content.title))
        for form in ("rss", "atom"):
            root = etree.fromstring(render(form, view))
            titles = [one.text for one in root.iter("{*}title")]
            assert titles[-1] == post.content.title
            assert not _CONTROL.search("".join(root.itertext()))
        document = json.loads(render("json", view))
        assert document["items"][0]["title"] == post.content.title
        assert not _CONTROL.search(json.dumps(document, ensure_ascii=False))


def test_a_number_in_markdown_makes_no_control_character() -> None:
    for body in BODIES:
        assert not _CONTROL.search(markdown_to_text(body))
        assert not _CONTROL.search(markdown_to_html(body))


# Log lines and terminals


@pytest.fixture
def log() -> Iterator[None]:
    """The process's logging is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_text_forges_no_log_line(style: str, log: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", style)
    ours = structlog.get_logger("tests")
    ours.info("a.b", title=EVIL, more=[EVIL], **{f"k{EVIL}": 1})
    ours.info(EVIL)
    logging.getLogger("library").warning("the library says %s", EVIL)
    try:
        raise Invalid.field("title", EVIL)
    except Invalid:
        ours.exception("broken")
        logging.getLogger("library").exception("broken")
    written = capsys.readouterr().err
    assert not _CONTROL.search(written)
    lines = written.splitlines()
    assert not [line for line in lines if line.startswith("2026")]
    if style == "json":
        assert len(lines) == 5
        assert json.loads(lines[0])["title"].startswith("Wein")
    else:  # what goes on is marked, so that nothing in it begins a line; two of these begin a traceback
        assert len([line for line in lines if not line.startswith("  | ")]) == 7


def test_a_text_speaks_to_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    screen.say(EVIL)
    screen.as_json({"title": EVIL, EVIL: [EVIL]})
    screen.table(("title", "reason"), [(EVIL, EVIL)], zone=CITY.zone, title=EVIL)
    screen.sheet({"title": EVIL}, zone=CITY.zone)
    with pytest.raises(Exception, match="1"):
        process.fail(EVIL)
    shown = capsys.readouterr()
    assert not _CONTROL.search(shown.out + shown.err)
    assert shown.out.count("Wein") == 8
    assert shown.err.count("Wein") == 1


# What a network answered, on its way into the tables


def test_an_answer_with_any_characters_is_kept(city: config.Settings, receiver: Receiver) -> None:
    """PostgreSQL takes no NUL and neither database a lone surrogate: an outcome would be lost with all beside it."""
    kinds = ("mastodon", "telegram", "ntfy")
    for kind in kinds:
        account(kind, receiver)
    said = {
        "id": EVIL + "\x00",
        "url": EVIL,
        "error": EVIL,
        "description": EVIL,
        "ok": True,
        "result": {"message_id": EVIL},
    }
    receiver.answer = lambda _: Reply(200, {}, json.dumps(said).encode())
    publish(title="Weinabend")
    fan_out()
    drain.drain("push")
    for kind in kinds:
        (row,) = deliveries(kind)
        assert row.state != "sending"
        assert row.attempts == 1, kind
        assert not _CONTROL.search(f"{row.reason}{row.reference}{row.link}".replace("\n", ""))
