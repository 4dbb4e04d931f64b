"""Commands that list the installed channels and what each can do."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syndication.cli import screen
from syndication.cli.screen import Json

if TYPE_CHECKING:
    from syndication.channels.contract import Channel

Markdown = Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation.")]


def join(app: typer.Typer) -> None:
    """Add this command."""
    app.command("channels")(listed)


def listed(markdown: Markdown = False, json: Json = False) -> None:
    """What each channel can do; or the page that says so."""
    from syndication import channels
    from syndication.config import settings

    if markdown:
        screen.say(channels_page())
        return
    rows = [(one.kind, one.label, one.abilities, one.configurable) for one in channels.CHANNELS]
    if json:
        screen.as_json(
            [dict(zip(("kind", "label", "abilities", "configurable"), row, strict=True)) for row in rows]
        )
        return
    shown = [
        (
            kind,
            label,
            *(getattr(able, name) for name in ("revise", "withdraw", "repeatable", "images", "length")),
        )
        for kind, label, able, _ in rows
    ]
    heads = ("kind", "name", "changes", "takes back", "safe to repeat", "pictures", "longest text")
    screen.table(heads, shown, zone=settings().zone)


def channels_page() -> str:
    """docs/channels/README.md, made from the channels themselves."""
    from syndication import channels

    lines = [
        "# What each channel can do",
        "",
        "Made by `syndication channels --markdown` from what the channels say of themselves. How to write one more:",
        "[channels](../channels.md). Every access can also be given by settings (`POST /api/v1/destinations`).",
        "",
        "| channel | kind | access | a change | a withdrawal | after a lost answer | pictures | longest text | pace |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    # A letter is no outlet: it tells one person once.
    shown = [one for one in channels.CHANNELS if one.configurable or one.abilities.revise]
    return "\n".join([*lines, *map(_channel_row, shown)])


def _access(channel: "Channel[Any, Any]") -> str:
    if not channel.configurable:
        return "–"
    if channel.personal:
        return "readers' own, on `/notices`"
    if channel.connector is not None:
        return "by [logging in](connecting.md)"
    return "typed in on [a page](connecting.md)" if channel.typed else "by settings"


def _channel_row(channel: "Channel[Any, Any]") -> str:
    able = channel.abilities
    name = (
        f"[{channel.label}]({channel.kind}.md)"
        if channel.configurable and able.keeps_track
        else channel.label
    )
    cells = (
        name,
        f"`{channel.kind}`",
        _access(channel),
        "in place"
        if able.revise
        else "a correction where it matters"
        if able.corrects
        else "the merchant is told",
        "taken back" if able.withdraw else "the merchant is told",
        "tried again; a repeat is recognised"
        if able.repeatable
        else "unconfirmed; looked for there"
        if able.finds
        else "unconfirmed",
        "yes" if able.images else "no",
        f"{able.length:,}" if able.length else "–",
        ", ".join(f"{limit.rate.count} in {limit.rate.seconds:g} s" for limit in channel.limits) or "–",
    )
    return "| " + " | ".join(cells) + " |"
