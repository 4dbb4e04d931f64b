"""The command that shows who did what."""

from typing import TYPE_CHECKING, Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import Limit, Since, Until, merchant, moment
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.errors import Invalid

if TYPE_CHECKING:
    from syndication.insight.audit_log import LogRow

Owner = Annotated[str | None, typer.Option("--merchant", help="Only what is this merchant's affair.")]


def join(app: typer.Typer) -> None:
    """Add this command."""
    app.command("log")(show)


def show(
    by: Annotated[
        str | None,
        typer.Option(help="Only by whoever: a mail address, or as --json has it, such as 'key 0a1b2c3d'."),
    ] = None,
    owner: Owner = None,
    what: Annotated[str | None, typer.Option(help="Only this act, such as post.withdrawn.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Who did what, when and by which way, the newest first. No line can be changed; each is kept for four years."""
    from typing import get_args

    from syndication.audit.log import What
    from syndication.insight import audit_log

    cfg = start()
    if what is not None and what not in get_args(What):
        raise Invalid.field("--what", f"{what} is none of {', '.join(get_args(What))}")
    rows = audit_log.lines(
        audit_log.LogFilter(
            _who(by) if by else None,
            merchant(owner).slug if owner else None,
            what,
            moment("--since", since, cfg.zone),
            moment("--until", until, cfg.zone),
        ),
        limit=limit,
    )
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("at", "who", "by way of", "what", "about", "of"),
        [
            (row.at, _named(row), row.way, row.what,
             row.about_name or f"{row.about} {row.about_id}", row.merchant)
            for row in rows
        ],
        zone=cfg.zone,
        none="Nothing is like that.",
    )  # fmt: skip


def _named(row: "LogRow") -> str:
    """Whoever did it, by the name they had, and in whose name they acted."""
    told = f"{row.by_name} ({row.by})" if row.by_name else row.by
    behalf = row.details.get("in_the_name_of")
    return f"{told}, in the name of {behalf}" if behalf else told


def _who(text: str) -> str:
    """Whoever is meant; people by their mail address."""
    if "@" not in text:
        return text
    from syndication.accounts import people

    return f"person {people.of_address(text).id}"
