"""Operators find a post, see where it went, and take it back; what is unlawful is repeated nowhere."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from syndication import config
from syndication.accounts import people
from syndication.audience import feeds
from syndication.channels.built_in.feed.documents import Format
from syndication.cli import app
from syndication.delivery import drain
from syndication.infra import db
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.town import fan_out, hook, later, publish

#: The formats of a feed.
FORMS: tuple[Format, ...] = ("rss", "atom", "json", "ics")
TITLE = "Unerhörter Titel"


@pytest.fixture
def run(city: config.Settings) -> Callable[..., Result]:
    """Runs a command of the city; its broker does not answer."""
    cfg = city.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    url = db.engine().url.render_as_string(hide_password=False)

    def invoke(*arguments: str, code: int = 0) -> Result:
        config.use(cfg.model_copy(update={"database_url": url}))
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == code, result.output
        db.connect(url)
        return result

    return invoke


def test_posts_are_found_by_merchant_state_and_words(run: Callable[..., Result]) -> None:
    first, second = publish(title="Weinabend"), publish("kino", title="ÄPFEL und Film")
    listed = json.loads(run("posts", "list", "--text", "äpfel", "--json").output)
    assert [one["id"] for one in listed] == [str(second.id)]
    assert [one["id"] for one in json.loads(run("posts", "list", "--merchant", "cafe", "--json").output)] == [
        str(first.id)
    ]
    assert str(first.id) in run("posts", "list").output
    assert "No post" in run("posts", "list", "--state", "withdrawn").output


def test_a_post_is_named_by_the_beginning_of_its_id(run: Callable[..., Result]) -> None:
    first, second = publish(title="Weinabend"), publish("kino", title="Film")
    assert "Weinabend" in run("posts", "show", str(first.id)).output
    same = next(i for i in range(1, 36) if str(first.id)[:i] != str(second.id)[:i])
    assert "Film" in run("posts", "show", str(second.id)[:same]).output
    assert "give more of it" in run("posts", "show", str(second.id)[: same - 1].rstrip("-"), code=1).output
    assert "There is no post" in run("posts", "show", "ffff", code=1).output
    assert "is not an id" in run("posts", "show", "Weinabend", code=1).output


def test_what_is_unlawful_is_said_nowhere_afterwards(
    run: Callable[..., Result], receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    with db.transaction() as session:
        factories.reader(session, cadence="instantly")
    post = publish(title=TITLE, summary=f"{TITLE} und mehr")
    _work()
    documents = [feeds.document("all", form).body for form in FORMS]
    assert (len(receiver.requests), len(mail_sink.mails)) == (1, 1)
    assert all(TITLE.encode() in _plain(body) for body in documents)
    out = run("posts", "withdraw", str(post.id), "--reason", "unlawful", "--yes").output
    assert "newsletter" in out
    config.use(config.settings().model_copy(update={"broker_url": ""}))
    _work()
    later(600)
    _work()
    assert (len(receiver.requests), len(mail_sink.mails)) == (2, 2)
    told = [out, run("posts", "show", str(post.id)).output, run("posts", "list", "--json").output]
    told += [receiver.requests[1].body.decode(), str(mail_sink.mails[1].message.get_body())]
    told += [_plain(feeds.document("all", form).body).decode() for form in FORMS]
    assert [text for text in told if "nerhört" in text or "nerh=C3" in text or "nerh\\u00f6rt" in text] == []
    assert str(mail_sink.mails[1].message["Subject"]).count("nerh") == 0


def test_why_it_was_taken_back_is_kept_and_shown(run: Callable[..., Result]) -> None:
    post = publish(title=TITLE)
    said = "Die Überschrift beleidigt Frau M. (§ 185 StGB)."
    run("posts", "withdraw", str(post.id), "--reason", "wrong", "--statement", "Falscher Tag.", "--yes")
    shown = json.loads(run("posts", "show", str(post.id), "--json").output)["post"]
    assert [shown[f"withdrawn_{name}"] for name in ("reason", "statement", "by")] == [
        "wrong",
        "Falscher Tag.",
        "command line",
    ]  # fmt: skip -- one under the other
    run("posts", "withdraw", str(post.id), "--reason", "asked", "--statement", "Anders.", "--yes")
    assert "Falscher Tag." in run("posts", "show", str(post.id)).output, "the first time counts"
    run("posts", "withdraw", str(post.id), "--reason", "unlawful", "--statement", said, "--yes")
    out = run("posts", "show", str(post.id)).output
    assert "unlawful" in out
    assert "§ 185 StGB" in out
    assert "Falscher Tag." not in out
    long = run(
        "posts", "withdraw", str(post.id), "--reason", "wrong", "--statement", "x" * 2001, "--yes", code=1
    )
    assert "longer than 2000" in long.output


def test_with_its_ground_the_owners_are_told_and_no_reader_is(
    run: Callable[..., Result], mail_sink: MailSink
) -> None:
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    post = publish(title=TITLE)
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa")
    _work()
    withdraw = ("posts", "withdraw", str(post.id), "--reason", "unlawful", "--ground", "§ 130 StGB", "--yes")
    assert "statement" in run(*withdraw, code=1).output
    run(*withdraw, "--statement", "Der Text ruft zur Gewalt auf.")
    assert "already" in run(*withdraw, "--statement", "Noch einmal.", code=1).output
    config.use(config.settings().model_copy(update={"broker_url": ""}))
    _work()
    later(600)
    _work()
    assert [str(one.message["To"]) for one in mail_sink.mails] == ["anna@example.org", "rosa@cafe.example"]
    shown = json.loads(run("posts", "show", str(post.id), "--json").output)["post"]
    assert shown["withdrawn_by"].startswith("command ")
    wrong = run("posts", "withdraw", str(post.id), "--reason", "asked", "--ground", "x", "--yes", code=1)
    assert "why" in wrong.output


def test_what_is_only_wrong_keeps_its_words(run: Callable[..., Result]) -> None:
    post = publish(title=TITLE)
    assert TITLE in run("posts", "withdraw", str(post.id), "--reason", "wrong", "--yes").output
    assert TITLE in run("posts", "list", "--state", "withdrawn").output


def _work() -> None:
    fan_out()
    for queue in ("push", "mail", "feeds"):
        drain.drain(queue)
    feeds.sweep()


def _plain(body: bytes) -> bytes:
    """A document with folded lines of iCalendar joined, and JSON's escapes read."""
    joined = body.replace(b"\r\n ", b"")
    return json.dumps(json.loads(joined), ensure_ascii=False).encode() if joined[:1] == b"{" else joined
