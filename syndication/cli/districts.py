"""Commands about parts of town: which there are, call one otherwise, make two one."""

from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.process import start
from syndication.cli.screen import Json

Name = Annotated[str, typer.Argument(help="The part of town, as it is spelled.")]
group = typer.Typer(help="Parts of town; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="districts")


@group.callback(invoke_without_command=True)
def listed(context: typer.Context, json: Json = False) -> None:
    """All parts of town, with how many businesses and readers each has."""
    if context.invoked_subcommand:
        return
    from syndication.audience import district_acts

    cfg = start()
    rows = district_acts.listed()
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("district", "merchants", "readers", "outlets", "formerly"),
        [(row.name, row.merchants, row.readers, row.outlets, ", ".join(row.formerly)) for row in rows],
        zone=cfg.zone,
        none="No merchant is said to be in a part of town yet.",
    )


@group.command()
def rename(
    name: Name,
    to: Annotated[str, typer.Argument(help="What it is called from now on.")],
    join: Annotated[
        bool, typer.Option("--join", help="Also where there is one of that name: the two become one.")
    ] = False,
) -> None:
    """Call a part of town otherwise: its merchants, readers and outlets go along."""
    from syndication.audience import district_acts

    start()
    screen.say(f"{name} is {district_acts.rename(name, to, join=join)} now.")


@group.command()
def split(name: Name) -> None:
    """Make a former name a part of town of its own again; merchants stay where they are."""
    from syndication.audience import district_acts

    start()
    meanwhile = district_acts.split(name)
    screen.say(f"{name} is a part of town of its own again, beside {meanwhile}.")
