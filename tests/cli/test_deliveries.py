"""Operators see of each delivery what it tells, where it stands and when it is tried next, on any width."""

import io
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from syndication import config
from syndication.cli import app, screen
from syndication.content.base import new_id
from syndication.delivery import drain
from syndication.infra import db
from syndication.insight.short_ids import short
from syndication.models import Delivery, Destination
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.town import deliveries, fan_out, hook, publish

TITLE = "Weinabend im Rosengarten mit Musik aus der Region und vielen Gästen"


class Terminal(io.StringIO):
    """What a window of a given width shows."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_a_terminal(city: config.Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command in a window so many characters wide, and returns what stands there."""

    def run(width: int, *arguments: str) -> str:
        config.use(
            city.model_copy(update={"database_url": db.engine().url.render_as_string(hide_password=False)})
        )
        window = Terminal()
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys, "stdout", window)
        app(arguments, standalone_mode=False)
        monkeypatch.undo()
        return re.sub(r"\x1b\[[0-9;]*m", "", window.getvalue())

    return run


def run(*arguments: str) -> str:
    url = db.engine().url.render_as_string(hide_password=False)
    config.use(config.settings().model_copy(update={"database_url": url}))
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    db.connect(url)
    return result.output


@pytest.fixture
def refused(city: config.Settings, receiver: Receiver) -> Delivery:
    """A delivery that waits for its second try."""
    hook(receiver, name="Stadtportal")
    receiver.answer = lambda _: Reply(503)
    publish(title=TITLE)
    fan_out()
    drain.drain("push")
    return deliveries()[0]


def local(moment: datetime, cfg: config.Settings) -> str:
    return f"{moment.astimezone(cfg.zone):%Y-%m-%d %H:%M:%S}"


def test_a_listing_tells_post_outlet_state_reason_and_the_next_try(
    refused: Delivery, city: config.Settings
) -> None:
    shown = " ".join(run("deliveries", "--channel", "webhook").split())
    for part in ("Stadtportal (webhook)", "waiting", local(refused.due_at, city), "Weinabend"):
        assert part in shown
    row = json.loads(run("deliveries", "--channel", "webhook", "--json"))[0]
    assert (row["title"], row["closed"]) == (TITLE, False)
    assert datetime.fromisoformat(row["next_try_at"]) == refused.due_at


def test_what_waits_at_an_outlet_that_is_paused_is_tried_when_somebody_resumes_it(refused: Delivery) -> None:
    with db.transaction() as session:
        session.get_one(Destination, refused.destination_id).state = "paused"
    assert "when resumed" in run("deliveries", "--channel", "webhook")
    row = json.loads(run("deliveries", "--channel", "webhook", "--json"))[0]
    assert (row["next_try_at"], row["closed"]) == (None, True)


def test_an_outlet_that_is_held_is_tried_when_it_opens(refused: Delivery, city: config.Settings) -> None:
    opens = datetime(2031, 5, 1, 10, tzinfo=UTC)
    with db.transaction() as session:
        session.get_one(Destination, refused.destination_id).held_until = opens
    assert local(opens, city) in run("deliveries", "--channel", "webhook")


@pytest.mark.parametrize("width", [40, 80])
def test_nothing_is_broken_in_a_narrow_window(
    refused: Delivery, city: config.Settings, on_a_terminal: Callable[..., str], width: int
) -> None:
    said = on_a_terminal(width, "deliveries", "--channel", "webhook")
    assert max(map(len, said.splitlines())) <= width
    assert local(refused.due_at, city) in said
    assert re.search(rf"\b{refused.id}\b", said)
    joined = re.sub(r"\s+", "", said)
    assert TITLE.replace(" ", "") in joined
    assert "Stadtportal" in said


def test_a_wide_window_has_a_line_of_headings(refused: Delivery, on_a_terminal: Callable[..., str]) -> None:
    said = on_a_terminal(140, "deliveries", "--channel", "webhook").splitlines()
    assert said[0].split() == ["id", "made", "post", "outlet", "state", "tries", "next", "try", "reason"]
    assert max(map(len, said)) <= 140


def test_an_outlet_that_a_terminal_shows_by_the_end_of_its_id_is_found_by_it(
    refused: Delivery, on_a_terminal: Callable[..., str]
) -> None:
    end = short(deliveries()[0].destination_id or new_id())
    assert end in on_a_terminal(80, "destinations", "--channel", "webhook")
    assert "Stadtportal" in run("destinations", "show", end)
    assert "Stadtportal" in run("deliveries", "--destination", end)
    assert "Paused" in run("destinations", "pause", end)
    assert str(refused.destination_id) in run("destinations"), "a pipe gets the whole id"


def test_letters_and_editions_say_what_they_are(city: config.Settings) -> None:
    with db.transaction() as session:
        factories.reader(session, cadence="instantly")
    publish(title="Weinabend")
    fan_out()
    assert "reader" in run("deliveries", "--channel", "newsletter")
    assert "Weinabend" in run("deliveries", "--channel", "newsletter")


def test_a_table_keeps_ids_and_moments_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, at = new_id(), datetime(2026, 11, 26, 9, tzinfo=UTC)
    screen.table(("id", "at", "what"), [(one, at, "x" * 400)], zone=ZoneInfo("Europe/Berlin"))
    said = capsys.readouterr().out
    assert str(one) in said
    assert "2026-11-26 10:00:00" in said


def test_failures_are_shown_by_cause_with_whose_move_it_is(refused: Delivery) -> None:
    shown = " ".join(run("deliveries", "causes").split())
    for part in ("Stadtportal (webhook)", "the city", "goes on by itself", "503"):
        assert part in shown
    (row,) = json.loads(run("deliveries", "causes", "--json", "--since", "2d"))
    assert (row["count"], row["move"], row["state"]) == (1, "itself", "waiting")
    assert "Nothing fails" in run("deliveries", "causes", "--merchant", "cafe")
