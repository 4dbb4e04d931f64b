"""Commands for people who sign in: who they are, what they may do, and a link for whoever gets no mail."""

from typing import TYPE_CHECKING, Annotated

import typer

from syndication.cli import screen
from syndication.cli.process import start
from syndication.cli.screen import Json
from syndication.errors import Invalid

if TYPE_CHECKING:
    from syndication.accounts.people import PersonRecord

Address = Annotated[str, typer.Argument(help="The person's mail address.")]
group = typer.Typer(help="Who may sign in; without a command, all of them.")


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(group, name="people")


@group.callback(invoke_without_command=True)
def listed(context: typer.Context, json: Json = False) -> None:
    """Everybody who may sign in."""
    if context.invoked_subcommand:
        return
    from syndication.accounts import people

    cfg = start()
    rows = people.listed()
    if json:
        screen.as_json(rows)
        return
    screen.table(
        ("name", "mail", "for the city", "for merchants"),
        [(row.name, row.email, row.role, _merchants(row)) for row in rows],
        zone=cfg.zone,
        none="Nobody may sign in yet. `syndication people add` changes that.",
    )


@group.command()
def add(
    address: Address,
    name: Annotated[str, typer.Option(help="Name, as colleagues see it.")] = "",
    merchant: Annotated[str | None, typer.Option(help="Slug of a merchant for which they may act.")] = None,
    owner: Annotated[bool, typer.Option("--owner", help="They may also say who else acts for it.")] = False,
    role: Annotated[
        str | None, typer.Option(help="What they may do for the city: viewer, editor or operator.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of pages and mails: de or en; else the city's.")
    ] = None,
) -> None:
    """Let somebody sign in, or give somebody who is known more to do.

    syndication people add rosa@cafe.example --name "Rosa Rosen" --merchant cafe-rosengarten --owner
    """
    from syndication.accounts import people

    cfg = start()
    known = next((one for one in people.ROLES if one == role), None)
    if role is not None and known is None:
        raise Invalid.field("role", f"must be one of {', '.join(people.ROLES)}")
    spoken = language or cfg.language
    if merchant is not None:
        people.join(address, merchant, "owner" if owner else "member", name=name, language=spoken)
    person = people.add(address, name=name, language=spoken, role=known)
    screen.say(f"{person.name} may sign in at {cfg.base_url}/sign-in with {person.email}.")
    if allowed := ", ".join(filter(None, (person.role, _merchants(person)))):
        screen.say(f"May act as: {allowed}.")


@group.command()
def role(
    address: Address,
    may: Annotated[
        str, typer.Argument(help="What they may do for the city: viewer, editor, operator, or none.")
    ],
) -> None:
    """Another role for the city for somebody who is known, at once; they are told by mail."""
    from syndication.accounts import invitations, people

    cfg = start()
    wanted = next((one for one in people.ROLES if one == may), None)
    if wanted is None and may != "none":
        raise Invalid.field("role", f"must be one of {', '.join(people.ROLES)}, none")
    person = people.of_address(address)
    changed = invitations.change_role(person.id, wanted, who=cfg.city_name)
    screen.say(f"{person.name}: {may}." if changed else f"{person.name} had this role already.")


@group.command()
def remove(address: Address) -> None:
    """Let somebody sign in no more; where they are signed in ends at once."""
    from syndication.accounts import people

    start()
    screen.say(f"{people.remove(address).name} cannot sign in any more.")


@group.command()
def link(address: Address) -> None:
    """A link by which somebody signs in, once and soon: for when no mail arrives."""
    from syndication.accounts import sign_in

    cfg = start()
    url, until = sign_in.link(address)
    screen.say(url)
    screen.say(f"Good once, until {until.astimezone(cfg.zone):%H:%M}. Give it to nobody else.")


def _merchants(person: "PersonRecord") -> str:
    return ", ".join(f"{slug} ({role})" for slug, role in person.merchants.items())
