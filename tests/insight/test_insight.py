"""What operators count: from the tables alone, each attempt once, however often it is folded, pruned or looked at."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from syndication import clock, config, insight
from syndication.audience import editions, mailings, signups
from syndication.content.interest import Interest
from syndication.delivery import drain
from syndication.infra import db
from syndication.models import Attempt, Delivery
from syndication.ops import doctor
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.audience.test_mailings import daily, until
from tests.town import fan_out, hook, later, publish


def figures() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of /metrics."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(insight.exposition().decode())
        for sample in family.samples
    }


def fold() -> None:
    """Count what has settled: a look, and a second one when no transaction can be open any more."""
    insight.fold()
    later(20)
    insight.fold()


def counted(channel: str, outcome: str) -> float:
    return figures().get(("syndication_attempts_total", (("channel", channel), ("outcome", outcome))), 0.0)


def test_every_try_is_counted_once(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    receiver.answer = lambda _: Reply(500)
    publish(days=30)
    fan_out()
    drain.drain("push")
    later(20)
    receiver.answer = lambda _: Reply()
    drain.drain("push")
    fold()
    assert counted("webhook", "later") == 1
    assert counted("webhook", "sent") == 1
    fold()
    assert counted("webhook", "sent") == 1


def test_histograms_add_up(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    for number in range(3):
        publish(f"m{number}")
    fan_out()
    drain.drain("push")
    fold()
    found = figures()
    for name in ("syndication_attempt_seconds", "syndication_arrival_seconds"):
        buckets = sorted(
            (float(dict(labels)["le"]), value)
            for (sample, labels), value in found.items()
            if sample == f"{name}_bucket" and dict(labels)["channel"] == "webhook"
        )
        values = [value for _, value in buckets]
        assert values == sorted(values), "cumulative"
        assert values[-1] == found[f"{name}_count", (("channel", "webhook"),)] == 3


def test_a_queue_tells_its_length_and_age(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish(days=30)
    later(30)
    assert insight.queues()[0].queue == "fanout"
    assert insight.queues()[0].due == 1
    assert 29 <= insight.queues()[0].oldest <= 32
    fan_out()
    push = next(row for row in insight.queues() if row.queue == "push")
    assert (push.due, push.sending) == (1, 0)
    found = figures()
    assert found["syndication_queue_length", (("queue", "push"), ("state", "due"))] == 1


def test_sign_ups_that_nobody_answers_are_a_queue_with_an_age(city: config.Settings) -> None:
    signups.ask(
        signups.checked(
            "anna@example.org",
            language="de",
            interest=Interest(),
            cadence="instantly",
            source="form",
            wording="Ja",
        )
    )
    later(400)
    waiting = next(row for row in insight.queues() if row.queue == "housekeeping")
    assert (waiting.due, waiting.oldest >= 400) == (1, True)
    assert figures()["syndication_queue_age_seconds", (("queue", "housekeeping"),)] >= 400
    signups.sweep()
    assert next(row for row in insight.queues() if row.queue == "housekeeping").due == 0


def test_a_paused_outlets_deliveries_are_held_and_raise_no_alarm(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver, state="paused")
    publish(days=30)
    fan_out()
    later(600)
    push = next(row for row in insight.queues() if row.queue == "push")
    assert (push.due, push.held, push.oldest) == (0, 1, 0.0)


def test_a_newsletter_that_the_town_hall_holds_is_held_and_the_doctor_recalls_it(
    city: config.Settings,
) -> None:
    slot = daily("a@example.org", "b@example.org")
    publish(title="Weinabend")
    fan_out()
    until(slot)
    editions.sweep()
    mailings.hold(slot, "Berta Boss")
    later(700)
    mail = next(row for row in insight.queues() if row.queue == "mail")
    assert (mail.due, mail.held, mail.oldest, mail.ready) == (0, 2, 0.0, 0.0)
    found = [one for one in doctor.look(city, parts=("queues",)) if "is held by Berta Boss" in one.said]
    assert [(one.verdict, "syndication editions release" in one.advice) for one in found] == [("warn", True)]
    mailings.release(slot, "Berta Boss")
    mail = next(row for row in insight.queues() if row.queue == "mail")
    assert (mail.due, mail.held, mail.oldest >= 700) == (2, 0, True)


def test_what_is_old_is_forgotten_and_stays_counted(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    for slug in ("old", "newer"):
        publish(slug, days=1)
    fan_out()
    for queue in ("push", "feeds"):
        drain.drain(queue)
    fold()
    clock.travel(timedelta(days=city.keep_deliveries + 5))
    insight.prune()
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0
    assert counted("webhook", "sent") == 2


def test_what_waits_is_never_forgotten(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver, state="paused")
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    from syndication.publishing import posts

    posts.create(merchant_id, factories.offer(days=None))
    fan_out()
    clock.travel(timedelta(days=city.keep_deliveries + 1))
    insight.prune()
    with db.reading() as session:
        assert session.scalars(select(Delivery.state).where(Delivery.channel == "webhook")).all() == [
            "waiting"
        ]
