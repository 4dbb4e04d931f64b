"""Commands about readers: count them, look one up, unsubscribe one."""

from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import Yes
from syndication.cli.process import start
from syndication.cli.screen import Json

Address = Annotated[str, typer.Argument(help="The reader's mail address.")]
group = typer.Typer(help="Readers; without a command, how many there are.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="readers")


@group.callback(invoke_without_command=True)
def counted(context: typer.Context, json: Json = False) -> None:
    """How many readers there are, by state and rhythm; never an address."""
    if context.invoked_subcommand:
        return
    from syndication import insight

    cfg = start()
    rows = insight.readers()
    if json:
        screen.as_json(
            [{"state": state, "cadence": cadence, "count": count} for state, cadence, count in rows]
        )
        return
    screen.table(("state", "rhythm", "readers"), rows, zone=cfg.zone, none="There are no readers yet.")


@group.command()
def show(address: Address, json: Json = False) -> None:
    """One reader with the proof of consent."""
    from syndication import insight

    cfg = start()
    found = insight.reader(address)
    if json:
        screen.as_json(found)
        return
    screen.sheet({name: value for name, value in found.__dict__.items() if name != "consents"}, zone=cfg.zone)
    screen.table(
        ("at", "what", "through", "in which words"),
        [(step.at, step.action, step.source, step.wording) for step in found.consents],
        zone=cfg.zone,
    )


@group.command()
def leave(address: Address) -> None:
    """Unsubscribe a reader who asked you to."""
    from syndication.audience import readers as everybody

    start()
    gone = everybody.leave_by_address(address)
    screen.say("Unsubscribed." if gone else "This address was not on the list.")


@group.command()
def export(address: Address) -> None:
    """Everything that is kept about an address, as JSON, for whoever asks what you know of them (GDPR Art. 15)."""
    from syndication.audience import readers as everybody

    start()
    screen.as_json(everybody.export_by_address(address))


@group.command()
def erase(address: Address, yes: Yes = False) -> None:
    """Delete everything that is kept about an address (GDPR Art. 17), and say what remains elsewhere, and why."""
    from syndication.audience import readers as everybody

    start()
    if not yes:
        typer.confirm(f"Delete all that is kept about {address}? Nobody can bring it back.", abort=True)
    if not everybody.erase_by_address(address):
        screen.say("Nothing is kept about this address.")
        return
    screen.say(
        "Deleted: the reader, the proof of consent, sign-ups, and what was sent and when.\n"
        "What remains: a keyed hash of the address, so that no import brings it back;\n"
        "backups, until you delete them (after a restore, erase again); logs of your mail server;\n"
        "sums over all readers, which name nobody; mails in the reader's own mailbox."
    )
