"""Commands for outlets: list, show health, connect, try without sending."""

import hashlib
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from syndication.cli import screen
from syndication.cli.options import merchant as option_merchant
from syndication.cli.options import span
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.errors import Invalid

if TYPE_CHECKING:
    from syndication.config import Settings
    from syndication.destinations import links

Id = Annotated[
    str, typer.Argument(help="The destination's id, or the last digits of it, as the listing shows them.")
]
ValidFor = Annotated[
    str, typer.Option(help="How long the link is good, such as 90m, 6h, 2d; at most eight days.")
]
group = typer.Typer(help="Outlets and their health; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="destinations")


@group.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    merchant: Annotated[str | None, typer.Option(help="Only of this merchant.")] = None,
    state: Annotated[str | None, typer.Option(help="active, paused or disabled.")] = None,
    channel: Annotated[
        str | None, typer.Option(help="Only of this kind; people's devices are listed only by theirs.")
    ] = None,
    json: Json = False,
) -> None:
    """All destinations with their health."""
    if context.invoked_subcommand:
        return
    from syndication import insight

    cfg = start()
    rows = insight.destinations(merchant=merchant, states=[state] if state else (), channel=channel)
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
    from syndication import destinations as outlets

    cfg = start()
    found = outlets.read(_id(destination))
    if json:
        screen.as_json(found)
    else:
        screen.sheet(found.__dict__, zone=cfg.zone)


@group.command()
def pause(destination: Id) -> None:
    """Send nothing there until it is resumed; what comes meanwhile waits."""
    from syndication import destinations as outlets

    start()
    outlets.pause(_id(destination))
    screen.say("Paused. What comes meanwhile waits.")


@group.command()
def resume(destination: Id) -> None:
    """Send there again, also after it was switched off."""
    from syndication import destinations as outlets

    start(wakes=True)
    outlets.resume(_id(destination))
    screen.say("Resumed. What waits goes out now.")


@group.command("test")
def try_out(destination: Id) -> None:
    """Send a test post there."""
    from syndication import destinations as outlets

    start(wakes=True)
    number = outlets.test(_id(destination))
    screen.say(f"A test is on its way: `syndication delivery {number}` shows what became of it.")


@group.command()
def alarms(
    destination: Id,
    off: Annotated[bool, typer.Option("--off", help="Let it hear of posts again, and of no outage.")] = False,
) -> None:
    """Let an outlet of the city hear of outages, and of no post: for the operator, where mail itself is down."""
    from syndication.destinations import alarms as hearing

    start()
    hearing.mark(_id(destination), hears=not off)
    screen.say("It hears of posts again." if off else "It hears of outages from now on, and of no post.")


@group.command()
def connect(
    channel: Annotated[str, typer.Argument(help="Such as mastodon, facebook or linkedin.")],
    name: Annotated[str, typer.Argument(help="Name of the outlet.")],
    merchant: Annotated[
        str | None, typer.Option(help="Slug of the merchant whose it is; else the city's.")
    ] = None,
    valid_for: ValidFor = "1h",
) -> None:
    """A link by which its owner connects a new outlet: they log in at the network, or type in the access."""
    from pydantic import ValidationError

    from syndication.content.faults import faults_of
    from syndication.destinations import connecting, links

    cfg = start()
    owner = option_merchant(merchant).id if merchant else None
    try:
        request = connecting.ConnectionRequest(channel=channel, name=name, valid_for=_seconds(valid_for))
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    _say_link(connecting.link(request, links.COMMAND, owner=owner), cfg)


@group.command()
def reconnect(destination: Id, valid_for: ValidFor = "1h") -> None:
    """A link by which the owner of an outlet renews our access to it; its account stays."""
    from pydantic import ValidationError

    from syndication.content.faults import faults_of
    from syndication.destinations import connecting, links

    cfg = start()
    try:
        request = connecting.RenewalRequest(valid_for=_seconds(valid_for))
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    _say_link(connecting.renewal(_id(destination), links.COMMAND, request=request), cfg)


@group.command("links")
def list_links(
    merchant: Annotated[str | None, typer.Option(help="Only of this merchant.")] = None,
    json: Json = False,
) -> None:
    """Links by which outlets are connected, the newest first, without their addresses."""
    from syndication.destinations import links

    cfg = start()
    rows = links.listed(owner=option_merchant(merchant).id if merchant else None, limit=200)
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("id", "channel", "name", "of", "state", "made by", "made", "until"),
        [
            (row.id, row.channel, row.name, row.merchant_slug or "the city", row.state,
             " ".join(part for part in (row.made_by, row.key_id) if part), row.made_at, row.ends_at)
            for row in rows
        ],
        zone=cfg.zone,
    )  # fmt: skip


@group.command("end-link")
def end_link(link: Annotated[str, typer.Argument(help="The link's id, or the last digits of it.")]) -> None:
    """End a link before it is used."""
    from syndication.destinations import links
    from syndication.insight.short_ids import LINK, whole_id

    start()
    links.end(whole_id(LINK, link))
    screen.say("Ended. It opens nothing more.")


def _seconds(valid_for: str) -> int:
    return int(span("--valid-for", valid_for).total_seconds())


def _say_link(link: "links.Link", cfg: "Settings") -> None:
    until = link.until.astimezone(cfg.zone)
    screen.say(f"Good once, until {until:%Y-%m-%d %H:%M}, for whoever has it:\n{link.url}")


def _id(text: str) -> UUID:
    from syndication.insight.short_ids import DESTINATION, whole_id

    return whole_id(DESTINATION, text)


@group.command("dry-run")
def dry_run(
    destination: Id,
    post: Annotated[str, typer.Argument(help="The post's id, or the last digits of it.")],
    json: Json = False,
) -> None:
    """What would be sent for a post, byte for byte; nothing is."""
    from syndication.delivery import dry_run as rehearse
    from syndication.delivery.tools import tools
    from syndication.insight.short_ids import POST, whole_id

    start()
    found = rehearse.rehearse(_id(destination), whole_id(POST, post), tools())
    if json:
        shown = [{**vars(one), "body": _body(one.body)} for one in found.requests]
        screen.as_json({**vars(found), "requests": shown})
        return
    screen.say(f"{found.action} would become: {found.state}. {found.reason}".rstrip())
    if found.readers:
        screen.say(
            "Readers: " + ", ".join(f"{count} {rhythm}" for rhythm, count in sorted(found.readers.items()))
        )
    for one in found.requests:
        screen.say(f"\n{one.method} {one.url}")
        for name, value in one.headers:
            screen.say(f"{name}: {value}")
        screen.say(f"\n{_body(one.body)}")


def _body(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()})"
