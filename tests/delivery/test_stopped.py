"""What was withdrawn or revised does not go out from a lane that stands; who was told hears of it, who was not does not."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from syndication import config
from syndication.audience import editions, readers
from syndication.delivery import drain, lane
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.ledger import replay
from syndication.models import Attempt, Delivery, Destination
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.test_lifecycle import at_the_slot, bodies, digest_reader, reader, subjects
from tests.town import deliveries, fan_out, hook, later, publish, states


@pytest.fixture(autouse=True)
def _look_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every send took two seconds: before each it is looked again."""
    monkeypatch.setattr(lane, "_LOOK_AGAIN", 0.0)


def when_the_first_arrives(sink: MailSink, act: Callable[[], None]) -> None:
    """While the first mail is on the wire."""
    done: list[str] = []

    def on(address: str) -> str | None:
        if not done:
            done.append(address)
            act()
        return None

    sink.on_recipient = on


def mails_told(sink: MailSink) -> dict[str, list[str]]:
    """The subjects that each reader got."""
    found: dict[str, list[str]] = {}
    for mail in sink.mails:
        found.setdefault(mail.recipient.split("@")[0], []).append(str(mail.message["Subject"]))
    return found


def work() -> None:
    """Until nothing moves any more: claims, sweeps, waits of a moment."""
    for _ in range(4):
        fan_out()
        for queue in ("push", "mail"):
            drain.drain(queue)
        later(5)


def cancel(post: posts.PostRecord, title: str = "Konzert") -> None:
    posts.revise(post.merchant_id, post.id, factories.event(title, days=31, status="cancelled"))


def move(post: posts.PostRecord) -> None:
    posts.revise(post.merchant_id, post.id, factories.event("Konzert", days=40))


def withdraw(post: posts.PostRecord) -> None:
    posts.withdraw(post.merchant_id, post.id)


NAMES = ("a", "b", "c", "d")


def town_of(*names: str, make: Callable[..., int] = reader) -> None:
    for name in names:
        make(f"{name}@example.org")


@pytest.mark.parametrize("told", [True, False], ids=["fanned out", "not yet fanned out"])
@pytest.mark.parametrize(("act", "word"), [(withdraw, "Zurückgezogen: Konzert"), (move, "Geändert: Konzert")])
def test_a_lane_of_mails_stops_at_a_change(
    city: config.Settings, mail_sink: MailSink, act: Callable[[Any], None], word: str, told: bool
) -> None:
    town_of(*NAMES)
    post = publish(title="Konzert", days=30)
    fan_out()

    def change() -> None:
        act(post)
        if told:
            fan_out()

    when_the_first_arrives(mail_sink, change)
    drain.drain("mail")
    work()
    found = mails_told(mail_sink)
    assert found.pop("a") == ["Konzert", word], "it was on the wire: it is sent, and corrected"
    if act is withdraw:
        assert found == {}, "nobody hears of it, or that it was taken back"
    else:
        assert found == {name: [found["b"][0]] for name in ("b", "c", "d")}
        assert found["b"] == ["Konzert"], "it is no correction to whom nothing was sent"
    assert not [row for row in deliveries("newsletter") if row.state in ("waiting", "sending")]


def test_a_digest_loses_the_withdrawn_post_and_keeps_the_others(
    city: config.Settings, mail_sink: MailSink
) -> None:
    town_of(*NAMES, make=digest_reader)
    post = publish(title="Konzert", days=30)
    publish("museum", title="Lesung", days=30)
    fan_out()
    when_the_first_arrives(mail_sink, lambda: withdraw(post))
    at_the_slot()
    work()
    texts = {}
    for mail in mail_sink.mails:
        part = mail.message.get_body(("plain",))
        assert part is not None
        texts[mail.recipient[0]] = str(part.get_content())
    assert sorted(texts) == list(NAMES)
    assert [name for name in NAMES if "Konzert" in texts[name]] == ["a"]
    assert [name for name in NAMES if "Lesung" in texts[name]] == list(NAMES)
    later(86_400)
    editions.sweep()
    work()
    assert mails_told(mail_sink)["a"][1:] == ["Zurückgezogen: Konzert"]
    assert [len(mails_told(mail_sink)[name]) for name in NAMES] == [2, 1, 1, 1]


def test_a_digest_that_waited_tells_what_is_true_now(city: config.Settings, mail_sink: MailSink) -> None:
    """Of a day without a mail server: one post revised, one withdrawn, one over."""
    digest_reader()
    digest_reader("berta@example.org", language="en")
    revised = publish("cafe", title="Konzert", days=30)
    gone = publish("museum", title="Lesung", days=30)
    publish("club", title="Tanz", days=0.5)
    fan_out()
    later(3700)
    editions.sweep()
    cancel(revised)
    withdraw(gone)
    later(86_400)
    work()
    for mail in mail_sink.mails:
        part = mail.message.get_body(("plain",))
        assert part is not None
        text = str(part.get_content())
        assert "Konzert" in text
        assert "Lesung" not in text
        assert "Tanz" not in text
    editions.sweep()
    work()
    assert {name: len(some) for name, some in mails_told(mail_sink).items()} == {"anna": 1, "berta": 1}


def test_a_digest_of_withdrawn_posts_alone_is_not_sent(city: config.Settings, mail_sink: MailSink) -> None:
    digest_reader()
    post = publish(title="Konzert", days=30)
    fan_out()
    later(3700)
    editions.sweep()
    withdraw(post)
    work()
    assert mail_sink.mails == []
    (row,) = deliveries("newsletter")
    assert (row.state, row.reason) == ("dropped", "The post was withdrawn before this was sent.")


def test_a_correction_after_a_failed_try_is_the_news_itself(
    city: config.Settings, mail_sink: MailSink
) -> None:
    """On the wire when the post was moved, and then refused for now: nobody was told, so nothing is corrected."""
    reader()
    post = publish(title="Konzert", days=30)
    fan_out()
    tried: list[str] = []

    def refuse_once(address: str) -> str | None:
        if tried:
            return None
        tried.append(address)
        move(post)
        fan_out()
        return "451 4.3.0 not now"

    mail_sink.on_recipient = refuse_once
    drain.drain("mail")
    for _ in range(4):
        later(120)
        work()
    assert subjects(mail_sink) == ["Konzert"], "the post, not a correction"


def test_a_mere_wording_reaches_those_who_were_not_told_yet(
    city: config.Settings, mail_sink: MailSink
) -> None:
    town_of(*NAMES)
    post = publish(title="Konzert", days=30)
    fan_out()

    def reword() -> None:
        posts.revise(post.merchant_id, post.id, draft({**_same(post), "summary": "Telefon 12345"}))
        fan_out()

    when_the_first_arrives(mail_sink, reword)
    drain.drain("mail")
    work()
    assert {name: len(some) for name, some in mails_told(mail_sink).items()} == dict.fromkeys(NAMES, 1)
    raw = {mail.recipient[0]: mail.data for mail in mail_sink.mails}
    assert [name for name in NAMES if b"12345" in raw[name]] == ["b", "c", "d"]


def _same(post: posts.PostRecord) -> dict[str, Any]:
    starts = post.content.starts_at
    assert starts is not None
    return {"kind": "event", "title": "Konzert", "starts_at": starts.isoformat()}


# Destinations


def during_the_first(receiver: Receiver, act: Callable[[], None]) -> None:
    done = threading.Event()

    def answer(_: Any) -> Reply:
        if not done.is_set():
            done.set()
            act()
        return Reply()

    receiver.answer = answer


@pytest.mark.parametrize("told", [True, False], ids=["fanned out", "not yet fanned out"])
def test_a_lane_of_webhooks_stops_at_a_change(city: config.Settings, receiver: Receiver, told: bool) -> None:
    hook(receiver)
    publish("museum", title="Lesung", days=30)
    old, gone = publish(title="Konzert", days=30), publish("club", title="Tanz", days=30)
    fan_out()

    def change() -> None:
        posts.revise(old.merchant_id, old.id, factories.event("Konzert neu", days=31))
        withdraw(gone)
        if told:
            fan_out()

    during_the_first(receiver, change)
    drain.drain("push")
    work()
    assert bodies(receiver) == [("post.published", "Lesung"), ("post.revised", "Konzert neu")]
    assert [row.state for row in deliveries() if row.state in ("waiting", "sending")] == []


def test_what_is_on_the_wire_at_a_webhook_is_sent_and_taken_back(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    post = publish(title="Konzert", days=30)
    fan_out()
    during_the_first(receiver, lambda: withdraw(post))
    drain.drain("push")
    work()
    assert [kind for kind, _ in bodies(receiver)] == ["post.published", "post.withdrawn"]


def test_what_was_undone_does_not_stop_what_is_true(city: config.Settings, receiver: Receiver) -> None:
    """Revised and put back while the first was tried: the second is dropped, the first still has to go."""
    hook(receiver)
    post = publish(title="Konzert", days=30)
    fan_out()
    receiver.answer = lambda _: Reply(500)
    drain.drain("push")
    with db.transaction() as session:
        first = session.scalars(select(Delivery).where(Delivery.channel == "webhook")).one()
        first.state = "sending"
    posts.revise(post.merchant_id, post.id, factories.event("Konzert neu", days=31))
    fan_out()
    with db.transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.channel == "webhook", Delivery.id != first.id)
            .values(state="dropped")
        )
        session.execute(update(Delivery).where(Delivery.id == first.id).values(state="waiting"))
    receiver.answer = lambda _: Reply()
    later(20)
    work()
    assert states() == ["sent", "dropped"]


def test_a_withdrawn_post_is_not_sent_again_by_hand(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    receiver.answer = lambda _: Reply(400)
    post = publish(title="Konzert", days=30)
    fan_out()
    drain.drain("push")
    withdraw(post)
    work()
    receiver.requests.clear()
    receiver.answer = lambda _: Reply()
    replay.one(deliveries()[0].id)
    work()
    assert [kind for kind, _ in bodies(receiver) if kind == "post.published"] == []


def test_a_destination_paused_in_the_middle_of_a_lane_waits(
    city: config.Settings, receiver: Receiver
) -> None:
    one = hook(receiver)
    for number in range(4):
        publish(f"m{number}", days=30)
    fan_out()

    def pause(state: str) -> None:
        with db.transaction() as session:
            session.execute(update(Destination).where(Destination.id == one).values(state=state))

    during_the_first(receiver, lambda: pause("paused"))
    drain.drain("push")
    assert len(receiver.requests) == 1
    assert states() == ["sent", "waiting", "waiting", "waiting"]
    pause("active")
    drain.drain("push")
    assert states() == ["sent"] * 4
    assert len(receiver.requests) == 4


# Readers who were erased


@pytest.mark.parametrize("whom", ["b", "d"])
def test_a_reader_erased_in_the_middle_of_a_lane_gets_nothing_and_breaks_nothing(
    city: config.Settings, mail_sink: MailSink, whom: str
) -> None:
    town_of(*NAMES)
    publish(title="Konzert", days=30)
    fan_out()
    when_the_first_arrives(mail_sink, lambda: readers.erase(readers.token_for(f"{whom}@example.org")))
    drain.drain("mail")
    work()
    left = [name for name in NAMES if name != whom]
    assert mails_told(mail_sink) == {name: ["Konzert"] for name in left}
    assert states("newsletter") == ["sent"] * 3
    with db.reading() as session:
        attempts = session.scalars(select(Attempt).join(Delivery).where(Delivery.channel == "newsletter"))
        assert [one.outcome for one in attempts] == ["sent"] * 3


def test_a_reader_erased_while_their_mail_is_on_the_wire_breaks_nothing(
    city: config.Settings, mail_sink: MailSink
) -> None:
    town_of(*NAMES)
    publish(title="Konzert", days=30)
    fan_out()
    when_the_first_arrives(mail_sink, lambda: readers.erase(readers.token_for("a@example.org")))
    drain.drain("mail")
    work()
    assert mails_told(mail_sink) == {name: ["Konzert"] for name in NAMES}
    assert states("newsletter") == ["sent"] * 3
