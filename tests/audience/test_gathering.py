"""What comes within a short while is one mail to a reader who hears at once: nothing twice, nothing lost, nothing old."""

import pytest
from sqlalchemy import update

from syndication import config
from syndication.audience import editions, readers, tokens
from syndication.content.interest import Interest
from syndication.delivery import drain, fanout
from syndication.infra import db
from syndication.models import Change, Reader
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from tests import factories
from tests.test_lifecycle import everything, reader, subjects
from tests.town import fan_out, later, publish

WINDOW = 120.0


@pytest.fixture(autouse=True)
def _gathering(city: config.Settings) -> None:
    config.use(city.model_copy(update={"instant_window": WINDOW}))


def pass_by(seconds: float = WINDOW + 1) -> None:
    later(seconds)
    editions.sweep()
    drain.drain("mail")


def token(reader_id: int) -> str:
    with db.reading() as session:
        return tokens.own(reader_id, session.get_one(Reader, reader_id).nonce)


def withdraw(post: posts.PostRecord) -> None:
    posts.withdraw(post.merchant_id, post.id)


def test_what_comes_within_the_window_is_one_mail(mail_sink: MailSink) -> None:
    reader()
    for number in range(3):
        publish(f"laden-{number}", title=f"Abend {number}", days=7 + number)
        everything()
        later(30)
    assert subjects(mail_sink) == [], "the first post opened the window"
    pass_by(31)
    assert subjects(mail_sink) == ["Neues aus Coburg: Abend 0, Abend 1, Abend 2"]
    pass_by()
    assert len(mail_sink.mails) == 1


def test_a_single_post_reads_as_a_single_post_and_the_next_opens_a_window_of_its_own(
    mail_sink: MailSink,
) -> None:
    reader()
    for number in range(2):
        publish(f"laden-{number}", title=f"Abend {number}")
        everything()
        pass_by()
    assert subjects(mail_sink) == ["Abend 0", "Abend 1"]


def test_what_is_revised_meanwhile_is_told_as_it_is_then_and_what_is_withdrawn_is_not(
    mail_sink: MailSink,
) -> None:
    reader()
    gone, moved = publish("a", title="Konzert"), publish("b", title="Lesung", days=7)
    everything()
    withdraw(gone)
    posts.revise(moved.merchant_id, moved.id, factories.event("Lesung im Hof", days=9))
    everything()
    pass_by()
    assert subjects(mail_sink) == ["Lesung im Hof"]
    posts.revise(moved.merchant_id, moved.id, factories.event("Lesung im Hof", days=12))
    everything()
    assert subjects(mail_sink) == ["Lesung im Hof", "Geändert: Lesung im Hof"]
    withdraw(moved)
    everything()
    pass_by()
    assert subjects(mail_sink)[2:] == ["Zurückgezogen: Lesung im Hof"]


def test_a_window_in_which_all_was_withdrawn_is_no_mail(mail_sink: MailSink) -> None:
    reader()
    post = publish()
    everything()
    withdraw(post)
    everything()
    pass_by()
    assert subjects(mail_sink) == []


def test_each_reader_gets_what_they_want_and_nothing_else(mail_sink: MailSink) -> None:
    reader("a@example.org", interest=Interest(topics=("musik",)))
    reader("b@example.org")
    reader("c@example.org", interest=Interest(topics=("kunst",)))
    publish("x", title="Konzert", topics=["musik"])
    publish("y", title="Markt")
    everything()
    pass_by()
    told = {mail.recipient[0]: str(mail.message["Subject"]) for mail in mail_sink.mails}
    assert told == {"a": "Konzert", "b": "Neues aus Coburg: Konzert, Markt"}


def test_what_is_over_soon_does_not_wait_for_the_end_of_the_window(mail_sink: MailSink) -> None:
    reader()
    publish("a", title="Fest", days=9)
    everything()
    later(5)
    with db.transaction() as session:
        owner = factories.merchant(session, "b").id
    posts.create(owner, factories.offer("Suppe", days=60 / 86400))
    everything()
    pass_by(31)
    assert subjects(mail_sink) == ["Neues aus Coburg: Suppe, Fest"]


def test_whoever_subscribes_within_the_window_of_others_hears_of_what_comes_then(
    mail_sink: MailSink,
) -> None:
    reader("a@example.org")
    publish("x", title="Vorher")
    everything()
    later(20)
    reader("b@example.org")
    publish("y", title="Nachher")
    everything()
    pass_by()
    pass_by()
    told = {mail.recipient[0]: str(mail.message["Subject"]) for mail in mail_sink.mails}
    assert told == {"a": "Neues aus Coburg: Vorher, Nachher", "b": "Nachher"}


def test_a_change_that_was_told_late_is_told_once(mail_sink: MailSink) -> None:
    """Its worker died: a later post is spread before it."""
    reader()
    publish("x", title="Hängt")
    with db.reading() as session:
        stuck = session.get_one(Change, 1)
    with db.transaction() as session:
        news = fanout._join(session, stuck.id, config.settings())  # joined, and then nothing more
    assert news.change.joined_at is not None
    later(200)
    publish("y", title="Später")
    fanout.fan_out(2)
    pass_by()
    assert subjects(mail_sink) == ["Neues aus Coburg: Hängt, Später"]
    fan_out()
    pass_by()
    assert len(mail_sink.mails) == 1


def test_a_fan_out_that_runs_twice_opens_no_second_window(mail_sink: MailSink) -> None:
    reader()
    publish(title="Abend")
    fan_out()
    with db.transaction() as session:
        session.execute(update(Change).values(fanned_at=None, reached=0))
    pass_by()
    fan_out()
    pass_by()
    assert subjects(mail_sink) == ["Abend"]


def test_a_window_that_was_not_served_in_time_is_served_with_the_next_post(mail_sink: MailSink) -> None:
    reader()
    publish("x", title="Eins", days=7)
    everything()
    later(3600)  # nobody swept
    publish("y", title="Zwei", days=8)
    everything()
    pass_by()
    assert subjects(mail_sink) == ["Neues aus Coburg: Eins, Zwei"]


@pytest.mark.parametrize("cadence", ["daily 07:00", "instantly"])
def test_who_changes_their_rhythm_within_the_window_is_told_once(mail_sink: MailSink, cadence: str) -> None:
    anna = reader()
    publish(title="Abend", days=30)
    everything()
    said = {"interest": Interest(), "language": "de"}
    readers.update_preferences(token(anna), cadence="daily 07:00", **said)  # type: ignore[arg-type]  # plain values
    readers.update_preferences(token(anna), cadence=cadence, **said)  # type: ignore[arg-type]
    everything()
    for _ in range(3):
        pass_by(86400 / 2)
    assert subjects(mail_sink) == ["Abend"]


def test_where_nothing_is_gathered_any_more_what_was_is_still_told(mail_sink: MailSink) -> None:
    reader()
    publish("x", title="Eins")
    everything()
    config.use(config.settings().model_copy(update={"instant_window": 0.0}))
    publish("y", title="Zwei", days=8)
    everything()
    pass_by()
    publish("z", title="Drei")
    everything()
    assert sorted(subjects(mail_sink)) == ["Drei", "Neues aus Coburg: Eins, Zwei"]


def test_a_correction_that_would_wait_comes_with_what_is_gathered(mail_sink: MailSink) -> None:
    reader()
    told = publish("x", title="Konzert", days=30)
    everything()
    pass_by()
    config.use(config.settings().model_copy(update={"correction_pause": 60.0}))
    publish("y", title="Markt")
    everything()
    posts.revise(told.merchant_id, told.id, factories.event("Konzert", days=33))
    everything()
    posts.revise(told.merchant_id, told.id, factories.event("Konzert", days=35))
    everything()
    pass_by()
    pass_by()
    assert subjects(mail_sink) == ["Konzert", "Neues aus Coburg: Geändert: Konzert, Markt"]


def test_a_cancellation_waits_for_no_window(mail_sink: MailSink) -> None:
    reader()
    told = publish("x", title="Konzert", days=30)
    everything()
    pass_by()
    config.use(config.settings().model_copy(update={"correction_pause": 60.0}))
    publish("y", title="Markt")
    everything()
    posts.revise(told.merchant_id, told.id, factories.event("Konzert", days=30, status="cancelled"))
    everything()
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]
    pass_by()
    assert subjects(mail_sink)[2:] == ["Markt"]


def test_who_wants_such_posts_no_more_is_corrected_all_the_same(mail_sink: MailSink) -> None:
    anna = reader()
    told = publish("x", title="Konzert", days=30, topics=["musik"])
    everything()
    pass_by()
    config.use(config.settings().model_copy(update={"correction_pause": 60.0}))
    kunst = Interest(topics=("kunst",))
    readers.update_preferences(token(anna), cadence="instantly", language="de", interest=kunst)
    publish("y", title="Bilder", topics=["kunst"])
    everything()
    posts.revise(told.merchant_id, told.id, factories.event("Konzert", days=33, topics=["musik"]))
    everything()
    pass_by()
    assert sorted(subjects(mail_sink)[1:]) == ["Bilder", "Geändert: Konzert"]
