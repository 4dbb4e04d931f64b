"""Commands that show queues and dead letters."""

from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import Limit
from syndication.cli.process import start
from syndication.cli.screen import Json


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(queues)
    app.command("dead-letters")(dead_letters)


def queues(json: Json = False) -> None:
    """How long each queue is, and how old its oldest entry."""
    from syndication import insight

    cfg = start()
    rows, beats = insight.queues(), insight.heartbeats()
    if json:
        screen.as_json({"queues": rows, "seen": beats})
        return
    screen.table(
        ("queue", "due", "oldest", "later", "held", "sending"),
        [(row.queue, row.due, screen.age(row.oldest), row.later, row.held, row.sending) for row in rows],
        zone=cfg.zone,
    )
    screen.table(
        ("part", "last seen"),
        [(beat.name, f"{screen.age(beat.age)} ago") for beat in beats],
        zone=cfg.zone,
        none="No worker and no beat was ever seen here. Start them with `syndication up`.",
    )


def dead_letters(
    letter: Annotated[int | None, typer.Argument(help="Show the whole message with this number.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Messages from the queue that could not become a post, and deliveries that were given up, with the reason."""
    from syndication import insight

    cfg = start()
    if letter is not None:
        found = insight.message(letter)
        screen.as_json(found) if json else screen.sheet(found.__dict__, zone=cfg.zone)
        return
    messages, deliveries = insight.messages(limit=limit), insight.troubled(limit=limit)
    if json:
        screen.as_json({"messages": messages, "deliveries": deliveries})
        return
    screen.table(
        ("message", "since", "from", "reason"),
        [(row.id, row.created_at, row.source, row.reason) for row in messages],
        zone=cfg.zone,
        none="No message was refused.",
    )
    screen.table(
        ("delivery", "since", "state", "to", "reason"),
        [
            (row.id, row.created_at, row.state, row.destination or row.channel, row.reason)
            for row in deliveries
        ],
        zone=cfg.zone,
        none="No delivery was given up.",
    )
