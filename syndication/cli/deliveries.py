"""Commands that show deliveries and send them again."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syndication.cli import screen
from syndication.cli.options import (
    ChannelKind,
    Destination,
    DryRun,
    Limit,
    Since,
    State,
    Until,
    Yes,
    destination_id,
    merchant,
    moment,
    states,
)
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.errors import Invalid

if TYPE_CHECKING:
    from datetime import datetime

    from syndication import insight
    from syndication.config import Settings
    from syndication.insight.outlook import Outlook

Owner = Annotated[str | None, typer.Option("--merchant", help="Only to destinations of this merchant.")]


#: Whose move a cause is (`insight.causes.Move`), in words.
_MOVES = {"merchant": "the merchant's", "operator": "the operator's", "itself": "goes on by itself"}
group = typer.Typer(help="What went where; without a command, all of it.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="deliveries")
    app.command()(delivery)
    app.command()(replay)
    app.command()(retry)


@group.callback(invoke_without_command=True)
def deliveries(
    context: typer.Context,
    state: State = None,
    channel: ChannelKind = None,
    destination: Destination = None,
    owner: Owner = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Deliveries, the newest first: of which post, to whom, how each stands and why, and when it is tried next."""
    if context.invoked_subcommand:
        return
    from syndication import insight
    from syndication.insight.outlook import outlooks

    cfg = start()
    filters = insight.Filters(
        states=states(state),
        channel=channel,
        destination_id=destination_id(destination),
        merchant=owner,
        since=moment("--since", since, cfg.zone),
        until=moment("--until", until, cfg.zone),
    )
    rows = insight.deliveries(filters, limit=limit)
    ahead = outlooks(rows)
    if json:
        screen.as_json([{**vars(row), **vars(ahead[row.id])} for row in rows])
        return
    screen.table(
        ("id", "made", "post", "outlet", "state", "tries", "next try", "reason"),
        [
            (row.id, row.created_at, _what(row, ahead[row.id]), _to(row), row.state, row.attempts,
             _next(ahead[row.id]), row.reason)
            for row in rows
        ],
        zone=cfg.zone,
        none="No delivery is like that.",
    )  # fmt: skip


@group.command()
def causes(
    owner: Annotated[str | None, typer.Option("--merchant", help="Only at outlets of this merchant.")] = None,
    since: Since = None,
    json: Json = False,
) -> None:
    """What failed or waits after a failure, by its cause, and whose move it is; what needs somebody comes first."""
    from syndication.insight.causes import causes as grouped

    cfg = start()
    slug = merchant(owner).slug if owner else None
    rows = grouped(merchant=slug, since=moment("--since", since, cfg.zone))
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("count", "state", "outlet", "of", "whose move", "first", "last", "cause"),
        [
            (row.count, row.state, f"{row.outlet or 'devices'} ({row.channel})", row.merchant or "the city",
             _MOVES[row.move], row.first_at, row.last_at, row.cause)
            for row in rows
        ],
        zone=cfg.zone,
        none="Nothing fails.",
    )  # fmt: skip


def delivery(number: Annotated[int, typer.Argument(help="The delivery's id.")], json: Json = False) -> None:
    """One delivery with all its tries."""
    from syndication import insight

    cfg = start()
    row, tries = insight.delivery(number), insight.attempts(number)
    if json:
        screen.as_json({"delivery": row, "attempts": tries})
        return
    screen.sheet(row.__dict__, zone=cfg.zone)
    screen.table(
        ("at", "took", "outcome", "code", "reason", "answer"),
        [(one.at, f"{one.duration} ms", one.outcome, one.code, one.reason, one.answer[:80]) for one in tries],
        zone=cfg.zone,
        none="It was not tried yet.",
    )


def replay(
    number: Annotated[
        int | None, typer.Argument(help="One delivery's id; else a selection by options.")
    ] = None,
    state: State = None,
    channel: ChannelKind = None,
    destination: Destination = None,
    owner: Owner = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Send finished deliveries again under the key the receiver knows. Says how many first; by default what failed."""
    from syndication.ledger import replay as again

    cfg = start(wakes=True)
    if number is not None:
        again.one(number)
        screen.say(f"Delivery {number} goes out again.")
        return
    filters = _filters(cfg, channel, destination, owner, since, until, state=state, command="replay")
    count = again.count(**filters)
    screen.say(f"{count} deliveries would go out again.")
    if dry_run or count == 0 or not (yes or typer.confirm("Send them?")):
        return
    screen.say(f"{again.many(**filters)} deliveries go out again.")


def retry(
    number: Annotated[
        int | None, typer.Argument(help="One delivery's id; else a selection by options.")
    ] = None,
    channel: ChannelKind = None,
    destination: Destination = None,
    owner: Owner = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Try now what waits for a later try, such as after a repair. Says how many first; a later time of its own is kept."""
    from syndication.ledger import retry as now

    cfg = start(wakes=True)
    if number is not None:
        now.one(number)
        screen.say(f"Delivery {number} is tried now.")
        return
    filters = _filters(cfg, channel, destination, owner, since, until, command="retry")
    count = now.count(**filters)
    screen.say(f"{count} deliveries would be tried now.")
    if dry_run or count == 0 or not (yes or typer.confirm("Try them?")):
        return
    screen.say(f"{now.many(**filters)} deliveries are tried now.")


def _what(row: "insight.DeliveryRow", ahead: "Outlook") -> str:
    """The post, and what became of it; else what it is that goes out."""
    return ahead.title if row.action in (None, "published") else f"{ahead.title} ({row.action})"


def _to(row: "insight.DeliveryRow") -> str:
    if row.destination:
        return f"{row.destination} ({row.channel})"
    return f"reader {row.reader_id} ({row.channel})" if row.reader_id else f"a person ({row.channel})"


def _next(ahead: "Outlook") -> "datetime | str | None":
    return "when resumed" if ahead.closed else ahead.next_try_at


def _filters(
    cfg: "Settings",
    channel: str | None,
    destination: str | None,
    owner: str | None,
    since: str | None,
    until: str | None,
    *,
    command: str,
    state: list[str] | None = None,
) -> dict[str, Any]:
    given: dict[str, Any] = {
        "channel": channel,
        "destination_id": destination_id(destination),
        "merchant_id": merchant(owner).id if owner else None,
        "since": moment("--since", since, cfg.zone),
        "until": moment("--until", until, cfg.zone),
    }
    if not any(value is not None for value in given.values()) and not state:
        raise Invalid.field(command, "needs a delivery's id, or an option that says which deliveries")
    return {**given, "states": states(state)} if state else given
