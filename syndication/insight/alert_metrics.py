"""What the rules for Prometheus need beside the other figures of /metrics (docs/monitoring)."""

import shutil
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import text

from syndication import clock
from syndication.config import settings
from syndication.infra import db
from syndication.insight import alert_facts, alerts, mailings


def metrics() -> Iterator[Metric]:
    """A gauge for each of them."""
    yield _on()
    yield from _tables()
    folder = settings().data_dir
    if folder.is_dir():
        room = GaugeMetricFamily("syndication_disk_free_bytes", "Bytes that are free in the data directory.")
        room.add_metric([], shutil.disk_usage(folder).free)
        yield room


def _on() -> Metric:
    family = GaugeMetricFamily("syndication_alert", "1 while such an alert is on.", labels=["rule", "about"])
    for row in alerts.on():
        family.add_metric([row.rule, row.about], 1)
    return family


def _tables() -> Iterator[Metric]:
    percent = GaugeMetricFamily(
        "syndication_failing_percent",
        "Of a hundred tries of this hour and the one before, how many did not arrive.",
        labels=["channel"],
    )
    silent = GaugeMetricFamily(
        "syndication_source_silent_seconds",
        "Seconds since something came in by a source that was in use.",
        labels=["source"],
    )
    held = GaugeMetricFamily(
        "syndication_edition_held_seconds",
        "Seconds by which a newsletter is held beyond its hour.",
        labels=["slot"],
    )
    took = GaugeMetricFamily("syndication_database_seconds", "Seconds that the database took to answer.")
    with db.reading() as session:
        began = clock.monotonic()
        session.execute(text("SELECT 1"))
        took.add_metric([], clock.monotonic() - began)
        now = db.now(session)
        for share in alert_facts.shares(session):
            if share.tries >= alert_facts.LEAST_TRIES:
                percent.add_metric([share.channel], share.percent)
        for source in alert_facts.SOURCES:
            if (last := alert_facts.silent(session, source)) is not None:
                silent.add_metric([source], (now - last).total_seconds())
    for row in mailings.upcoming():
        if row.state == "held" and row.slot <= now:
            held.add_metric([f"{row.slot:%Y-%m-%dT%H:%MZ}"], (now - row.slot).total_seconds())
    yield from (percent, silent, held, took)
