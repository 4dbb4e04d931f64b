"""Commands for upkeep: check the installation, show settings, rotate secrets."""

import inspect
import secrets
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from syndication.cli import screen
from syndication.cli.options import Yes
from syndication.cli.process import start
from syndication.cli.screen import Json

Markdown = Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation.")]
_MARKS = {"ok": "ok", "warn": "look", "bad": "BAD"}


def join(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("doctor")(examine)
    app.command("settings")(show_settings)
    app.command("commands", hidden=True)(lambda: screen.say(commands_page(app)))
    app.command("secret")(new_secret)
    app.command("rotate-secrets")(rotate_secrets)
    app.command("restored")(restored)


def examine(json: Json = False) -> None:
    """Look at every part, and say what to do where something is wrong. Exit code 1 where it is bad."""
    from syndication.config import settings
    from syndication.ops import doctor

    cfg = settings()
    found = []
    for finding in doctor.examine(cfg):
        found.append(finding)
        if not json:
            advice = f"\n      {finding.advice}" if finding.advice else ""
            screen.say(f"{_MARKS[finding.verdict]:<5} {finding.part}: {finding.said}{advice}")
    if json:
        screen.as_json(found)
    if any(finding.verdict == "bad" for finding in found):
        raise typer.Exit(1)


def show_settings(markdown: Markdown = False, json: Json = False) -> None:
    """What is set here, without secrets; or the page that explains every setting."""
    from syndication.config import settings

    if markdown:
        screen.say(settings_page())
        return
    shown = {name: str(value) for name, value in settings().model_dump().items()}
    screen.as_json(shown) if json else screen.sheet(shown, zone=settings().zone)


def new_secret() -> None:
    """A fresh key for SYNDICATION_SECRET_KEYS."""
    screen.say(secrets.token_urlsafe(36))


def rotate_secrets() -> None:
    """Encrypt the secrets of all destinations under the first key of SYNDICATION_SECRET_KEYS."""
    from syndication import destinations

    start()
    screen.say(f"{destinations.renew_secrets()} destinations now use the first key.")


def restored(yes: Yes = False) -> None:
    """After a backup was restored, before anything starts: nothing that may have gone out since then goes out again."""
    from syndication.delivery import restored as backup
    from syndication.errors import Conflict, SyndicationError
    from syndication.infra import private_files
    from syndication.ops import broker
    from syndication.stack.up import alone

    cfg = start()
    private_files.folder(cfg.data_dir)
    with alone(cfg.data_dir):
        try:
            at_work = broker.listeners(cfg.resolved_broker_url)
        except SyndicationError:  # it is stopped as well
            at_work = {}
        if at_work:
            raise Conflict(f"Stop every part first: {', '.join(at_work)} is at work on this database.")
        if not yes:
            typer.confirm("Whatever waits in this database counts as perhaps sent. Go on?", abort=True)
        done = backup.settle(cfg)
    screen.sheet(
        {
            "The backup is of": done.of,
            "Posts whose hour came since": done.published,
            "Perhaps sent, by channel": ", ".join(
                f"{name} {count}" for name, count in sorted(done.doubtful.items())
            ),
            "Signed out": done.sessions,
        },
        zone=cfg.zone,
    )  # fmt: skip -- a line for a line
    if done.broken:
        screen.say(f"Changes that cannot be told at all: {done.broken}; the log says why.")
    if done.doubtful:
        screen.say(
            "`syndication deliveries --state unconfirmed` shows what to look for, `syndication replay` sends it."
        )
    screen.say("The parts may be started.")


def settings_page() -> str:
    """docs/settings.md, made from the settings themselves."""
    lines = [
        "# Settings",
        "",
        "All settings come from the environment. Any of them can come from a file instead: `SYNDICATION_NAME_FILE` names it.",
        "`syndication settings` shows what is set, `syndication doctor` whether it works. This page is made by",
        "`syndication settings --markdown`.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *_setting_rows()])


def _setting_rows() -> Iterator[str]:
    from pydantic_core import PydanticUndefined

    from syndication.config import Settings

    for name, info in Settings.model_fields.items():
        default: Any = info.default
        if default is PydanticUndefined:
            shown = "**needed**"
        elif isinstance(default, tuple):
            shown = f"`{','.join(f'{value:g}' if isinstance(value, float | int) else value for value in default)}`"
        else:
            shown = f"`{default}`" if str(default) and "**" not in str(default) else "empty"
        yield f"| `SYNDICATION_{name.upper()}` | {shown} | {info.description} |"


def commands_page(app: typer.Typer) -> str:
    """docs/commands.md, made from the commands themselves."""
    lines = [
        "# Commands",
        "",
        "Every listing takes `--json`. `syndication COMMAND --help` explains the options. This page is made by",
        "`syndication commands`.",
        "",
        "| command | what it does |",
        "|---|---|",
    ]
    for command in app.registered_commands:
        if not command.hidden and command.callback:
            name = command.name or command.callback.__name__.replace("_", "-")
            lines.append(f"| `syndication {name}` | {inspect.getdoc(command.callback)} |")
    for part in app.registered_groups:
        assert part.typer_instance is not None
        top = part.typer_instance.registered_callback
        assert top is not None
        lines.append(f"| `syndication {part.name}` | {inspect.getdoc(top.callback)} |")
        for command in part.typer_instance.registered_commands:
            assert command.callback is not None
            name = command.name or command.callback.__name__.replace("_", "-")
            lines.append(f"| `syndication {part.name} {name}` | {inspect.getdoc(command.callback)} |")
    return "\n".join(lines)
