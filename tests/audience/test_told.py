"""Nobody is told twice, and everybody is told what corrects what they heard: by a mail of its own or by an edition."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from syndication import clock, config, insight
from syndication.audience import editions, readers
from syndication.content.interest import Interest
from syndication.delivery import drain, fanout
from syndication.infra import db, logs, rendering
from syndication.kinds.reading import draft
from syndication.models import Change, Edition, EditionPost
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from tests import factories
from tests.audience.test_readers import letters
from tests.test_lifecycle import at_the_slot, digest_reader, everything, reader, subjects
from tests.town import deliveries, fan_out, later, publish, sign_up

DAY = 86_400


def choose(cadence: str, email: str = "anna@example.org", **chosen: Any) -> None:
    """A reader chooses another rhythm."""
    wanted = {"interest": Interest(), "language": "de", **chosen}
    readers.update_preferences(readers.token_for(email), cadence=cadence, **wanted)


def a_day_later() -> None:
    """Every slot has come once more."""
    later(DAY)
    editions.sweep()
    drain.drain("mail")


def cancel(post: posts.PostRecord) -> None:
    posts.revise(post.merchant_id, post.id, factories.event("Konzert", days=31, status="cancelled"))
    fan_out()


def test_from_instant_to_daily_nothing_is_told_twice(city: config.Settings, mail_sink: MailSink) -> None:
    reader()
    later(5)
    publish(title="Konzert", days=30)
    everything()
    later(3600)
    choose("daily 07:00")
    publish("museum", title="Lesung", days=30)
    everything()
    a_day_later()
    assert subjects(mail_sink) == ["Konzert", "Lesung"]


def test_who_leaves_hearing_at_once_in_the_middle_of_a_fan_out_is_told_once(
    city: config.Settings, mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "_PEOPLE", 1)
    for name in ("anna", "berta", "clara"):
        reader(f"{name}@example.org")
    publish(title="Konzert", days=30)
    with db.reading() as session:
        change_id = session.scalars(select(Change.id)).one()
    monkeypatch.setattr(fanout, "_SECONDS", 0.0)
    assert not fanout.fan_out(change_id), "anna has it, berta and clara do not yet"
    later(60)
    for name in ("anna", "berta"):
        choose("daily 07:00", f"{name}@example.org")
    monkeypatch.setattr(fanout, "_SECONDS", 20.0)
    everything()
    a_day_later()
    assert sorted(mail.recipient for mail in mail_sink.mails) == [
        "anna@example.org",
        "berta@example.org",
        "clara@example.org",
    ]


def test_to_instant_and_back_before_the_last_edition_loses_nothing(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader()
    publish(title="Konzert", days=30)
    fan_out()
    choose("instantly")
    later(5)
    publish("museum", title="Lesung", days=30)
    everything()
    choose("daily 07:00")
    a_day_later()
    assert sorted(subjects(mail_sink)) == ["Konzert", "Lesung"]


def test_from_digest_to_instant_corrections_are_told_at_once(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader()
    post = publish(title="Konzert", days=30)
    fan_out()
    at_the_slot()
    choose("instantly")
    editions.sweep()
    later(100)
    cancel(post)
    drain.drain("mail")
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]
    posts.withdraw(post.merchant_id, post.id)
    everything()
    a_day_later()
    assert subjects(mail_sink)[2:] == ["Zurückgezogen: Konzert"]


def test_who_hears_by_slots_is_corrected_by_the_next_slot_alone(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader()
    post = publish(title="Konzert", days=30)
    fan_out()
    at_the_slot()
    later(100)
    cancel(post)
    drain.drain("mail")
    assert subjects(mail_sink) == ["Konzert"]
    a_day_later()
    a_day_later()
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]


def test_from_instant_to_daily_a_correction_comes_once(city: config.Settings, mail_sink: MailSink) -> None:
    reader()
    post = publish(title="Konzert", days=30)
    everything()
    later(60)
    choose("daily 07:00")
    cancel(post)
    drain.drain("mail")
    a_day_later()
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]


@pytest.mark.parametrize("first", ["fan-out", "edition"])
def test_a_switch_beside_a_correction_tells_it_once(
    city: config.Settings, mail_sink: MailSink, first: str
) -> None:
    digest_reader()
    post = publish(title="Konzert", days=30)
    fan_out()
    at_the_slot()
    later(60)
    cancel(post)
    with db.transaction() as session:  # as if it had joined, and went on after the switch
        session.execute(update(Change).where(Change.action == "revised").values(fanned_at=None))
    later(1)
    choose("instantly")
    if first == "edition":
        editions.sweep()
    fan_out()
    editions.sweep()
    drain.drain("mail")
    a_day_later()
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]


def test_nobody_gets_the_correction_of_what_they_never_heard(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader("old@example.org")
    post = publish(title="Konzert", days=30)
    fan_out()
    at_the_slot()
    digest_reader("new@example.org", covered_until=clock.now())
    later(60)
    cancel(post)
    a_day_later()
    told = [(mail.recipient, str(mail.message["Subject"])) for mail in mail_sink.mails]
    assert told == [("old@example.org", "Konzert"), ("old@example.org", "Abgesagt: Konzert")]


def test_readers_who_were_told_different_things_get_different_corrections(
    city: config.Settings, mail_sink: MailSink
) -> None:
    """One heard each price; to the other nothing has changed since the first."""
    digest_reader("first@example.org")
    reader("at-once@example.org")
    post = publish(title="Konzert", days=30, price="8.00")
    fan_out()
    at_the_slot()
    starts = post.content.starts_at
    assert starts is not None
    for price in ("9.00", "8.00"):
        same = {"kind": "event", "title": "Konzert", "starts_at": starts.isoformat()}
        posts.revise(post.merchant_id, post.id, draft({**same, "price": price}))
        fan_out()
        drain.drain("mail")
    a_day_later()
    told = [mail.recipient for mail in mail_sink.mails]
    assert sorted(told) == ["at-once@example.org"] * 3 + ["first@example.org"]


def test_what_a_digest_told_as_its_newest_is_not_told_again(
    city: config.Settings, mail_sink: MailSink
) -> None:
    """Revised after the slot and before the edition was composed."""
    digest_reader()
    post = publish(title="Konzert", days=30)
    fan_out()
    later(3700)
    cancel(post)
    editions.sweep()
    drain.drain("mail")
    a_day_later()
    assert len(mail_sink.mails) == 1


def test_who_comes_back_is_not_told_again(city: config.Settings, mail_sink: MailSink) -> None:
    reader()
    publish(title="Konzert", days=30)
    everything()
    readers.leave(readers.token_for("anna@example.org"))
    later(3600)
    sign_up("anna@example.org", cadence="weekly thu 07:00")
    readers.confirm(letters()[-1]["token"])
    drain.drain("mail")
    later(8 * DAY)
    editions.sweep()
    drain.drain("mail")
    assert subjects(mail_sink).count("Konzert") == 1


def test_who_was_told_by_an_edition_is_remembered_as_long_as_the_post_lives(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader()
    post = publish(title="Konzert", days=300)
    fan_out()
    at_the_slot()
    insight.fold()
    later(200 * DAY)
    insight.prune()
    assert [row.state for row in deliveries("newsletter")] == ["sent"]
    choose("instantly")
    editions.sweep()
    cancel(post)
    drain.drain("mail")
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]


def test_the_journey_counts_the_readers_of_an_edition(city: config.Settings, mail_sink: MailSink) -> None:
    for number in range(3):
        digest_reader(f"r{number}@example.org")
    one, other = publish(title="Konzert", days=30), publish("museum", title="Lesung", days=30)
    fan_out()
    at_the_slot()
    for post in (one, other):
        (count,) = insight.journey(post.id).readers
        assert (count.state, count.count) == ("sent", 3)
    with db.reading() as session:
        assert len(session.scalars(select(EditionPost)).all()) == 2
        assert session.scalars(select(Edition.composed_at)).one() <= clock.now()


def test_broken_audiences_do_not_starve_the_others(
    city: config.Settings, mail_sink: MailSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "templates" / "newsletter" / "edition"
    broken.mkdir(parents=True)
    (broken / "body.txt").write_text('{% if language == "en" %}{{ nothing.here }}{% endif %}{{ city.name }}')
    monkeypatch.setattr(rendering, "_TEMPLATES", [tmp_path / "templates", *rendering._TEMPLATES])
    rendering._environment.cache_clear()
    logs.configure("CRITICAL")
    for number in range(6):
        interest = Interest(topics=("wein", f"t{number}"))
        digest_reader(f"en{number}@example.org", language="en", interest=interest)
    digest_reader("de@example.org", interest=Interest(topics=("wein", "zz")))
    publish(title="Weinabend", topics=["wein"], days=30)
    fan_out()
    later(3700)
    for _ in range(3):
        editions.sweep(most=5)
    drain.drain("mail")
    monkeypatch.undo()
    rendering._environment.cache_clear()
    assert [mail.recipient for mail in mail_sink.mails] == ["de@example.org"]
    for _ in range(2):
        editions.sweep(most=5)
    drain.drain("mail")
    assert len(mail_sink.mails) == 7, "once it is mended nobody has lost anything"


def test_moments_of_editions_are_the_databases(
    city: config.Settings, mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is a day ahead leaves nothing out as over."""
    digest_reader()
    publish(title="Konzert", days=0.5)
    fan_out()
    later(3700)
    now = clock.now()
    monkeypatch.setattr(db, "now", lambda session: now)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=1))
    editions.sweep()
    with db.reading() as session:
        assert session.scalars(select(Edition.composed_at)).one() == now
    assert [row.state for row in deliveries("newsletter")] == ["waiting"]
