"""Commands that make, list and revoke API keys."""

from typing import Annotated

import typer

from syndication.cli import screen
from syndication.cli.options import merchant
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.errors import Invalid

Slug = Annotated[str | None, typer.Argument(help="The merchant's slug.")]
group = typer.Typer(help="Keys of the API; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="keys")


@group.callback(invoke_without_command=True)
def listed(context: typer.Context, json: Json = False) -> None:
    """All keys, never their text."""
    if context.invoked_subcommand:
        return
    from syndication.publishing import api_keys as all_keys

    cfg = start()
    rows = all_keys.listed()
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("id", "of", "name", "scopes", "made", "last used", "revoked"),
        [
            (row.id, row.merchant_slug or "the city", row.name, ", ".join(row.scopes),
             row.created_at, row.last_used_at, row.revoked_at)
            for row in rows
        ],
        zone=cfg.zone,
        none="There are no keys yet.",
    )  # fmt: skip


@group.command()
def add(
    slug: Slug = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="A key of the city that may do everything.")
    ] = False,
    name: Annotated[str, typer.Option(help="What it is for.")] = "made on the command line",
) -> None:
    """Make a key and show it, once."""
    from syndication.publishing import api_keys as all_keys

    if operator == (slug is not None):
        raise Invalid.field("keys add", "needs either a merchant's slug or --operator")
    start()
    wanted = (
        all_keys.KeyRequest(name=name, scopes=("operator",)) if operator else all_keys.KeyRequest(name=name)
    )
    made = all_keys.create(merchant(slug).id if slug else None, wanted)
    screen.say(made.text)


@group.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Make a key useless, at once."""
    from syndication.publishing import api_keys as all_keys

    start()
    screen.say(f"{all_keys.revoke(key).name}: revoked.")


@group.command()
def vapid() -> None:
    """Make a pair of keys for Web Push; the private one is for SYNDICATION_VAPID_KEY."""
    from syndication.infra.signing import new_vapid_keys

    private, public = new_vapid_keys()
    screen.say(f"private: {private}\npublic:  {public}")
