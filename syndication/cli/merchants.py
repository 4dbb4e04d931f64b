"""Commands that admit, decline, suspend and list merchants."""

import sys
from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import merchant
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.errors import Invalid

Slug = Annotated[str, typer.Argument(help="The merchant's slug.")]
group = typer.Typer(help="Who may publish; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="merchants")


@group.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="applied, admitted or suspended.")] = None,
    json: Json = False,
) -> None:
    """All merchants."""
    if context.invoked_subcommand:
        return
    from syndication.publishing import merchants as everybody

    cfg = start()
    rows = everybody.listed(state=state, limit=10_000)
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("slug", "name", "mail", "state", "posts a day"),
        [(row.slug, row.name, row.email, row.state, row.posts_per_day) for row in rows],
        zone=cfg.zone,
        none="There are no merchants yet. `syndication merchants add` makes one.",
    )


@group.command()
def add(
    name: Annotated[str, typer.Argument(help="The name readers see.")],
    email: Annotated[str, typer.Option(help="Where the merchant is told of trouble.")],
    slug: Annotated[
        str | None, typer.Option(help="Short name in addresses; else made from the name.")
    ] = None,
    address: Annotated[str, typer.Option(help="Street and town, as readers see it.")] = "",
    url: Annotated[str | None, typer.Option(help="Website.")] = None,
    district: Annotated[str | None, typer.Option(help="Part of town.")] = None,
    posts_per_day: Annotated[int | None, typer.Option(help="Quota of its own.")] = None,
    same_name: Annotated[
        bool, typer.Option("--same-name", help="Do not ask where another merchant has this name.")
    ] = False,
) -> None:
    """A new merchant that may publish at once. Asks first where another has the same name."""
    from pydantic import ValidationError

    from syndication.content.faults import faults_of
    from syndication.publishing import merchants as everybody

    start()
    try:
        wanted = everybody.Application(
            name=name,
            email=email,
            slug=slug,
            address=address,
            url=url,
            district=district,
            posts_per_day=posts_per_day,
        )
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    called = wanted.name.casefold()
    others = [row.slug for row in everybody.listed(limit=100_000) if row.name.casefold() == called]
    if others and not same_name:
        typer.confirm(f"{wanted.name} is there already, as {', '.join(others)}. Add another?", abort=True)
    made = everybody.create(wanted)
    screen.say(f"{made.name} may publish as {made.slug}. `syndication keys add {made.slug}` makes a key.")


@group.command()
def applications(json: Json = False) -> None:
    """Businesses that applied and wait for a decision, the oldest first."""
    from syndication.accounts import admissions

    cfg = start()
    rows = admissions.waiting()
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("slug", "name", "address", "what it is", "mail", "proof", "since"),
        [
            (row.slug, row.name, row.address, row.about, row.email, row.proof, row.confirmed_at)
            for row in rows
        ],
        zone=cfg.zone,
        none="Nobody waits for a decision.",
    )


@group.command()
def admit(slug: Slug) -> None:
    """Let a merchant publish; one that applied is told by mail."""
    from syndication.accounts import admissions
    from syndication.publishing.withdrawal import COMMAND

    start(wakes=True)
    screen.say(f"{admissions.admit(merchant(slug).id, COMMAND).name} may publish.")


@group.command()
def decline(
    slug: Slug,
    because: Annotated[str, typer.Option(help="The sentence that the business gets by mail.")],
) -> None:
    """Do not let a business in that applied, and tell it why by mail."""
    from syndication.accounts import admissions
    from syndication.publishing.withdrawal import COMMAND

    start(wakes=True)
    found = merchant(slug)
    admissions.decline(found.id, because, COMMAND)
    screen.say(f"{found.name} is declined, and told by mail. `merchants admit {slug}` lets it in after all.")


@group.command()
def suspend(
    slug: Slug,
    withdraw: Annotated[
        bool | None,
        typer.Option("--withdraw/--keep", help="Whether its posts are taken back; without either, asks."),
    ] = None,
) -> None:
    """Let a merchant publish nothing more, and take back what stands, if you want that."""
    from syndication.insight.posts import posts as found
    from syndication.publishing import merchants as everybody
    from syndication.publishing import posts
    from syndication.publishing.withdrawal import COMMAND, Grounds

    start(wakes=True)
    name = everybody.suspend(merchant(slug).id).name
    screen.say(f"{name} publishes nothing more until it is admitted again.")
    standing = found(merchant=slug, state="published", limit=100_000)
    if not standing:
        return
    if withdraw is None and sys.stdin.isatty():
        withdraw = typer.confirm(f"{len(standing)} posts stand. Take them back?")
    if withdraw:
        for one in standing:
            posts.withdraw(None, one.id, Grounds(by=COMMAND))
        screen.say(f"{len(standing)} posts are taken back.")
    else:
        screen.say(f"{len(standing)} posts go on standing; `--withdraw` takes them back.")
