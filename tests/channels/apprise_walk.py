"""Walks every plugin of the installed Apprise and every parameter it takes, in a process of its own, with a canary in a file.

Run with the canary's path; writes one JSON object. No list of ours and no confinement is in the way here: what is found is
what Apprise itself would do. Only connections are forbidden, and all requests are taken in place of being sent.
"""

import base64
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import apprise
from apprise.manager_plugins import NotificationManager

from syndication.infra.confined import apprise_plugins

MANAGER = NotificationManager()  # type: ignore[no-untyped-call]  # Apprise types only a part of itself
HEX = "0123456789abcdef"
#: What a token of an address may look like; the first that its pattern takes is used.
WORDS = (
    "abcdefgh", "4915112345678", "+4915112345678", "anna@example.org", "board.example", "12345", "1234567890",
    *((HEX * 8)[:size] for size in (6, 10, 20, 24, 25, 27, 30, 32, 33, 36, 40, 43, 48, 56, 60, 64, 100, 128)),
    *(("ABCDEF0123456789" * 8)[:size] for size in (9, 15, 16, 20, 24, 30, 32, 34, 40, 64)),
    "8b799edf-6f98-4d3a-9be7-2862fb4e5752", "AC" + "a1" * 16, "SM" + "a1" * 16, "T1JJ3T3L2", "us-east-1", "us", "#room",
    "@anna", "1", "key_" + "a" * 30, "xoxb-1234-1234-abcdefgh", "123456789:abcdefghijklmnopqrstuvwxyz012345678",
    "lpt_" + HEX, "hlk_" + HEX, "trgv_01234567_" + HEX * 2, "AT_" + HEX, "UID_" + HEX, "ylk_" + HEX * 2,
    "WPUSH" + (HEX * 2)[:27],
)  # fmt: skip
#: Addresses that no pattern tells.
SPECIAL = {
    "evolution": "evolution://key@board.example/instance/4915112345678",
    "evolutions": "evolutions://key@board.example/instance/4915112345678",
    "fcm": "fcm://project/topic?mode=oauth2",
    "vapid": "vapid://anna@example.org/anna@example.org",
    "humhub": "humhub://user:password@board.example/1",
    "humhubs": "humhubs://user:password@board.example/1",
    "sfr": "sfr://user:password@12345/4915112345678",
    "voipms": "voipms://password:anna@example.org/12025550123/12025550124",
    "ringc": f"ringc://4915112345678:token@{HEX}/{HEX}/4915112345678",
    **{one: f"{one}://{HEX * 4}:{HEX * 4}@board.example/room" for one in ("sogs", "session", "sessions")},
}
opened: list[str] = []
watched: list[str] = []


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Notes who reads the canary, and lets nobody reach the network or another program."""
    if event == "open" and str(arguments[0]) in watched:
        opened.append(str(arguments[0]))
    elif event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")):
        raise PermissionError(event)


def fitting(token: dict[str, Any]) -> str:
    """A value that a token's pattern takes."""
    if values := token.get("values"):
        return str(next(iter(values)))
    if token.get("type") == "email":
        return "anna@example.org"
    pattern, *flags = token.get("regex") or ("",)
    kinds = re.IGNORECASE if "i" in str(*flags[:1]) else 0
    for word in WORDS:
        if not pattern or re.match(pattern, word, kinds):
            return quote(word, safe="@+:")
    return "abcdefgh"


def addresses(schema: str, plugin: Any) -> Iterator[str]:
    """Addresses of a service, one for each of its forms."""
    tokens = plugin.template_tokens
    filled = {"port": "8080", "host": "board.example", "schema": schema}
    for name, token in tokens.items():
        one = tokens[sorted(token["group"])[0]] if token.get("group") else token
        if name not in filled or "regex" in token:
            filled[name] = fitting(one)
    if schema in SPECIAL:
        yield SPECIAL[schema]
    # The longest last: it names most.
    for form in sorted(plugin.templates, key=lambda form: str(form).count("{")):
        yield str(form).format(**filled)


def sent(url: str, canary: bytes, status: int = 200) -> tuple[bool, bool, int]:
    """Whether Apprise took an address, whether a request showed the canary, and how many there were."""
    asked: list[bytes] = []

    def ask(question: bytes) -> bytes:
        asked.append(question)
        body = b'{"ok": true, "success": true, "token": "t", "access_token": "t", "result": [], "data": {}, "id": "1"}'
        return json.dumps(
            {"status": status, "headers": {}, "body": base64.b64encode(body).decode()}
            if len(asked) < 8
            else {"failure": "enough"}
        ).encode()

    frame = {"url": url, "title": "Weinhaus", "text": "Weinabend"}
    known = json.loads(apprise_plugins.answer(json.dumps(frame).encode(), ask))["known"]
    shown = any(
        canary in question or canary in base64.b64decode(json.loads(question)["body"]) for question in asked
    )
    return known, shown, len(asked)


def names(plugin: Any) -> dict[str, str]:
    """All that may follow the `?` of a service's addresses, with what it means (the name of a token, or its type)."""
    found = {
        name: str(info.get("alias_of") or info.get("type")) for name, info in plugin.template_args.items()
    }
    found |= {name: "file" for name in ("keyfile", "subfile") if name in plugin.template_tokens}
    more = {f"{info.get('prefix', ':')}{name}": "free" for name, info in plugin.template_kwargs.items()}
    return found | more


def main(path: str) -> dict[str, Any]:
    """Everything that was found."""
    canary = b"canary-8c1f2e-of-a-file"
    sys.addaudithook(hook)
    time.sleep = lambda _: None
    report: dict[str, Any] = {
        "offered": {},
        "usable": {},
        "most": {},
        "readers": [],
        "leaks": [],
        "tried": 0,
        "requests": 0,
    }
    watched.append(path)
    for schema in sorted(MANAGER.schemas()):  # type: ignore[no-untyped-call]  # the same
        plugin = MANAGER[schema]
        report["offered"][schema] = names(plugin)
        usable = ""
        for url in addresses(schema, plugin):
            service = apprise.Apprise.instantiate(url, asset=apprise_plugins._ASSET)
            if service is not None:
                usable = url
                report["most"][schema] = service.body_maxlen
        report["usable"][schema] = usable
        bases = {usable or next(addresses(schema, plugin)), SPECIAL.get(schema, usable)} - {""}
        for name, meaning in report["offered"][schema].items():
            if meaning in ("bool", "int", "float"):
                continue
            for base, value in itertools.product(sorted(bases), (path, f"file://{path}")):
                del opened[:]
                joined = (
                    f"{base}{'&' if '?' in base else '?'}{quote(name, safe='+-:')}={quote(value, safe='')}"
                )
                _, shown, count = sent(joined, canary)
                report["tried"] += 1
                report["requests"] += count
                if opened:
                    report["readers"].append([schema, name, joined])
                if shown:
                    report["leaks"].append([schema, name, joined])
    return report


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
