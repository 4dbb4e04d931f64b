"""Commands that run the service, or a demo of it."""

import re
from pathlib import Path
from typing import Annotated

import typer

from syndication.cli.screen import say

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages and the API.")]


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(up)
    app.command()(web)
    app.command()(demo)
    app.command()(migrate)
    app.command()(inbox)


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Port of the pages and the API; else that of a public address on this machine, or 8000.",
        ),
    ] = None,
) -> None:
    """Run everything on this machine: web, workers, beat, and a redis-server where no broker is set."""
    from syndication.config import settings
    from syndication.stack import up as whole_stack

    cfg = settings()
    whole_stack.run(cfg, host=host, port=port or own_port(cfg.base_url) or 8000)


def own_port(base_url: str) -> int | None:
    """The port of an http address on this machine: nothing stands between such an address and us. None: there is none."""
    found = re.fullmatch(r"http://(?:127\.0\.0\.1|localhost):(\d+)", base_url)
    return int(found[1]) if found else None


def web(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Port = 8000,
    proxies: Annotated[
        str,
        typer.Option(
            help="Whose X-Forwarded-For is believed: addresses or networks with commas between; *: anybody's."
        ),
    ] = "127.0.0.1",
    head_seconds: Annotated[
        float, typer.Option(min=0.1, help="Within these a request's head must have come whole.")
    ] = 10,
    reader_seconds: Annotated[
        float, typer.Option(min=0.1, help="Within these a reader must take 20 kB of an answer, or all of it.")
    ] = 20,
    connections: Annotated[
        int,
        typer.Option(
            min=0, help="Most connections at once; 0: as many as the process may have files, at most 2000."
        ),
    ] = 0,
) -> None:
    """Run the web process alone, as a part of a fleet: pages, feeds, API."""
    from syndication.web import server

    patience = server.Patience(head=head_seconds, reader=reader_seconds, connections=connections)
    server.serve("syndication.asgi:create", host=host, port=port, proxies=proxies, patience=patience)


def demo(
    port: Port = 8000,
    once: Annotated[
        bool, typer.Option("--once", help="End after the table; exit code 1 where an outlet got nothing.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files; emptied first.")] = Path(
        ".demo"
    ),
) -> None:
    """Run a demo city with a mail server and a webhook receiver of its own, and show what arrives."""
    from syndication.stack import demo as demo_city

    raise typer.Exit(demo_city.run(port=port, once=once, folder=folder))


def migrate() -> None:
    """Bring the database to the newest tables."""
    from syndication import migrations
    from syndication.config import settings

    migrations.upgrade(settings().resolved_database_url)
    say("The tables are those of this version.")


def inbox(
    port: Annotated[
        int,
        typer.Option(
            min=1, max=65535, envvar="SYNDICATION_SMTP_PORT", help="Where it listens, on this machine only."
        ),
    ] = 2525,
    folder: Annotated[Path, typer.Option(help="Where mails are kept, each as an .eml file.")] = Path("inbox"),
) -> None:
    """Be the mail server of a city that is tried out: show every mail that arrives, and send none on."""
    from syndication.stack import inbox as mailbox

    mailbox.run(port=port, folder=folder, show=say)
