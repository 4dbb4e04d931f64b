"""Commands that list posts, show where each went, and take one back."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import Limit, Yes
from syndication.cli.process import start
from syndication.cli.screen import Json

if TYPE_CHECKING:
    from uuid import UUID

Id = Annotated[
    str, typer.Argument(help="The post's id, or the last digits of it, as the listing shows them.")
]
group = typer.Typer(help="Posts: list them, show where one went, take one back.", no_args_is_help=True)


class Reason(StrEnum):
    """Why an operator takes a post back."""

    ASKED = "asked"
    WRONG = "wrong"
    UNLAWFUL = "unlawful"
    SPAM = "spam"
    OTHER = "other"


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="posts")


@group.callback()
def about() -> None:
    """List posts, show where one went, take one back."""


@group.command("list")
def listed(
    merchant: Annotated[str | None, typer.Option(help="Only of the merchant with this slug.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    state: Annotated[str | None, typer.Option(help="scheduled, published or withdrawn.")] = None,
    text: Annotated[str | None, typer.Option(help="Only with this in title, summary or text.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Posts, the newest first."""
    from syndication.insight import posts

    cfg = start()
    rows = posts.posts(merchant=merchant, kind=kind, state=state, text=text, limit=limit)
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("id", "of", "kind", "state", "title", "published", "over"),
        [
            (row.id, row.merchant, row.kind, row.state, row.title, row.published_at, row.over_at)
            for row in rows
        ],
        zone=cfg.zone,
        none="No post is like that.",
    )


@group.command()
def show(post: Id, json: Json = False) -> None:
    """One post, its changes, and where each delivery stands."""
    from syndication import insight
    from syndication.insight.posts import changes
    from syndication.insight.short_ids import POST, whole_id
    from syndication.publishing import posts

    cfg = start()
    found = posts.read(whole_id(POST, post))
    steps, journey = changes(found.id), insight.journey(found.id)
    if json:
        screen.as_json({"post": found, "changes": steps, "journey": journey})
        return
    said = found.content.model_dump(mode="json", exclude_defaults=True)
    screen.sheet({**found.__dict__, "content": said.pop("title"), **said}, zone=cfg.zone)
    screen.table(
        ("change", "revision", "title", "made", "told to all"),
        [(one.action, one.revision, one.title, one.created_at, one.fanned_at) for one in steps],
        zone=cfg.zone,
        none="Nobody was told of it yet.",
    )
    screen.table(
        ("delivery", "to", "channel", "what", "state", "sent", "next try", "reason"),
        [
            (one.delivery_id, one.destination, one.channel, one.action, one.state, one.sent_at,
             one.due_at if one.state == "waiting" else None, one.reason)
            for one in journey.destinations
        ],
        zone=cfg.zone,
        none="It went to no outlet.",
    )  # fmt: skip
    screen.table(
        ("readers by", "state", "how many"),
        [(one.channel, one.state, one.count) for one in journey.readers],
        zone=cfg.zone,
        none="No reader was told of it yet.",
    )


def _fit(statement: str) -> str:
    """A statement as it is kept. Raises Invalid where it is too long."""
    from pydantic import TypeAdapter, ValidationError

    from syndication.errors import Invalid
    from syndication.publishing.withdrawal import Statement

    try:
        return TypeAdapter[str](Statement).validate_python(statement)
    except ValidationError as error:
        raise Invalid.field("--statement", "is longer than 2000 characters") from error


def _remove(post_id: "UUID", reason: Reason, ground: str, statement: str) -> None:
    """Remove it as the town hall's page does. Raises Invalid and Conflict."""
    from pydantic import ValidationError

    from syndication.accounts import removals
    from syndication.content.faults import faults_of
    from syndication.errors import Invalid

    typed = {"why": reason.value, "ground": ground, "statement": statement}
    try:
        wanted = removals.Removal.model_validate(typed)
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    removals.remove(post_id, wanted)


@group.command()
def withdraw(
    post: Id,
    reason: Annotated[
        Reason,
        typer.Option(
            help="asked: its merchant wants it; wrong: it is not true; spam, other: it breaks a rule of the city; unlawful: its"
            " words are repeated nowhere and forgotten."
        ),
    ],
    statement: Annotated[
        str,
        typer.Option(
            help="What its merchant reads about it; for unlawful: what of it is, by which law, and whom to ask."
        ),
    ] = "",
    ground: Annotated[
        str,
        typer.Option(
            help="For unlawful, spam and other: the law or the rule. With it its owners and whoever reported it are told"
            " by mail, and no reader is."
        ),
    ] = "",
    yes: Yes = False,
) -> None:
    """Take a post back everywhere, and say where that cannot be done."""
    from syndication.insight.left_behind import left_behind
    from syndication.insight.short_ids import POST, whole_id
    from syndication.publishing import posts, unlawful, withdrawal

    cfg = start(wakes=True)
    found = posts.read(whole_id(POST, post))
    forgotten = reason is Reason.UNLAWFUL
    called = str(found.id) if forgotten else f"{found.content.title} ({found.id})"
    if not yes:
        typer.confirm(f"Take back {called} of {found.merchant_slug}?", abort=True)
    if ground:
        _remove(found.id, reason, ground, statement)
    else:
        grounds = withdrawal.Grounds(reason.value, _fit(statement), withdrawal.COMMAND)
        unlawful.withdraw(found.id, grounds) if forgotten else posts.withdraw(None, found.id, grounds)
    screen.say(f"Withdrawn: {called}. Outlets are told now.")
    remnants = left_behind(found.id)
    if remnants:
        screen.table(
            ("cannot be taken back from", "channel", "copies", "the last sent", "link"),
            [(one.outlet, one.channel, one.count, one.at, one.link) for one in remnants],
            zone=cfg.zone,
        )
    else:
        screen.say("Everything that was sent can be taken back.")
