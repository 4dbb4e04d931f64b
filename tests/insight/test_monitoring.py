"""What docs/monitoring hands to Prometheus and Grafana is made of the list of alerts, and asks for figures that there are."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from syndication import clock, config, insight
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.insight import alert_prometheus, alert_rules
from syndication.models import Alert, AlertChoice, LogLine, Mailing, Tally

FOLDER = Path(__file__).parents[2] / "docs/monitoring"


def test_the_rules_are_those_of_the_list() -> None:
    made = alert_prometheus.rules_file(alert_prometheus.as_they_come())
    assert (FOLDER / "alerts.yml").read_text(encoding="utf-8") == made, (
        "syndication alerts prometheus, on an empty city"
    )
    tested = (FOLDER / "alerts.test.yml").read_text(encoding="utf-8")
    for rule in alert_rules.RULES:
        assert f"alertname: {alert_prometheus.alert_name(rule.name)}\n" in tested, rule.name


@pytest.mark.enough("sqlite")
def test_what_is_switched_off_is_not_in_the_file_and_a_limit_is_the_chosen_one(city: config.Settings) -> None:
    with db.transaction() as session:
        session.add_all(
            [AlertChoice(rule="source.file", on=False), AlertChoice(rule="disk", on=True, limit=10)]
        )
    made = alert_prometheus.rules_file(alert_rules.limits().values())
    assert "SyndicationSourceFile" not in made
    assert "syndication_disk_free_bytes < 10000000000" in made


def test_every_figure_that_rules_and_dashboard_ask_for_is_there(city: config.Settings) -> None:
    began = clock.now() - timedelta(hours=2)
    with db.transaction() as session:
        session.add(
            Alert(
                rule="disk", about="stadtserver", name="stadtserver", began_at=began, found_at=began, on_at=began,
                seen_at=began, said=Reason(),
            )
        )  # fmt: skip
        session.add(Mailing(slot_at=began, state="held", decided_by="Otto", decided_at=began))
        session.add(
            Tally(metric="hourly_failed", channel="mastodon", label=f"{clock.now():%Y-%m-%d %H}", value=15)
        )
        session.add(
            Tally(metric="hourly_sent", channel="mastodon", label=f"{clock.now():%Y-%m-%d %H}", value=5)
        )
        session.add_all(
            LogLine(
                at=began - timedelta(days=days), by="queue", by_name="", way="queue", what="post.created", about="post",
                about_id="1", about_name="", merchant_id=None, details={},
            )
            for days in range(3)
        )  # fmt: skip
    said = insight.exposition().decode()
    there = set(re.findall(r"^# TYPE (\w+) ", said, re.MULTILINE))
    there |= {f"{name}_bucket" for name in there}
    dashboard = (FOLDER / "dashboard.json").read_text(encoding="utf-8")
    wanted = set(
        re.findall(r"syndication_\w+", (FOLDER / "alerts.yml").read_text(encoding="utf-8") + dashboard)
    )
    assert wanted - there == set()
    assert 'syndication_alert{about="stadtserver",rule="disk"} 1.0' in said
    assert 'syndication_failing_percent{channel="mastodon"} 75.0' in said
    assert re.search(r'syndication_edition_held_seconds\{slot="[^"]+"\} 72', said)
    assert re.search(r'syndication_source_silent_seconds\{source="queue"\} 72', said)
    panels = json.loads(dashboard)["panels"]
    assert len({one["id"] for one in panels}) == len(panels) == 10


@pytest.mark.parametrize("command", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml")])
def test_promtool_takes_the_rules(command: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on PATH (Debian: package prometheus), so it did not read docs/monitoring")
    done = subprocess.run([promtool, *command], cwd=FOLDER, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout
