"""The metrics page for Prometheus, computed from the tables at every scrape."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication.config import settings
from syndication.infra import db
from syndication.insight import alert_metrics, tallies
from syndication.insight.health import heartbeats
from syndication.insight.ledger import TROUBLED
from syndication.insight.queues import changes_waiting, queues
from syndication.insight.standing import down
from syndication.models import DeadLetter, Delivery

#: Counted in the table at each scrape: few of all rows, found by the index on states.
_COUNTED = ("waiting", "sending", "failed", "dropped", "unconfirmed")
_NEVER = float("inf")


def exposition() -> bytes:
    """The metrics as text, version 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Tables())
    return generate_latest(registry)


class _Tables(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _queues()
        yield from _outlets()
        with db.reading() as session:
            states = _states(session)
            yield from _deliveries(session, states)
            yield _histogram(session, tallies.ATTEMPT_SECONDS, "Seconds that one attempt of a delivery took.")
            yield _histogram(
                session, tallies.ARRIVAL_SECONDS, "Seconds from publishing, or an edition's slot, to arrival."
            )
            yield _gauge(
                "syndication_changes_waiting",
                "Changes that are not deliveries yet.",
                changes_waiting(session),
            )
            yield _dead(session, states)
        yield from _parts()
        yield from alert_metrics.metrics()

    def describe(self) -> Iterator[Metric]:
        return iter(())  # nothing is read from the database before the first scrape


def _queues() -> Iterator[Metric]:
    length = GaugeMetricFamily(
        "syndication_queue_length", "Deliveries that are not finished.", labels=["queue", "state"]
    )
    age = GaugeMetricFamily(
        "syndication_queue_age_seconds",
        "Seconds since the oldest first became due; also of what its outlet holds up.",
        labels=["queue"],
    )
    ready = GaugeMetricFamily(
        "syndication_queue_ready_age_seconds", "Age of the oldest that could be sent now.", labels=["queue"]
    )
    for row in queues():
        for state in ("due", "later", "held", "sending"):
            length.add_metric([row.queue, state], getattr(row, state))
        age.add_metric([row.queue], row.oldest)
        ready.add_metric([row.queue], row.ready)
    yield length
    yield age
    yield ready


def _outlets() -> Iterator[Metric]:
    count = GaugeMetricFamily(
        "syndication_outlets_down",
        "Outlets that have done nothing but fail for SYNDICATION_OUTAGE_AFTER seconds.",
        labels=["channel", "whose"],
    )
    longest = GaugeMetricFamily(
        "syndication_outlet_down_seconds", "How long the longest of them has.", labels=["channel", "whose"]
    )
    found: dict[tuple[str, str], list[float]] = {}
    for row in down(settings().outage_after):
        found.setdefault((row.channel, "merchant" if row.merchant else "city"), []).append(row.seconds)
    for (channel, whose), seconds in sorted(found.items()):
        count.add_metric([channel, whose], len(seconds))
        longest.add_metric([channel, whose], max(seconds))
    yield count
    yield longest


def _states(session: Session) -> dict[tuple[str, str], int]:
    counts = (
        select(Delivery.channel, Delivery.state, func.count())
        .where(Delivery.state.in_(_COUNTED))
        .group_by(Delivery.channel, Delivery.state)
    )
    return {(channel, state): count for channel, state, count in session.execute(counts)}


def _deliveries(session: Session, states: dict[tuple[str, str], int]) -> Iterator[Metric]:
    attempts = tallies.counters(session)
    gauge = GaugeMetricFamily(
        "syndication_deliveries",
        "Deliveries by state: those now in the table, and as state=sent all that ever arrived.",
        labels=["channel", "state"],
    )
    for channel in sorted({channel for channel, _ in [*states, *attempts]}):
        for state in _COUNTED:
            gauge.add_metric([channel, state], states.get((channel, state), 0))
        gauge.add_metric([channel, "sent"], attempts.get((channel, "sent"), 0.0))
    yield gauge
    counter = CounterMetricFamily(
        "syndication_attempts", "Attempts by outcome.", labels=["channel", "outcome"]
    )
    for (channel, outcome), value in sorted(attempts.items()):
        counter.add_metric([channel, outcome], value)
    yield counter


def _histogram(session: Session, metric: str, words: str) -> Metric:
    family = HistogramMetricFamily(f"syndication_{metric}", words, labels=["channel"])
    for channel, histogram in tallies.histograms(session, metric).items():
        family.add_metric([channel], list(histogram.buckets), histogram.total)
    return family


def _dead(session: Session, states: dict[tuple[str, str], int]) -> Metric:
    family = GaugeMetricFamily(
        "syndication_dead_letters", "What nothing more happens to by itself.", labels=["what"]
    )
    for state in TROUBLED:
        family.add_metric([state], sum(count for (_, found), count in states.items() if found == state))
    family.add_metric(["message"], session.scalar(select(func.count()).select_from(DeadLetter)) or 0)
    return family


def _parts() -> Iterator[Metric]:
    claims = GaugeMetricFamily(
        "syndication_last_claim_seconds",
        "Seconds since a worker last claimed from a queue.",
        labels=["worker"],
    )
    skews = GaugeMetricFamily(
        "syndication_clock_ahead_seconds",
        "How far the clock of a part's machine is ahead of the database's.",
        labels=["part"],
    )
    beat = _NEVER
    for part in heartbeats():
        skews.add_metric([part.name.removeprefix("worker:")], part.ahead)
        if part.name == "beat":
            beat = part.age
        else:
            claims.add_metric([part.name.removeprefix("worker:")], part.age)
    yield claims
    yield skews
    yield _gauge(
        "syndication_last_beat_seconds",
        "Seconds since the last tick of beat; +Inf where it never ticked.",
        beat,
    )


def _gauge(name: str, words: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, words)
    family.add_metric([], value)
    return family
