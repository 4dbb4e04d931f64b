"""Corrections to people: many changes within minutes become one message, the last word always comes, and undone ones are none."""

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from syndication import clock, config
from syndication.audience import readers
from syndication.content.post import Draft
from syndication.delivery import drain, record
from syndication.infra import db
from syndication.infra.rate_limits import Buckets
from syndication.kinds.reading import draft
from syndication.models import Change, Delivery
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.conftest import settings_for
from tests.destinations.test_devices import turn_on
from tests.remotes import REMOTES
from tests.test_lifecycle import bodies, reader, subjects
from tests.town import account, deliveries, fan_out, hook, later, publish, states

PAUSE = 120
QUEUES = ("push", "mail")


@pytest.fixture(autouse=True)
def _with_a_pause(city: config.Settings, tmp_path: Path) -> None:
    config.use(
        settings_for(
            tmp_path,
            smtp_port=city.smtp_port,
            http_timeout=10.0,
            retry_schedule=(10, 60),
            lease=5,
            correction_pause=PAUSE,
        )
    )


def work() -> None:
    """What workers and sweeps do at this moment."""
    fan_out()
    record.drop_over()
    for queue in QUEUES:
        drain.drain(queue)


def let_pass(seconds: float) -> None:
    """Time goes by, from one planned moment to the next, with the sweeps at work."""
    while seconds > 0:
        step = min(_until_next(), seconds)
        later(step)
        seconds -= step
        work()


def _until_next() -> float:
    """Seconds until something that these queues hold becomes due or is over; where it is due and yet waits, some seconds."""
    with db.reading() as session:
        here = (Delivery.state == "waiting", Delivery.queue.in_(QUEUES))
        waiting = session.execute(select(Delivery.due_at, Delivery.over_at).where(*here))
        moments = [moment for row in waiting for moment in row if moment is not None]
        if not moments:
            return math.inf
        return max((min(moments) - db.now(session)).total_seconds() + 0.1, 20)


def dated(days: float, **fields: Any) -> Draft:
    return factories.event("Konzert", days=days, **fields)


def priced(post: posts.PostRecord, price: int) -> Draft:
    """The same as at first, at this price."""
    return draft({**post.content.model_dump(), "price": f"{price}.00"})


def told() -> posts.PostRecord:
    """A post that readers have heard of."""
    post = publish(title="Konzert", days=20)
    work()
    return post


def revise(post: posts.PostRecord, draft: Draft) -> None:
    posts.revise(post.merchant_id, post.id, draft)
    work()


def words(sink: MailSink) -> str:
    """The text of the newest mail."""
    part = sink.mails[-1].message.get_body(("plain",))
    return str(part.get_content()) if part else ""


# People


def test_25_revisions_in_a_row_are_one_mail_with_the_last_word(
    mail_sink: MailSink, receiver: Receiver
) -> None:
    hook(receiver)
    reader()
    post = told()
    for number in range(25):
        revise(post, priced(post, number + 1))
    assert len(mail_sink.mails) == 1
    let_pass(600)
    assert len(mail_sink.mails) == 2
    assert "25,00" in words(mail_sink)
    assert len(bodies(receiver)) == 26, "machines are told at once"


def test_a_revision_every_three_minutes_for_an_hour_is_few_mails(mail_sink: MailSink) -> None:
    reader()
    post = told()
    for number in range(20):
        revise(post, priced(post, number + 1))
        let_pass(180)
    let_pass(3 * 3600)
    assert 2 <= len(mail_sink.mails) - 1 <= 6
    assert "20,00" in words(mail_sink), "the last word comes"


def test_a_correction_is_not_pushed_back_by_those_behind_it(mail_sink: MailSink) -> None:
    reader()
    post = told()
    for number in range(7):  # one every 20 s, for longer than the pause
        revise(post, dated(20, price=f"{number + 1}.00"))
        let_pass(20)
    assert len(mail_sink.mails) == 2


def test_what_is_undone_within_the_pause_is_not_told(mail_sink: MailSink) -> None:
    reader()
    post = told()
    before = posts.read(post.id).content
    revise(post, dated(21))
    revise(post, draft(before.model_dump()))
    let_pass(3600)
    assert len(mail_sink.mails) == 1
    assert [row.state for row in deliveries("newsletter")] == ["sent", "dropped"]
    assert deliveries("newsletter")[-1].reason == "It was changed back before anybody was told."


def test_what_is_told_is_the_difference_to_what_was_told_last(mail_sink: MailSink) -> None:
    """A change that matters is not lost behind mere wording that comes after it."""
    reader()
    post = told()
    moved = dated(25)
    revise(post, moved)
    revise(post, moved.model_copy(update={"summary": "Mit Käse"}))
    let_pass(300)
    assert len(mail_sink.mails) == 2
    assert subjects(mail_sink)[-1].startswith("Geändert")


def test_a_withdrawal_goes_at_once_and_nothing_waits_behind_it(mail_sink: MailSink) -> None:
    reader()
    post = told()
    revise(post, dated(21))
    posts.withdraw(post.merchant_id, post.id)
    work()
    assert subjects(mail_sink) == ["Konzert", "Zurückgezogen: Konzert"]
    let_pass(1200)
    assert len(mail_sink.mails) == 2


def test_a_cancellation_goes_at_once_but_25_of_them_are_few_mails(mail_sink: MailSink) -> None:
    reader()
    post = told()
    before = posts.read(post.id).content
    on, off = draft(before.model_dump()), before.model_copy(update={"status": "cancelled"})
    revise(post, draft(off.model_dump()))
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]
    for _ in range(12):
        revise(post, on)
        revise(post, draft(off.model_dump()))
    let_pass(3 * 3600)
    assert len(mail_sink.mails) == 2, "it is cancelled, and that was said"
    revise(post, on)
    let_pass(3 * 3600)
    assert len(mail_sink.mails) == 3, "that it takes place after all is said too"


def test_a_cancellation_does_not_wait_behind_a_change_that_waits(mail_sink: MailSink) -> None:
    reader()
    post = told()
    revise(post, dated(20, price="9.00"))
    revise(post, dated(20, price="9.00", status="cancelled"))
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]
    let_pass(1200)
    assert len(mail_sink.mails) == 2


def test_what_nobody_was_told_yet_is_told_anew_at_once(mail_sink: MailSink) -> None:
    reader()
    post = publish(title="Konzert", days=20)
    fan_out()
    revise(post, factories.event("Großes Konzert", days=21))
    assert subjects(mail_sink) == ["Großes Konzert"]


def test_the_backing_off_ends_before_what_it_is_about(mail_sink: MailSink) -> None:
    """However often it was changed before: that it falls out is told while somebody can still stay at home."""
    reader()
    post = publish(title="Konzert", days=1 / 24)  # in an hour
    work()
    begins = clock.now() + timedelta(hours=1)
    fields = {"kind": "event", "title": "Konzert", "starts_at": begins.isoformat()}
    for number in range(12):
        revise(post, draft({**fields, "price": f"{number + 1}.00"}))
        let_pass(180)
    revise(post, draft({**fields, "price": "1.00", "status": "cancelled"}))
    while clock.now() < begins - timedelta(minutes=1):
        let_pass(60)
    assert subjects(mail_sink)[-1] == "Abgesagt: Konzert"
    assert len(mail_sink.mails) <= 8


def test_a_day_later_a_correction_waits_no_longer_than_the_first_one(mail_sink: MailSink) -> None:
    reader()
    post = told()
    for number in range(4):
        revise(post, dated(20, price=f"{number + 1}.00"))
        let_pass(3600)
    later(25 * 3600)
    count = len(mail_sink.mails)
    revise(post, dated(20, price="99.00"))
    let_pass(PAUSE + 20)
    assert len(mail_sink.mails) == count + 1


def test_a_reader_who_left_meanwhile_hears_nothing(mail_sink: MailSink) -> None:
    reader()
    post = told()
    revise(post, dated(21))
    readers.leave(readers.token_for("anna@example.org"))
    let_pass(600)
    assert len(mail_sink.mails) == 1


def test_readers_who_were_told_different_things_hear_what_is_new_to_each(mail_sink: MailSink) -> None:
    reader("first@example.org")
    late = reader("second@example.org")
    post = publish(title="Konzert", days=20)
    fan_out()
    with db.transaction() as session:  # the mail server asked to come again later for this one
        copy = update(Delivery).where(Delivery.reader_id == late)
        session.execute(copy.values(due_at=clock.now() + timedelta(hours=1)))
    work()
    before = posts.read(post.id).content
    revise(post, dated(21, price="5.00"))
    assert [mail.recipient for mail in mail_sink.mails] == ["first@example.org", "second@example.org"]
    revise(post, draft(before.model_dump()))
    let_pass(600)
    heard = [(mail.recipient, mail.message["Subject"]) for mail in mail_sink.mails]
    assert heard[2:] == [("second@example.org", heard[2][1])], "to the first one nothing is new"


# Once (P6), and never stale (P4)


@pytest.mark.parametrize("pause", [0, PAUSE])
@pytest.mark.parametrize("moment", range(2, 9))
def test_a_claim_between_two_transactions_of_a_fan_out_makes_nobody_hear_it_twice(
    mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch, moment: int, pause: int
) -> None:
    reader()
    config.use(config.settings().model_copy(update={"correction_pause": pause}))
    post = publish(title="Konzert", days=30)
    fan_out()
    posts.revise(post.merchant_id, post.id, factories.event("Konzert", days=31))
    real, seen = db.transaction, [0]

    def claiming() -> Any:
        """The moment before the transaction of that number, a worker claims what is due."""
        if db._open.get() is None:
            seen[0] += 1
            if seen[0] == moment:
                with real() as session:
                    due = (Delivery.state == "waiting", Delivery.due_at <= clock.now())
                    mine = update(Delivery).where(Delivery.reader_id.is_not(None), *due)
                    session.execute(mine.values(state="sending"))
        return real()

    with monkeypatch.context() as between:
        between.setattr(db, "transaction", claiming)
        fan_out()
    with db.transaction() as session:
        session.execute(update(Delivery).where(Delivery.state == "sending").values(state="waiting"))
    let_pass(600)
    assert len(mail_sink.mails) <= 2
    told = [row.change_id for row in deliveries("newsletter") if row.state == "sent"]
    assert len(told) == len(set(told)), "at most once for each revision"
    assert max(row.change_id or 0 for row in deliveries("newsletter")) == max(one or 0 for one in told)


def test_an_old_copy_that_comes_back_from_a_failed_try_is_not_sent_behind_its_correction(
    mail_sink: MailSink,
) -> None:
    reader()
    post = publish(title="Konzert", days=30)
    fan_out()
    with db.transaction() as session:  # on the wire, and then the mail server asks to come again later
        session.execute(update(Delivery).where(Delivery.channel == "newsletter").values(state="sending"))
    posts.revise(post.merchant_id, post.id, factories.event("Konzert", days=31))
    fan_out()
    with db.transaction() as session:
        old = session.scalars(
            select(Delivery).where(Delivery.channel == "newsletter").order_by(Delivery.id)
        ).first()
        assert old is not None
        old.state, old.due_at = "waiting", clock.now() + timedelta(minutes=10)
    let_pass(1200)
    assert len(mail_sink.mails) == 1
    assert [row.state for row in deliveries("newsletter")] == ["dropped", "sent"]


def test_a_fan_out_that_is_repeated_changes_nothing(mail_sink: MailSink) -> None:
    reader()
    post = told()
    posts.revise(post.merchant_id, post.id, dated(21))
    for _ in range(3):
        fan_out()
        with db.transaction() as session:
            session.execute(update(Change).values(fanned_at=None))
        later(50)
    work()
    let_pass(600)
    assert len(mail_sink.mails) == 2


def test_what_is_over_while_a_correction_waits_is_not_told(mail_sink: MailSink) -> None:
    reader()
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    ends = (clock.now() + timedelta(minutes=3)).isoformat()
    fields = {"kind": "offer", "title": "Kaffee", "valid_until": ends}
    post = posts.create(merchant_id, draft(fields))
    work()
    for number in range(3):
        revise(post, draft({**fields, "price": f"{number + 1}.00"}))
        let_pass(60)
    let_pass(3600)
    assert all(mail.at < datetime.fromisoformat(ends).timestamp() + 7200 for mail in mail_sink.mails), (
        "by the machine's clock"
    )
    assert "waiting" not in states("newsletter")


# Devices, and notes beside a post


def test_a_device_shows_the_last_of_25_revisions_once(receiver: Receiver) -> None:
    service: Any = REMOTES["webpush"]()
    receiver.answer = service.answer
    config.use(config.settings().model_copy(update={"push_services": ("127.0.0.1",)}))
    turn_on(receiver)
    post = told()
    pushed = len(receiver.requests)
    for number in range(25):
        revise(post, dated(20, price=f"{number + 1}.00"))
    assert len(receiver.requests) == pushed
    let_pass(600)
    assert len(receiver.requests) == pushed + 1


def test_an_outlet_that_cannot_edit_gets_one_note_for_25_revisions(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One message a second is all that this network takes: seconds pass here as in the rest of the town.
    counts = Buckets(monotonic=lambda: clock.now().timestamp())
    monkeypatch.setattr(drain, "_buckets", lambda: counts)
    remote: Any = REMOTES["mattermost"]()
    receiver.answer = remote.answer
    account("mattermost", receiver)
    post = told()
    for number in range(25):
        revise(post, dated(20, price=f"{number + 1}.00"))
    assert states("mattermost").count("sent") == 1
    let_pass(600)
    assert states("mattermost").count("sent") == 2


def test_an_outlet_that_edits_in_place_is_told_at_once(receiver: Receiver) -> None:
    remote: Any = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    account("mastodon", receiver)
    post = told()
    revise(post, dated(21))
    assert states("mastodon") == ["sent", "sent"]
