"""Commands about the newsletter of a slot: what comes next, hold it, release it, cancel it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import Yes
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.content.reason import Reason
from syndication.errors import Invalid

Slot = Annotated[str, typer.Argument(help="Its day and hour on the city's clock, such as 2026-11-27T07:00.")]
group = typer.Typer(help="The newsletter; without a command, what comes next and what went.")
_BY = "command line"


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="editions")


@group.callback(invoke_without_command=True)
def listed(context: typer.Context, json: Json = False) -> None:
    """The newsletters of the next days and the last ones."""
    if context.invoked_subcommand:
        return
    from syndication.insight import mailings as planned

    cfg = start()
    rows = [*planned.upcoming(), *planned.recent()]
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("slot", "state", "readers", "new posts", "decided by"),
        [(row.slot, row.state, row.people, row.posts, row.decided_by) for row in rows],
        zone=cfg.zone,
        none="Nobody waits for a newsletter.",
    )


@group.command()
def hold(slot: Slot) -> None:
    """Let nothing more of it go out until it is released."""
    from syndication.audience import mailings
    from syndication.insight import mailings as planned

    moment = _moment(slot)
    mailings.hold(moment, _BY)
    row = planned.mailing(moment).row
    screen.say(f"Held; {row.people} readers wait for it. It goes out when somebody releases it.")


@group.command()
def release(slot: Slot) -> None:
    """Let it go out, or on."""
    from syndication.audience import mailings

    mailings.release(_moment(slot), _BY)
    screen.say("Released.")


@group.command()
def cancel(slot: Slot, yes: Yes = False) -> None:
    """Let nothing more of it go out, ever; what it tells is not told in the next one."""
    from syndication.audience import mailings

    moment = _moment(slot)
    if not yes:
        typer.confirm("Cancel it? What was cancelled cannot be sent any more.", abort=True)
    mailings.cancel(moment, _BY)
    screen.say("Cancelled.")


def _moment(text: str) -> datetime:
    cfg = start()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid.field("slot", Reason("must be a moment such as {}", "2026-11-27T07:00")) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=cfg.zone)).astimezone(UTC)
