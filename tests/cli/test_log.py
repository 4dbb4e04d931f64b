"""Every command that changes something leaves its line in the audit log, or stands here with the reason why it leaves none."""

import getpass
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from syndication import config
from syndication.accounts import applications, people
from syndication.audience import district_acts, mailings, topic_acts
from syndication.cli import app
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.models import ConnectLink, Delivery, Destination, Merchant
from syndication.publishing import api_keys, merchants, posts, review
from syndication.publishing.api_keys import KeyRequest
from tests import factories
from tests.accounts.test_applications import answered
from tests.accounts.test_applications import token as link_token
from tests.audience.test_mailings import daily
from tests.conftest import settings_for
from tests.town import fan_out

pytestmark = pytest.mark.enough("sqlite")  # that acts are written down; tests/audit has the table, on both
Run = Callable[..., Result]

_LOOKS = "it only looks"
_STARTS = "it starts parts, whose acts are written down by themselves"
#: Commands that leave no line, and why.
SILENT = {
    **dict.fromkeys(
        (
            "queues", "dead-letters", "deliveries", "delivery", "channels", "doctor", "settings", "commands", "log",
            "posts list", "posts show", "destinations", "destinations show", "destinations links",
            "destinations dry-run", "readers", "readers show", "merchants", "merchants applications", "merchants show", "people",
            "keys", "deliveries causes", "editions", "review", "topics", "districts", "alerts", "alerts limits",
            "alerts prometheus",
        ),
        _LOOKS,
    ),
    **dict.fromkeys(("up", "web", "demo", "inbox"), _STARTS),
    "init": "it writes a file of settings, before there is a database",
    "secret": "it prints a text that nothing knows yet",
    "keys vapid": "it prints texts that nothing knows yet",
    "alerts test": "here nobody can be told, so that it fails; tests/web/deeds.py has its line",
    "migrate": "it makes the tables, the log's among them",
}  # fmt: skip


def _id(model: Any) -> str:
    with db.reading() as session:
        return str(session.scalars(select(model.id)).first())


def _failed() -> str:
    with db.transaction() as session:
        session.execute(update(Delivery).values(state="failed"))
    return _id(Delivery)


def _waits() -> str:
    with db.transaction() as session:
        session.execute(update(Delivery).values(state="waiting", attempts=1))
    return _id(Delivery)


def _applied() -> str:
    answered()
    applications.confirm(link_token())
    with db.reading() as session:
        return session.scalars(select(Merchant.slug).where(Merchant.state == "applied")).one()


def _key() -> str:
    return api_keys.create(None, KeyRequest(name="alt")).key.id


def _file() -> str:
    file = Path(config.settings().data_dir) / "posts.json"
    draft = {"kind": "event", "title": "Film", "starts_at": "2030-12-01T19:30:00Z", "source_ref": "1"}
    file.write_text(json.dumps([draft]))
    return str(file)


#: Each command that changes something → its arguments, made when it is called, and what must be written down.
WRITTEN: dict[str, tuple[Callable[[], list[str]], str]] = {
    "replay": (lambda: [_failed()], "delivery.replayed"),
    "retry": (lambda: [_waits()], "delivery.retried"),
    "import": (lambda: [_file(), "--merchant", "cafe", "--tell", "each"], "post.created"),
    "rotate-secrets": (list, "secrets.renewed"),
    "restored": (lambda: ["--yes"], "backup.restored"),
    "posts withdraw": (
        lambda: [_id(posts.Post), "--reason", "unlawful", "--statement", "Gegen das Gesetz", "--yes"],
        "post.withdrawn",
    ),
    "destinations pause": (lambda: [_id(Destination)], "outlet.paused"),
    "destinations resume": (lambda: [_id(Destination)], "outlet.resumed"),
    "destinations test": (lambda: [_id(Destination)], "outlet.tested"),
    "destinations alarms": (lambda: [_id(Destination)], "outlet.alarms"),
    "destinations connect": (lambda: ["telegram", "Unser Kanal"], "link.made"),
    "destinations reconnect": (lambda: [_telegram()], "link.made"),
    "destinations end-link": (lambda: [_link()], "link.ended"),
    "editions hold": (lambda: [_slot()], "edition.held"),
    "editions release": (lambda: [_held()], "edition.released"),
    "editions cancel": (lambda: [_slot(), "--yes"], "edition.cancelled"),
    "readers leave": (lambda: ["anna@example.org"], "reader.left"),
    "readers export": (lambda: ["anna@example.org"], "reader.exported"),
    "readers erase": (lambda: ["anna@example.org", "--yes"], "reader.erased"),
    "merchants add": (lambda: ["Kino", "--email", "a@kino.example"], "merchant.admitted"),
    "merchants admit": (lambda: [_applied()], "merchant.admitted"),
    "merchants decline": (lambda: [_applied(), "--because", "Zu weit weg."], "application.declined"),
    "merchants suspend": (lambda: ["cafe", "--keep"], "merchant.suspended"),
    "review approve": (lambda: [_waits_for_a_look()], "review.approved"),
    "review return": (lambda: [_waits_for_a_look(), "--because", "Zu weit weg."], "review.returned"),
    "alerts set": (lambda: ["disk", "--limit", "3"], "alerts.chosen"),
    "alerts set-off": (lambda: ["disk"], "alerts.chosen"),
    "review rules": (lambda: ["new", "--first-posts", "3"], "review.rules"),
    "review merchant": (lambda: ["cafe", "always"], "review.rules"),
    "merchants quota": (lambda: ["cafe", "7"], "merchant.changed"),
    "people add": (lambda: ["neu@coburg.example", "--role", "viewer"], "person.added"),
    "people role": (lambda: ["rosa@cafe.example", "viewer"], "person.role"),
    "people remove": (lambda: ["rosa@cafe.example"], "person.removed"),
    "people link": (lambda: ["rosa@cafe.example"], "person.link"),
    "topics rename": (lambda: [*_topics()[:1], "Klang"], "topic.renamed"),
    "topics merge": (lambda: [*_topics(), "--yes"], "topic.merged"),
    "topics split": (lambda: [_filed()], "topic.split"),
    "districts rename": (lambda: [_district(), "Innenstadt"], "district.renamed"),
    "districts split": (lambda: [_former_district()], "district.split"),
    "keys add": (lambda: ["cafe"], "key.made"),
    "keys revoke": (lambda: [_key()], "key.revoked"),
}


def _topics() -> list[str]:
    owner = merchants.by_slug("cafe").id
    factories.post(owner, factories.event(topics=["Musik", "Tanz"]))
    return ["musik", "tanz"]


def _district() -> str:
    merchants.update(merchants.by_slug("cafe").id, merchants.Amendment(district="Mitte"))
    return "Mitte"


def _former_district() -> str:
    district_acts.rename(_district(), "Innenstadt")
    return "Mitte"


def _filed() -> str:
    first, second = _topics()
    topic_acts.merge(first, second)
    return first


def _waits_for_a_look() -> str:
    cafe = merchants.by_slug("cafe").id
    review.set_own(cafe, "always")
    return str(posts.create(cafe, factories.event()).id)


def _slot() -> str:
    return daily("jana@example.org").isoformat()


def _held() -> str:
    slot = daily("jana@example.org")
    mailings.hold(slot, "Otto")
    return slot.isoformat()


def _telegram() -> str:
    with db.transaction() as session:
        row = factories.destination(
            session, "telegram", settings={"chat": "@coburg"}, secrets={"bot_token": "1:t"}
        )
        return str(row.id)


def _link() -> str:
    from syndication.destinations import connecting, links

    connecting.link(connecting.ConnectionRequest(channel="telegram", name="x"), links.COMMAND)
    return _id(ConnectLink)


@pytest.fixture
def run(database: str, tmp_path: Path) -> Iterator[Run]:
    """Runs a command of a city with a café, a post, an outlet and a reader; its broker does not answer."""
    cfg = settings_for(tmp_path, database_url=database, broker_url="redis://127.0.0.1:1/0")
    config.use(cfg)
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe").id
        factories.destination(
            session, "webhook", settings={"url": "http://127.0.0.1:9/h"}, secrets={"s": "t"}
        )
        factories.reader(session, "anna@example.org")
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    posts.create(cafe, factories.event("Weinabend"))
    fan_out()

    def invoke(*arguments: str) -> Result:
        config.use(cfg)
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        db.connect(database)
        return result

    yield invoke
    config.use(None)


def commands() -> set[str]:
    top: Any = typer.main.get_command(app)
    found = set()
    for name, one in top.commands.items():
        below = getattr(one, "commands", {})
        found |= {f"{name} {inner}" for inner in below}
        if not below or one.invoke_without_command:
            found.add(name)
    return found


def test_every_command_is_written_down_or_says_why_not() -> None:
    assert set(WRITTEN) | set(SILENT) == commands()
    assert not set(WRITTEN) & set(SILENT)


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_what_a_command_does_is_written_down(name: str, run: Run) -> None:
    arguments, what = WRITTEN[name]
    output = run(*name.split(), *arguments()).output
    line = next(row for row in audit_log.lines(LogFilter()) if row.way == "command" and row.what == what)
    assert (line.by, line.by_name) == (f"command {getpass.getuser()}", getpass.getuser())
    for secret in ("anna", "Gegen das Gesetz", "Zu weit weg", "syn_"):
        assert secret not in str(line), output


def test_the_command_shows_and_filters_the_log(run: Run) -> None:
    run("merchants", "suspend", "cafe", "--keep")
    rows = json.loads(run("log", "--merchant", "cafe", "--what", "merchant.suspended", "--json").output)
    assert [(row["what"], row["way"], row["about_name"]) for row in rows] == [
        ("merchant.suspended", "command", "Cafe")
    ]
    assert "Weinabend" in run("log", "--by", "service").output
    assert "Nothing is like that" in run("log", "--by", "rosa@cafe.example").output
    assert "Nothing is like that" in run("log", "--until", "2000-01-01").output
    wrong = CliRunner().invoke(app, ["log", "--what", "eaten"])
    assert wrong.exit_code == 1
    assert "is none of post.created" in wrong.output
