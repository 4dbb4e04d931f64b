"""What somebody comes for: the commands by need, and for each a line that can be typed as it stands."""

from collections.abc import Mapping

import typer

#: Heading → commands, in the order in which somebody meets them.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "Begin": ("demo", "init", "migrate", "inbox", "up"),
    "Merchants, people and readers": ("merchants", "people", "keys", "readers"),
    "What goes out": (
        "posts",
        "review",
        "topics",
        "districts",
        "import",
        "editions",
        "destinations",
        "channels",
    ),
    "Is all well, and what is not": (
        "doctor",
        "alerts",
        "queues",
        "deliveries",
        "delivery",
        "dead-letters",
        "log",
    ),
    "Help it along": ("retry", "replay"),
    "Keep it running": ("web", "settings", "secret", "rotate-secrets", "restored"),
}
#: Command → what may follow its name.
EXAMPLES: Mapping[str, str] = {
    "demo": "--port 8100",
    "init": "--city Coburg",
    "inbox": "",
    "up": "",
    "merchants": "",
    "merchants add": '"Café Rosengarten" --email hallo@cafe.example',
    "merchants admit": "cafe-rosengarten",
    "merchants suspend": "cafe-rosengarten --keep",
    "people": "",
    "people add": "otto@coburg.example --role operator",
    "people link": "rosa@cafe.example",
    "people remove": "otto@coburg.example",
    "keys": "",
    "keys add": "cafe-rosengarten --name Kasse",
    "readers": "",
    "readers show": "anna@example.org",
    "readers export": "anna@example.org",
    "readers erase": "anna@example.org",
    "editions": "",
    "editions hold": "2026-11-27T07:00",
    "editions release": "2026-11-27T07:00",
    "posts list": "--merchant cafe-rosengarten",
    "posts show": "0198f2c4",
    "posts withdraw": "0198f2c4 --reason wrong",
    "review": "",
    "review approve": "0198f2c4",
    "review return": '0198f2c4 --because "Bitte mit Uhrzeit."',
    "topics": "",
    "topics rename": "musik Musik",
    "topics merge": "konzerte musik --yes",
    "districts": "",
    "districts rename": "Mitte Innenstadt",
    "import": "termine.ics --merchant stadtmuseum --dry-run",
    "destinations": "",
    "destinations connect": 'mastodon "Coburg auf Mastodon"',
    "channels": "",
    "doctor": "",
    "alerts": "",
    "alerts limits": "",
    "alerts set": "queue.mail --limit 90",
    "alerts set-off": "source.file",
    "queues": "",
    "deliveries": "--state failed",
    "deliveries causes": "--since 2d",
    "delivery": "4711",
    "dead-letters": "",
    "log": "--since 2d",
    "retry": "--channel newsletter",
    "replay": "--channel webhook --dry-run",
    "migrate": "",
    "web": "",
    "settings": "",
    "secret": "",
    "rotate-secrets": "",
    "restored": "",
}


def show(app: typer.Typer) -> None:
    """Give each command its example, behind its own help."""
    for command in app.registered_commands:
        assert command.callback is not None
        command.epilog = _example(command.name or command.callback.__name__.replace("_", "-"))
    for part in app.registered_groups:
        assert part.typer_instance is not None
        assert part.name is not None
        part.epilog = _example(part.name)
        for command in part.typer_instance.registered_commands:
            assert command.callback is not None
            name = command.name or command.callback.__name__.replace("_", "-")
            command.epilog = _example(f"{part.name} {name}")


def _example(name: str) -> str | None:
    if name not in EXAMPLES:
        return None
    return f"Example: syndication {name} {EXAMPLES[name]}".strip()
