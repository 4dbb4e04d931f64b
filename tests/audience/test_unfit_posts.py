"""One post that no mail can be made of: every other post and reader is served, and its merchant is told."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError
from structlog.testing import capture_logs

from syndication import clock, config, insight
from syndication.audience import editions
from syndication.delivery import drain
from syndication.infra import db, rendering
from syndication.infra.reasons import translated_reason
from syndication.ledger import replay
from syndication.models import Delivery
from syndication.stack.mail_sink import MailSink
from tests import factories
from tests.town import deliveries, fan_out, later, publish

#: A template that fails for one title, as a fault of ours would that nobody thought of.
_PICKY = (
    '{% for _, entries in parts %}{% for one in entries %}{{ nothing.here if one.title == "Unmöglich" else one.title }}\n'
    "{% endfor %}{% endfor %}{{ leave }}\n"
)


@pytest.fixture(autouse=True)
def picky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The newsletter's text part comes from a template that cannot write one title."""
    folder = tmp_path / "templates" / "newsletter" / "edition"
    folder.mkdir(parents=True)
    (folder / "body.txt").write_text(_PICKY)
    monkeypatch.setattr(rendering, "_TEMPLATES", [tmp_path / "templates", *rendering._TEMPLATES])
    rendering._environment.cache_clear()
    yield
    monkeypatch.undo()
    rendering._environment.cache_clear()


def readers() -> None:
    soon = (
        (clock.now() + timedelta(hours=1))
        .astimezone(ZoneInfo("Europe/Berlin"))
        .replace(second=0, microsecond=0)
    )
    with db.transaction() as session:
        factories.reader(session, "now@example.org")
        for language in ("de", "en"):
            factories.reader(
                session,
                f"{language}@example.org",
                language=language,
                cadence=f"daily {soon:%H:%M}",
                next_slot_at=soon,
            )


def served() -> list[Any]:
    """Let all workers do what they have to, now and at the slot; returns what they logged."""
    with capture_logs() as logged:
        fan_out()
        drain.drain("mail")
        later(3700)
        editions.sweep()
        drain.drain("mail")
    return logged


def left_out() -> list[Delivery]:
    return [row for row in deliveries("newsletter") if row.destination_id is not None]


def test_the_others_are_told_and_the_merchant_reads_why(city: config.Settings, mail_sink: MailSink) -> None:
    readers()
    publish(title="Weinabend")
    bad = publish("kino", title="Unmöglich")
    publish("museum", title="Führung")
    logged = served()
    assert {(line["event"], line["post"]) for line in logged} == {("edition.left_out", str(bad.id))}
    got: dict[str, list[str]] = {mail.recipient: [] for mail in mail_sink.mails}
    for mail in mail_sink.mails:
        got[mail.recipient].append(str(mail.message["Subject"]))
    assert got["now@example.org"] == ["Weinabend", "Führung"]
    for language in ("de", "en"):
        (subject,) = got[f"{language}@example.org"]
        assert "Weinabend" in subject
        assert "Führung" in subject
        assert "Unmöglich" not in subject
    (stop,) = [one for one in insight.journey(bad.id).destinations if one.channel == "newsletter"]
    assert stop.state == "failed"
    assert stop.reason.startswith("This post could not be put into the newsletter. Please publish it anew")
    assert translated_reason(stop.reason, "de").startswith(
        "Dieser Beitrag ließ sich nicht in den Newsletter setzen."
    )


def test_a_window_with_nothing_else_in_it_is_passed_over(city: config.Settings, mail_sink: MailSink) -> None:
    readers()
    publish(title="Unmöglich")
    served()
    assert mail_sink.mails == []
    assert len(left_out()) == 1, "said once, whatever the languages and rhythms"
    assert editions.sweep() == 0, "nobody stays due"


def test_sending_it_again_says_the_same(city: config.Settings, mail_sink: MailSink) -> None:
    readers()
    publish(title="Unmöglich")
    served()
    (row,) = left_out()
    replay.one(row.id)
    drain.drain("mail")
    (row,) = left_out()
    assert (row.state, row.reason[:50]) == ("failed", "This post could not be put into the newsletter. Pl")
    assert mail_sink.mails == []


def test_a_fault_that_is_no_posts_leaves_all_readers_due(
    city: config.Settings, mail_sink: MailSink, tmp_path: Path
) -> None:
    body = tmp_path / "templates" / "newsletter" / "edition" / "body.txt"
    body.write_text("{{ nothing.here }}")
    rendering._environment.cache_clear()
    readers()
    publish(title="Weinabend")
    with pytest.raises(UndefinedError):
        served()
    with capture_logs():
        later(3700)
        editions.sweep()
    assert left_out() == []
    assert mail_sink.mails == []
    body.write_text(_PICKY)
    rendering._environment.cache_clear()
    fan_out()
    editions.sweep()
    drain.drain("mail")
    assert sorted(mail.recipient for mail in mail_sink.mails) == [
        "de@example.org",
        "en@example.org",
        "now@example.org",
    ]
