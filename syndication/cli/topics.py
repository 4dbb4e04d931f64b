"""Commands about topics: which there are, call one otherwise, file one under another."""

from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import Yes
from syndication.cli.process import start
from syndication.cli.screen import Json

Slug = Annotated[str, typer.Argument(help="The topic, as addresses of feeds have it.")]
group = typer.Typer(help="Topics in use; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="topics")


@group.callback(invoke_without_command=True)
def listed(context: typer.Context, json: Json = False) -> None:
    """All topics, with how many posts and readers each has."""
    if context.invoked_subcommand:
        return
    from syndication.audience import topic_acts

    cfg = start()
    rows = topic_acts.listed()
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("topic", "name", "posts", "readers", "outlets", "also filed here"),
        [(row.slug, row.name, row.posts, row.readers, row.outlets, ", ".join(row.also)) for row in rows],
        zone=cfg.zone,
        none="No post has a topic yet.",
    )


@group.command()
def rename(slug: Slug, name: Annotated[str, typer.Argument(help="What it is called from now on.")]) -> None:
    """Call a topic otherwise, everywhere; old addresses of its feeds lead to the new ones."""
    from syndication.audience import topic_acts

    start()
    screen.say(f"{slug} is {topic_acts.rename(slug, name)} now.")


@group.command()
def merge(
    slug: Slug,
    into: Annotated[str, typer.Argument(help="The topic under which it goes on.")],
    yes: Yes = False,
) -> None:
    """File a topic under another: posts, readers, outlets and feeds. Says what it comes to, and asks first."""
    from syndication.audience import topic_acts

    start()
    found = topic_acts.weigh(slug, into)
    who = found.chosen
    screen.say(
        f"{found.first.posts} posts go to {found.second.posts}. {who.only_first} readers who chose only {slug}, and"
        f" {who.only_second} who chose only {into}, hear of both; {who.both} chose both."
    )
    if not yes:
        typer.confirm("File it there?", abort=True)
    topic_acts.merge(slug, into)
    screen.say(f"{slug} is filed under {into}.")


@group.command()
def split(slug: Slug) -> None:
    """Make a topic that is filed under another one of its own again; what came meanwhile stays there."""
    from syndication.audience import topic_acts

    start()
    topic_acts.split(slug)
    screen.say(f"{slug} is a topic of its own again.")
