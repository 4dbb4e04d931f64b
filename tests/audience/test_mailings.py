"""What the town hall decides about a newsletter: nothing of it goes while it is held, and whoever released it doubles nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from syndication import clock, config
from syndication.audience import editions, mailings
from syndication.content.cadence import Cadence
from syndication.delivery import drain
from syndication.errors import Conflict, Invalid
from syndication.infra import db
from syndication.models import Mailing, Reader
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from tests import factories
from tests.town import deliveries, fan_out, later, publish, states

BY = "Berta Boss <boss@coburg.example>"
DAY = 24 * 3600


def daily(*addresses: str, language: str = "de") -> datetime:
    """Readers whose next slot is tomorrow at seven, to the second; the slot."""
    slot = _tomorrow()
    with db.transaction() as session:
        for address in addresses:
            factories.reader(
                session, address, cadence="daily 07:00", language=language, next_slot_at=slot,
                covered_until=slot - timedelta(days=1),
            )  # fmt: skip
    return slot


def _tomorrow() -> datetime:
    from syndication.config import settings
    from syndication.content.cadence import next_slot

    found = next_slot(Cadence.parse("daily 07:00"), clock.now(), settings().zone)
    assert found is not None
    return found


def until(moment: datetime) -> None:
    later((moment - clock.now()).total_seconds() + 5)


def go() -> None:
    """One round of what beat wakes."""
    editions.sweep()
    drain.drain("mail")


def test_what_is_held_waits_and_goes_once_when_it_is_released(
    city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily("a@example.org", "b@example.org")
    publish(title="Weinabend")
    fan_out()
    mailings.hold(slot, BY)
    mailings.hold(slot, BY)
    until(slot)
    go()
    assert (deliveries("newsletter"), mail_sink.mails) == ([], [])
    mailings.release(slot, BY)
    go()
    go()
    assert sorted(mail.recipient for mail in mail_sink.mails) == ["a@example.org", "b@example.org"]


def test_what_is_held_over_the_next_slot_is_told_with_that_and_what_is_over_is_not(
    city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily("a@example.org")
    cafe = publish(title="Noch lange hin", days=30)
    fan_out()
    later(1)
    posts.create(cafe.merchant_id, factories.event("Bald vorbei", days=1.2))
    fan_out()
    mailings.introduce(slot, {"de": "Guten Morgen!"})
    mailings.hold(slot, BY)
    until(slot)
    go()
    later(DAY)
    posts.create(cafe.merchant_id, factories.event("Neu dazu", days=30))
    fan_out()
    later(DAY)
    go()
    assert mail_sink.mails == []
    mailings.release(slot, BY)
    go()
    go()
    (mail,) = mail_sink.mails
    assert "Guten Morgen!" in mail.text
    assert "Noch lange hin" in mail.text
    assert "Neu dazu" in mail.text
    assert "Bald vorbei" not in mail.text


def test_a_released_one_does_not_bring_what_another_held_one_tells(
    city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily("a@example.org")
    cafe = publish(title="Erster", days=30)
    fan_out()
    mailings.hold(slot, BY)
    mailings.hold(slot + timedelta(days=1), BY)
    until(slot)
    posts.create(cafe.merchant_id, factories.event("Zweiter", days=30))
    fan_out()
    later(DAY)
    mailings.release(slot, BY)
    go()
    (mail,) = mail_sink.mails
    assert "Erster" in mail.text
    assert "Zweiter" not in mail.text
    mailings.release(slot + timedelta(days=1), BY)
    go()
    assert len(mail_sink.mails) == 2
    assert "Erster" not in mail_sink.mails[1].text


def test_paused_half_way_nothing_more_goes_and_going_on_tells_each_once(
    city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily(*(f"r{number}@example.org" for number in range(9)))
    publish(title="Weinabend")
    fan_out()
    until(slot)
    editions.sweep()
    mailings.hold(slot, BY)
    drain.drain("mail")
    assert states("newsletter") == ["waiting"] * 9
    mailings.release(slot, BY)
    drain.drain("mail")
    drain.drain("mail")
    assert len({mail.recipient for mail in mail_sink.mails}) == len(mail_sink.mails) == 9
    with pytest.raises(Conflict):
        mailings.hold(slot, BY)


def test_while_one_is_held_all_other_mail_goes(city: config.Settings, mail_sink: MailSink) -> None:
    slot = daily("a@example.org")
    publish(title="Weinabend")
    with db.transaction() as session:
        factories.reader(session, "now@example.org")
    mailings.hold(slot, BY)
    fan_out()
    until(slot)
    go()
    assert [mail.recipient for mail in mail_sink.mails] == ["now@example.org"]


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_cancelled_never_goes_and_its_readers_get_the_next(
    begun: bool, city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily("a@example.org")
    cafe = publish(title="Nie gesagt", days=30)
    fan_out()
    if begun:
        until(slot)
        editions.sweep()
    mailings.cancel(slot, BY)
    if not begun:
        until(slot)
    go()
    assert (mail_sink.mails, states("newsletter")) == ([], ["dropped"] if begun else [])
    for decide in (mailings.hold, mailings.release):
        with pytest.raises(Conflict):
            decide(slot, BY)
    posts.create(cafe.merchant_id, factories.event("Am Tag darauf", days=30))
    fan_out()
    later(DAY)
    go()
    (mail,) = mail_sink.mails
    assert "Am Tag darauf" in mail.text
    assert "Nie gesagt" not in mail.text


def test_an_introduction_stands_above_the_mail_escaped_and_in_its_language(
    city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily("a@example.org")
    daily("e@example.org", language="en")
    publish(title="Weinabend")
    fan_out()
    said = "Liebe Leserin,\r\n\r\nheute <b>Markt</b>: https://coburg.example/markt?a=1&b=2"
    mailings.introduce(slot, {"de": said, "en": "Dear reader"})
    until(slot)
    go()
    by = {mail.recipient: mail.message for mail in mail_sink.mails}
    part = by["a@example.org"].get_body(("html",))
    assert part is not None
    html, text = part.get_content(), mail_sink.mails[0].text
    assert "heute &lt;b&gt;Markt&lt;/b&gt;:" in html
    assert 'href="https://coburg.example/markt?a=1&amp;b=2"' in html
    assert "<b>Markt</b>" in " ".join(mail.text for mail in mail_sink.mails), text
    english = by["e@example.org"].get_body(("html",))
    assert english is not None
    assert "Dear reader" in english.get_content()
    assert "Leserin" not in english.get_content()
    with pytest.raises(Conflict):
        mailings.introduce(slot, {"de": "Zu spät"})


def test_an_introduction_stays_above_an_edition_that_was_brought_up_to_date(
    city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily("a@example.org")
    first = publish(title="Weinabend")
    second = posts.create(first.merchant_id, factories.event("Lesung"))
    fan_out()
    mailings.introduce(slot, {"de": "Guten Morgen!"})
    until(slot)
    editions.sweep()
    mailings.hold(slot, BY)
    posts.withdraw(second.merchant_id, second.id)
    fan_out()
    mailings.release(slot, BY)
    drain.drain("mail")
    (mail,) = mail_sink.mails
    assert "Guten Morgen!" in mail.text
    assert "Lesung" not in mail.text


@pytest.mark.enough("sqlite")
def test_an_introduction_that_is_too_long_is_refused(city: config.Settings) -> None:
    with pytest.raises(Invalid) as refused:
        mailings.introduce(datetime(2030, 1, 1, 6, tzinfo=UTC), {"de": "x" * 2001})
    assert refused.value.faults[0].field == "introduction_de"


def test_what_is_foreseen_is_what_is_sent_and_leaves_no_trace(
    city: config.Settings, mail_sink: MailSink
) -> None:
    slot = daily("a@example.org")
    publish(title="Weinabend")
    fan_out()
    mailings.introduce(slot, {"de": "Guten Morgen!"})
    with db.reading() as session:
        interest = session.scalars(select(Reader.interest_id)).one()
    seen = editions.foreseen(slot, Cadence.parse("daily 07:00"), interest, "de")
    assert deliveries("newsletter") == []
    until(slot)
    go()
    with db.reading() as session:
        (kept,) = session.scalars(select(editions.Edition))
        assert seen is not None
        assert kept.parts == seen.parts
    assert len(mail_sink.mails) == 1


def test_a_decision_is_logged_without_who_it_is_about(city: config.Settings) -> None:
    with capture_logs() as said:
        mailings.hold(_tomorrow(), BY)
    assert [one["state"] for one in said if one["event"] == "mailing.decided"] == ["held"]
    with db.reading() as session:
        assert session.scalars(select(Mailing.decided_by)).one() == BY
