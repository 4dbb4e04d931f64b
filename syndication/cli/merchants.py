"""Commands that admit, decline, suspend and list merchants."""

import sys
from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import merchant, moment
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
def show(slug: Slug, json: Json = False) -> None:
    """One merchant: how it stands, its posts and outlets, and what would become of its posts if you suspended or admitted it."""
    from syndication.accounts import suspensions
    from syndication.insight import merchants as overview
    from syndication.publishing import quota

    cfg = start()
    record = merchant(slug)
    row, found, left = overview.row(record.id), suspensions.consequences(record.id), quota.left(record.id)
    if json:
        screen.as_json({"merchant": record, "figures": row, "consequences": found, "left_today": left})
        return
    screen.sheet(
        {
            "slug": record.slug,
            "name": record.name,
            "address": record.address,
            "mail": record.email,
            "state": record.state,
            "suspended because": record.suspended_because,
            "suspended until": record.suspended_until,
            "posts a day": record.posts_per_day or cfg.posts_per_day,
            "of them left now": left,
            f"posts in {overview.DAYS} days": row.posts,
            "last post": row.last_at,
            "outlets in trouble": f"{row.troubled} of {row.outlets}",
            "posts that stand": found.standing,
            "wait for their hour": found.ahead,
            "go out once admitted": found.due,
            "missed their hour": found.missed,
            "come every week": found.weekly,
        },
        zone=cfg.zone,
    )


@group.command()
def quota(
    slug: Slug,
    posts_per_day: Annotated[
        int | None, typer.Argument(help="Posts in 24 hours; none: the city's default.")
    ] = None,
) -> None:
    """How many posts a merchant may create in a day."""
    from pydantic import ValidationError

    from syndication.content.faults import faults_of
    from syndication.publishing import merchants as everybody

    cfg = start()
    try:
        wanted = everybody.Amendment(posts_per_day=posts_per_day)
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    changed = everybody.update(merchant(slug).id, wanted)
    screen.say(f"{changed.name} may create {changed.posts_per_day or cfg.posts_per_day} posts in 24 hours.")


@group.command()
def admit(slug: Slug) -> None:
    """Let a merchant publish; one that applied, or was suspended, is told by mail."""
    from syndication.accounts import admissions, suspensions
    from syndication.publishing.withdrawal import COMMAND

    start(wakes=True)
    before = merchant(slug)
    found = suspensions.consequences(before.id)
    screen.say(f"{admissions.admit(before.id, COMMAND).name} may publish.")
    if before.state == "suspended":
        screen.say(
            f"Posts that go out now: {found.due}; at their hour: {found.ahead}; "
            f"that missed it and wait for a new one: {found.missed}."
        )


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
    because: Annotated[str, typer.Option(help="The sentence that its owners get by mail.")] = "",
    until: Annotated[
        str | None,
        typer.Option(help="When that ends by itself, such as 2026-12-24T09:00; else when you admit it."),
    ] = None,
    withdraw: Annotated[
        bool | None,
        typer.Option("--withdraw/--keep", help="Whether its posts are taken back; without either, asks."),
    ] = None,
) -> None:
    """Let a merchant publish nothing more, and take back what stands, if you want that. Its owners are told by mail."""
    from pydantic import ValidationError

    from syndication.accounts import suspensions
    from syndication.content.faults import faults_of

    cfg = start(wakes=True)
    record = merchant(slug)
    found = suspensions.consequences(record.id)
    if withdraw is None and found.standing and sys.stdin.isatty():
        withdraw = typer.confirm(f"{found.standing} posts stand. Take them back?")
    try:
        wanted = suspensions.Suspension(
            because=because, until=moment("--until", until, cfg.zone), withdraw=bool(withdraw)
        )
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    suspensions.suspend(record.id, wanted)
    screen.say(f"{record.name} publishes nothing more until {until or 'it is admitted again'}.")
    if found.scheduled:
        screen.say(f"{found.scheduled} posts that wait for their hour stay back.")
    if found.standing and withdraw:
        screen.say(f"{found.standing} posts are taken back.")
    elif found.standing:
        screen.say(f"{found.standing} posts go on standing; `--withdraw` takes them back.")
