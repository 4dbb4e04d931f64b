"""Apprise's services: every plugin and every parameter of the installed version is tried, and none reads a file of ours."""

import base64
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apprise
import pytest
from apprise.plugins import NotifyBase
from apprise.utils.parse import parse_url
from pydantic import ValidationError

from syndication.channels.apprise import AppriseSettings
from syndication.channels.apprise_services import SERVICES, service_of
from syndication.infra import confined

ROOT = Path(__file__).parents[2]
#: Every schema of the version that was looked through, and every parameter of its own; `*` has those of all.
REVIEWED = Path(__file__).with_name("apprise_reviewed.txt")
CANARY = "canary-8c1f2e-of-a-file"
#: What all services know: timers, retries, formats, redirects, certificates, storage.
TUNING = set(NotifyBase.template_args)
#: Names that stand for more than text, access and address, whatever a plugin does with them.
MORE = {
    "template",
    "keyfile",
    "subfile",
    "attach",
    "method",
    "action",
    "call",
    "delay",
    "delete",
    "refresh",
    "cache",
}


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secrets") / "secret.json"
    path.write_text(json.dumps({"text": CANARY, "content": CANARY}))
    return path


@pytest.fixture(scope="module")
def walk(canary: Path) -> dict[str, Any]:
    """What Apprise itself does, with nothing of ours in its way."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.channels.apprise_walk", str(canary)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def taken(url: str) -> bool:
    """Whether somebody may enter this address."""
    try:
        AppriseSettings(url=url)
    except ValidationError:
        return False
    return True


def with_a_file(base: str, name: str, value: str) -> list[str]:
    """The address with one more part, as it may be written."""
    joined = f"{base}{'&' if '?' in base else '?'}"
    return [f"{joined}{quote(name, safe='+-:')}={one}" for one in (quote(value, safe=""), value, f"@{value}")]


def test_no_address_that_names_a_file_is_taken(walk: dict[str, Any], canary: Path) -> None:
    urls = [
        url
        for schema, names in walk["offered"].items()
        for name in [*names, "+x", "-x", ":x", ":template", "attach", "template", "keyfile", "unheard_of"]
        for value in (str(canary), f"file://{canary}")
        for url in with_a_file(walk["usable"][schema] or f"{schema}://board.example/token", name, value)
    ]
    accepted = [url for url in urls if taken(url)]
    print(f"{len(urls)} addresses that name a file: {len(accepted)} taken")
    assert accepted == []


def test_what_reads_a_file_is_not_on_the_list(walk: dict[str, Any]) -> None:
    readers = {(schema, name) for schema, name, _ in walk["readers"]}
    assert len(readers) >= 4, "the walk sees those that are known to"
    listed = {(schema, name) for schema, service in SERVICES.items() for name in service.parameters}
    print(f"{walk['tried']} parameters tried, {walk['requests']} requests; read a file: {sorted(readers)}")
    assert readers & listed == set()
    assert {schema for schema, _, _ in walk["leaks"]} & set(SERVICES) == set()


def test_what_would_read_a_file_reads_none_where_it_runs(walk: dict[str, Any]) -> None:
    """Had one of them been on the list: the process it runs in has no files."""
    questions: list[bytes] = []

    def reply(question: bytes) -> bytes:
        questions.append(question + base64.b64decode(json.loads(question)["body"]))
        return json.dumps({"status": 200, "headers": {}, "body": ""}).encode()

    child = confined.Child("syndication.infra.confined.apprise_plugins", memory=150_000_000)
    urls = [url for _, _, url in walk["readers"]]
    for url in [*urls, *(with_plain for with_plain in filter(None, walk["usable"].values()))][
        : len(urls) + 20
    ]:
        frame = {"url": url, "title": "Weinhaus", "text": "Weinabend"}
        child.ask(json.dumps(frame).encode(), seconds=30, reply=reply)
    child.close()
    assert questions, "those without a file are sent"
    assert [one for one in questions if CANARY.encode() in one] == []


def test_the_list_is_what_is_taken_and_works(walk: dict[str, Any]) -> None:
    offered = walk["offered"]
    plain = {schema: walk["usable"][schema] or f"{schema}://board.example/token" for schema in offered}
    accepted = {schema for schema, url in plain.items() if taken(url)}
    print(f"schemas: {len(offered)} offered, {len(accepted)} taken, {len(offered) - len(accepted)} refused")
    assert accepted == set(SERVICES)
    assert [schema for schema in SERVICES if not walk["usable"][schema]] == []
    assert {
        schema: walk["most"][schema]
        for schema, service in SERVICES.items()
        if service.most > walk["most"][schema]
    } == {}, "texts longer than the service takes"


def test_the_page_names_every_service() -> None:
    page = (ROOT / "docs" / "channels" / "apprise.md").read_text(encoding="utf-8")
    assert [schema for schema in SERVICES if f"`{schema}`" not in page] == []


def test_each_listed_parameter_is_one_of_the_plugins_own_and_only_says_text_access_or_address(
    walk: dict[str, Any],
) -> None:
    for schema, service in SERVICES.items():
        assert service.parameters <= set(walk["offered"][schema]), schema
        assert service.parameters.isdisjoint(TUNING | MORE), schema
        assert all(name.replace("_", "").isalnum() for name in service.parameters), schema


def test_what_a_new_version_brings_is_looked_at(walk: dict[str, Any]) -> None:
    """It is refused until then. Who has looked writes it into the list, or only into apprise_reviewed.txt."""
    known = {
        schema: set(names.split())
        for schema, _, names in (line.partition(":") for line in REVIEWED.read_text().splitlines())
    }
    new = {
        schema: sorted(set(names) - known.get(schema, set()) - known["*"])
        for schema, names in walk["offered"].items()
        if schema not in known or set(names) - known[schema] - known["*"]
    }
    assert new == {}, f"Apprise {apprise.__version__} brings what nobody has looked at"
    assert TUNING - known["*"] == set()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is no address in Apprise's form"),
        ("https://hooks.slack.com/services/T1/B1/x", "cannot be used here: https"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/passwd", "of its own here: Discord"),
        ("workflow://board.example/w/s?template=/etc/passwd", "of its own here: Microsoft Teams"),
        ("vapid://anna@example.org?keyfile=/etc/passwd", "cannot be used here: vapid"),
        ("zulip://bot@org/token/stream?retry=9", "leave it out: retry"),
        ("zulip://bot@org/token/stream?store=no", "leave it out: store"),
        ("zulip://bot@org/token/stream?to=a&Verify=no", "leave it out: Verify"),
        ("zulip://bot@org/token/stream?to=a;cto=60", "leave it out: cto"),
        ("zulip://bot@org/token/stream?%74o=a", "leave it out: %74o"),
        ("zulip://bot@org/token/stream?=a", "leave it out: "),
        ("zulip://bot@org/token/stream?to=/etc/passwd", "must not name a file"),
        ("zulip://bot@org/token/stream?to=%2Fetc%2Fpasswd", "must not name a file"),
        ("zulip://bot@org/token/stream?to=%252Fetc", "must not name a file"),
        ("zulip://bot@org/token/stream?to=@file:/etc", "must not name a file"),
        ("zulip://bot@org/token/stream?to=https://evil.example/", "must not name a file"),
        ("json://board.example/hook?+X-Token=1", "leave it out: +X-Token"),
        ("json://board.example/hook?:message=1", "leave it out: :message"),
        ("json://board.example/hook?-key=1", "leave it out: -key"),
        ("json://board.example/hook?method=DELETE", "leave it out: method"),
        ("json://board.example/ho ok", "must not hold spaces"),
        ("json://board.example/hook?to=1?template=x", "is no address in Apprise's form"),
        ("json:/\\board.example/hook", "is no address in Apprise's form"),
        (" json://board.example/hook", "is no address in Apprise's form"),
        ("json://" + "a" * 2000, "is no address in Apprise's form"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        service_of(url)
    assert words in str(refused.value)


def test_apprise_reads_in_an_address_no_more_than_we_do() -> None:
    pieces = [
        "json", "zulip", "discord", "://", ":/", ":", "//", "/", "\\", "?", "&", ";", "=", "to", "template", "%74o", "+",
        "-", "@", "#", "%3F", "%26", "host", "a.b", " ", "\t", "\n", "\x00", "é", "[", "]", "store", "TO", "%0a",
    ]  # fmt: skip
    chance, read = random.Random(8), 0
    for _ in range(20_000):
        tail = "".join(chance.choice(pieces) for _ in range(chance.randrange(12)))
        url = chance.choice(("json://host/", "zulip://bot@org/token/", "gotify://host/t?to", "")) + tail
        try:
            service = service_of(url)
        except ValueError:
            continue
        found = parse_url(url, verify_host=False)  # type: ignore[no-untyped-call]  # Apprise types only a part of itself
        if found is None:
            continue
        read += 1
        assert SERVICES[found["schema"]] == service, url
        assert set(found["qsd"]) <= service.parameters | {""}, url
        assert [found[kind] for kind in ("qsd+", "qsd-", "qsd:")] == [{}, {}, {}], url
    assert read > 500
