"""The command line against a real database: what operators see, with JSON for programs and a sentence for every mistake."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from typer.testing import CliRunner, Result

from syndication import clock, config
from syndication.cli import app
from syndication.delivery import drain
from syndication.destinations import connect_form
from syndication.errors import NotFound
from syndication.infra import db
from syndication.models import DeadLetter
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.conftest import settings_for
from tests.town import deliveries, fan_out, hook, publish

Run = Callable[..., Result]


@pytest.fixture
def run(database: str, tmp_path: Path) -> Run:
    """Runs a command of the city; its broker does not answer."""
    cfg = settings_for(tmp_path, database_url=database, broker_url="redis://127.0.0.1:1/0")

    def invoke(*arguments: str, code: int = 0) -> Result:
        config.use(cfg)
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == code, result.output
        db.connect(database)
        return result

    return invoke


def test_a_merchant_and_its_key_are_made_in_two_commands(run: Run) -> None:
    assert (
        "cafe-rosengarten" in run("merchants", "add", "Café Rosengarten", "--email", "a@cafe.example").output
    )
    key = run("keys", "add", "cafe-rosengarten").output.strip()
    assert key.startswith("syn_")
    assert key not in run("keys", "--json").output
    assert json.loads(run("merchants", "--json").output)[0]["state"] == "admitted"
    run("merchants", "suspend", "cafe-rosengarten")
    assert json.loads(run("merchants", "--json").output)[0]["state"] == "suspended"


def test_a_file_is_imported_once_and_the_table_says_so(run: Run, tmp_path: Path) -> None:
    run("merchants", "add", "Kino", "--email", "a@kino.example")
    file = tmp_path / "posts.json"
    soon = (clock.now().replace(microsecond=0)).isoformat().replace("2026", "2030")
    posts = [
        {"kind": "event", "title": "Film", "starts_at": soon, "source_ref": "1"},
        {"kind": "event", "title": "ohne Zeit"},
    ]
    file.write_text(json.dumps(posts))
    dry = json.loads(run("import", str(file), "--merchant", "kino", "--dry-run", "--json").output)
    assert dry["counts"]["created"] == 1
    first = run("import", str(file), "--merchant", "kino").output
    assert "starts_at: is needed" in first
    again = json.loads(run("import", str(file), "--merchant", "kino", "--json").output)["counts"]
    assert (again["created"], again["unchanged"], again["refused"]) == (0, 1, 1)


def test_what_is_wrong_with_a_table_is_said_in_german_too(run: Run, tmp_path: Path) -> None:
    run("merchants", "add", "Kino", "--email", "a@kino.example")
    file = tmp_path / "termine.csv"
    file.write_text("Titel;Datum;Uhrzeit\nFilm;bald;spät\nFest;24.12.2036;18 Uhr\n", encoding="utf-8")
    command = ("import", str(file), "--merchant", "kino", "--dry-run", "--json", "--language")
    refused, fine = json.loads(run(*command, "de").output)["results"]
    assert (refused["position"], refused["reason"]) == (
        "Zeile 2",
        "Datum: ist kein Datum wie 24.12.2026 18:00: „bald“; Uhrzeit: ist keine Uhrzeit wie 18:00: „spät“",
    )
    assert fine["remarks"] == ["ohne Nummer: an Titel und Beginn erkannt"]
    assert json.loads(run(*command, "en").output)["results"][0]["position"] == "line 2"


def test_what_failed_is_seen_counted_and_sent_again(
    city: config.Settings, run: Run, receiver: Receiver
) -> None:
    hook(receiver)
    receiver.answer = lambda _: Reply(422, body=b"no thanks")
    publish()
    fan_out()
    drain.drain("push")
    (row,) = deliveries()
    failed = json.loads(run("deliveries", "--state", "failed", "--json").output)
    assert [one["id"] for one in failed] == [row.id]
    assert "Weinabend" in run("deliveries", "--state", "failed").output
    assert "no thanks" in run("delivery", str(row.id)).output
    assert "refuses this post" in run("dead-letters").output
    assert "1 deliveries would go out again" in run("replay", "--state", "failed", "--dry-run").output
    run("replay", "--channel", "webhook", "--yes")
    assert [one.state for one in deliveries()] == ["waiting"]
    assert json.loads(run("queues", "--json").output)["queues"]
    receiver.answer = lambda _: Reply(500)
    drain.drain("push")
    assert "1 deliveries would be tried now" in run("retry", "--channel", "webhook", "--dry-run").output
    assert "1 deliveries are tried now" in run("retry", "--channel", "webhook", "--yes").output
    assert "is tried now" in run("retry", str(row.id)).output


def test_readers_are_counted_and_one_can_be_helped(run: Run) -> None:
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    assert "anna" not in run("readers").output
    assert json.loads(run("readers", "--json").output) == [
        {"state": "confirmed", "cadence": "instantly", "count": 1}
    ]
    assert "Unsubscribed." in run("readers", "leave", "anna@example.org").output
    assert "left" in run("readers", "show", "anna@example.org").output


def test_destinations_are_shown_paused_and_resumed(
    city: config.Settings, run: Run, receiver: Receiver
) -> None:
    found = str(hook(receiver))
    assert "whsec_" not in run("destinations", "show", found).output
    run("destinations", "pause", found)
    rows = json.loads(run("destinations", "--json").output)
    assert {row["id"]: row["state"] for row in rows}[found] == "paused"
    run("destinations", "resume", found)


def test_a_message_nobody_could_read_is_shown_with_its_reason(run: Run) -> None:
    with db.transaction() as session:
        session.add(DeadLetter(source="queue", payload="{}", reason="no merchant", created_at=clock.now()))
    assert "no merchant" in run("dead-letters").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("deliveries", "--state", "eaten"), "is none of"),
        (("deliveries", "--since", "yesterday"), "must be a moment"),
        (("delivery", "4711"), "There is no delivery 4711"),
        (("keys", "add", "nobody"), "nobody"),
        (("keys", "add"), "--operator"),
        (("replay",), "needs a delivery's id"),
        (("retry",), "needs a delivery's id"),
        (("readers", "show", "nobody@example.org"), "nobody@example.org"),
        (("merchants", "add", "X", "--email", "no address"), "email"),
        (("destinations", "pause", "x"), "is not an id"),
    ],
)
def test_a_mistake_is_one_sentence_and_no_traceback(arguments: tuple[str, ...], words: str, run: Run) -> None:
    result = run(*arguments, code=1)
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    config.use(settings_for(tmp_path, database_url="postgresql://town:hidden@127.0.0.1:1/news"))
    result = CliRunner().invoke(app, ["queues"])
    config.use(None)
    assert result.exit_code == 1
    assert "127.0.0.1:1/news" in result.output
    assert "hidden" not in result.output


def test_wrong_settings_are_all_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CITY_NAME", "BASE_URL", "SMTP_HOST", "SECRET_KEYS"):
        monkeypatch.delenv(f"SYNDICATION_{name}", raising=False)
    monkeypatch.setenv("SYNDICATION_TIMEZONE", "Mars/Olympus")
    config.use(None)
    result = CliRunner().invoke(app, ["queues"])
    assert result.exit_code == 1
    for name in ("CITY_NAME", "BASE_URL", "SMTP_HOST", "SECRET_KEYS", "TIMEZONE"):
        assert f"SYNDICATION_{name}" in result.output


def test_the_doctor_says_what_to_do(run: Run) -> None:
    result = run("doctor", "--json", code=1)
    found = {one["part"]: one for one in json.loads(result.output)}
    assert found["database"]["verdict"] == "ok"
    assert found["broker"]["verdict"] == "bad"
    assert found["broker"]["advice"]
    assert found["mail"]["verdict"] == "bad"


def test_a_link_to_connect_an_outlet_is_given_out(run: Run) -> None:
    run("merchants", "add", "Weinhaus", "--email", "a@wein.example")
    said = run("destinations", "connect", "mastodon", "Our account", "--merchant", "weinhaus").output
    token = re.search(r"http://localhost:8000/connect/(\S+)", said)
    assert token is not None
    found = connect_form.opened(token.group(1))
    assert (found.channel, found.name) == ("mastodon", "Our account")
    assert found.merchant_id is not None
    assert "must be one of" in run("destinations", "connect", "webhook", "x", code=1).output
    with db.transaction() as session:
        row = factories.destination(
            session, "mastodon", settings={"server": "https://social.example"}, secrets={"access_token": "x"}
        )
    said = run("destinations", "reconnect", str(row.id)).output
    token = re.search(r"/connect/(\S+)", said)
    assert token is not None
    assert connect_form.opened(token.group(1)).destination_id == row.id


def test_links_are_listed_and_ended(run: Run) -> None:
    run("merchants", "add", "Weinhaus", "--email", "wein@haus.example")
    make = ("destinations", "connect", "mastodon", "Our account", "--merchant", "weinhaus")
    said = run(*make, "--valid-for", "2d").output
    token = said.rsplit("/", 1)[1].strip()
    (listed,) = json.loads(run("destinations", "links", "--json").output)
    assert (listed["state"], listed["made_by"], listed["merchant_slug"]) == ("open", "command", "weinhaus")
    assert token not in json.dumps(listed)
    run("destinations", "end-link", listed["id"])
    with pytest.raises(NotFound):
        connect_form.opened(token)
    assert "ended" in run("destinations", "links", "--merchant", "weinhaus").output
    for wrong in ("9d", "5s", "soon"):
        assert run(*make, "--valid-for", wrong, code=1).output
    run("merchants", "suspend", "weinhaus")
    assert "is suspended" in run(*make, code=1).output


def test_a_pair_of_keys_for_web_push_belongs_together(run: Run) -> None:
    said = dict(line.split(": ") for line in run("keys", "vapid").output.splitlines())
    vapid = Vapid02.from_string(said["private"])
    point = vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert base64.urlsafe_b64encode(point).decode().rstrip("=") == said["public"].strip()


#: Libraries that take time to load, and that only work needs. Not pydantic: typer itself reads options with it.
HEAVY = (
    "PIL", "aiohttp", "aiosmtpd", "alembic", "apprise", "babel", "celery", "cryptography", "css_inline", "email_validator",
    "fastapi", "feedgen", "icalendar", "jinja2", "kombu", "lxml", "markdown_it", "nh3", "prometheus_client", "psycopg",
    "pywebpush", "redis", "requests", "rich", "sqlalchemy", "starlette", "structlog", "urllib3", "uvicorn",
)  # fmt: skip


def loaded(*arguments: str) -> tuple[str, set[str]]:
    """What a command says, and which heavy libraries its process had loaded at the end."""
    look = (
        "import sys; from syndication.cli import app\n"
        "try: app()\n"
        "finally: print('loaded:', *(set(sys.modules) & set(sys.stdin.read().split())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look, *arguments],
        input=" ".join(HEAVY), capture_output=True, text=True, check=False,
    )  # fmt: skip
    said, _, names = done.stdout.rpartition("loaded:")
    return said + done.stderr, set(names.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--help",), "dead-letters"),
        (("keys", "--help"), "revoke"),
        (("destinations", "connect", "--help"), "--valid-for"),
        (("import", "--help"), "--merchant"),
        (("destination",), "No such command"),
        (("secret",), ""),
    ],
)
def test_whoever_asks_for_help_or_mistypes_waits_for_no_library(
    arguments: tuple[str, ...], words: str
) -> None:
    said, libraries = loaded(*arguments)
    assert words in said
    assert libraries == set()


def test_a_newsletter_is_held_and_released(run: Run) -> None:
    assert "Nobody waits" in run("editions").output
    assert "0 readers wait" in run("editions", "hold", "2030-11-27T07:00").output
    assert "held" in run("editions").output
    assert "must be a moment" in run("editions", "hold", "morgen", code=1).output
    assert "Released." in run("editions", "release", "2030-11-27T07:00").output
    assert "Cancelled." in run("editions", "cancel", "2030-11-27T07:00", "--yes").output
    assert "stays so" in run("editions", "release", "2030-11-27T07:00", code=1).output
