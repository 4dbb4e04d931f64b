"""Commands about posts that wait until the town hall has looked at them."""

from typing import Annotated
from uuid import UUID

import typer

from syndication.cli import screen
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.errors import Invalid

PostId = Annotated[str, typer.Argument(help="The post's id, or its last digits.")]
group = typer.Typer(help="Posts that wait for the town hall; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="review")


@group.callback(invoke_without_command=True)
def waiting(context: typer.Context, json: Json = False) -> None:
    """What waits, the oldest first."""
    if context.invoked_subcommand:
        return
    from syndication.publishing import approving, review

    cfg = start()
    found = [(one, approving.as_it_would_be(one.post_id)[1]) for one in review.waiting()]
    if json:
        screen.as_json([{"review": one, "title": record.content.title} for one, record in found])
        return
    screen.table(
        ("id", "of", "title", "correction", "for", "waits since"),
        [
            (
                one.post_id,
                record.merchant_slug,
                record.content.title,
                one.correction,
                record.publish_at,
                one.handed_in_at,
            )
            for one, record in found
        ],
        zone=cfg.zone,
        none="Nothing waits.",
    )


@group.command()
def approve(post: PostId) -> None:
    """Let a post out that waits, at once or at its hour; or tell a correction."""
    from syndication.publishing import approving

    cfg = start(wakes=True)
    record = approving.approve(_post(post))
    later = record.state == "scheduled" and record.publish_at
    when = (
        f"on {record.publish_at.astimezone(cfg.zone):%Y-%m-%d %H:%M}"
        if later and record.publish_at
        else "now"
    )
    screen.say(f"“{record.content.title}” goes out {when}.")


@group.command("return")
def send_back(
    post: PostId, because: Annotated[str, typer.Option(help="The sentence that its owners get by mail.")]
) -> None:
    """Send a post back to its merchant, who is to change it, and tell it why by mail."""
    from syndication.accounts import reviews

    start(wakes=True)
    reviews.send_back(_post(post), because)
    screen.say("It is sent back, and its owners are told by mail.")


@group.command()
def rules(
    scope: Annotated[str | None, typer.Argument(help="nobody, new or all; none: shows what is set.")] = None,
    first_posts: Annotated[
        int | None, typer.Option(help="Of a new merchant so many; none: all, until you say otherwise.")
    ] = None,
) -> None:
    """Whose posts are looked at before they go out."""
    from pydantic import ValidationError

    from syndication.content.faults import faults_of
    from syndication.publishing import review

    start()
    if scope is not None:
        try:
            review.set_rules(review.Rules.model_validate({"scope": scope, "first_posts": first_posts}))
        except ValidationError as error:
            raise Invalid(*faults_of(error)) from error
    found = review.rules()
    first = f", the first {found.first_posts} posts" if found.scope == "new" and found.first_posts else ""
    screen.say(f"Looked at first: {found.scope}{first}.")


@group.command()
def merchant(
    slug: Annotated[str, typer.Argument(help="The merchant's slug.")],
    own: Annotated[str, typer.Argument(help="always, never, or rules: as for all.")],
) -> None:
    """Whether this merchant's posts are looked at, whatever the rules for all say."""
    from syndication.cli.options import merchant as known
    from syndication.publishing import review

    start()
    if own not in ("always", "never", "rules"):
        raise Invalid.field("own", "must be always, never or rules")
    found = known(slug)
    review.set_own(found.id, None if own == "rules" else own)  # type: ignore[arg-type]  # looked at above
    screen.say(f"{found.name}: {own}.")


def _post(text: str) -> UUID:
    from syndication.insight.short_ids import POST, whole_id

    return whole_id(POST, text)
