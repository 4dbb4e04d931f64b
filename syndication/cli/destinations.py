"""Outlets and their health."""

from typing import Annotated
from uuid import UUID

import typer

from syndication import destinations as outlets
from syndication import insight
from syndication.cli import screen
from syndication.cli.options import uuid
from syndication.cli.process import start
from syndication.cli.screen import Json

Id = Annotated[str, typer.Argument(help="The destination's id.")]
group = typer.Typer(help="Outlets and their health; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="destinations")


@group.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    merchant: Annotated[str | None, typer.Option(help="Only of this merchant.")] = None,
    state: Annotated[str | None, typer.Option(help="active, paused or disabled.")] = None,
    json: Json = False,
) -> None:
    """All destinations with their health."""
    if context.invoked_subcommand:
        return
    cfg = start()
    rows = insight.destinations(merchant=merchant, state=state)
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("id", "channel", "name", "of", "state", "failures", "last sent", "reason"),
        [
            (row.id, row.channel, row.name, row.merchant or "the city", row.state, row.failures, row.last_sent_at, row.reason)
            for row in rows
        ],
        zone=cfg.zone,
    )  # fmt: skip


@group.command()
def show(destination: Id, json: Json = False) -> None:
    """One destination: settings without secrets, health, interest."""
    cfg = start()
    found = outlets.read(_id(destination))
    if json:
        screen.as_json(found)
    else:
        screen.sheet(found.__dict__, zone=cfg.zone)


@group.command()
def pause(destination: Id) -> None:
    """Send nothing there until it is resumed; what comes meanwhile waits."""
    start()
    outlets.pause(_id(destination))
    screen.say("Paused. What comes meanwhile waits.")


@group.command()
def resume(destination: Id) -> None:
    """Send there again, also after it was switched off."""
    start(rings=True)
    outlets.resume(_id(destination))
    screen.say("Resumed. What waits goes out now.")


@group.command("test")
def try_out(destination: Id) -> None:
    """Send a test post there."""
    start(rings=True)
    number = outlets.test(_id(destination))
    screen.say(f"A test is on its way: `syndication delivery {number}` shows what became of it.")


def _id(text: str) -> UUID:
    found = uuid("destination", text)
    assert found is not None
    return found
