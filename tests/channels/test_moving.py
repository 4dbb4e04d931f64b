"""An outlet that moves to another server takes no secret along: every setting of every channel is changed alone."""

import base64
import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from syndication import channels, destinations
from syndication.channels.settings import Settings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Verdict
from syndication.config import Settings as ProcessSettings
from syndication.delivery.load import channel_settings
from syndication.destinations import DestinationAmendment, DestinationRequest
from syndication.destinations.sealed import amended
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Destination
from syndication.stack.receiver import Receiver, Reply, Request
from tests.channels.samples import AT, SAMPLES, Sample, filled_in
from tests.remotes import REMOTES

OURS = [one.kind for one in channels.CHANNELS if one.configurable]
AGAIN = "is needed again, because the outlet moves to another server"


@pytest.fixture
def tables(sqlite_template: Path, settings: ProcessSettings, tmp_path: Path) -> Iterator[None]:
    """A fresh database; what is shown here does not depend on which one."""
    shutil.copy(sqlite_template, tmp_path / "moving.sqlite")
    db.connect(f"sqlite:///{tmp_path / 'moving.sqlite'}")
    yield
    db.engine().dispose()


@pytest.fixture
def trap() -> Iterator[Receiver]:
    """Another server, which says yes to everything and keeps what it is shown."""
    with Receiver() as server:
        server.answer = lambda _: Reply(200, {"Content-Type": "application/json"}, b'{"id": "1", "ok": true}')
        yield server


def spellings(secret: str) -> set[bytes]:
    """A secret as it may stand in a request."""
    coded = base64.b64encode(secret.encode())
    return {secret.encode(), quote(secret, safe="").encode(), coded, coded.rstrip(b"=")}


def carries(request: Request, secrets: list[str]) -> bool:
    """Whether a request shows one of the secrets, or a part of one that is an address."""
    whole = b"\n".join([request.path.encode(), *(v.encode() for v in request.headers.values()), request.body])
    tails = [one.rpartition("/")[2] if "://" in one else one for one in secrets]
    return any(spelled in whole for one in tails for spelled in spellings(one))


def candidates(trap: Receiver) -> list[Any]:
    """Other values for a setting; those that it takes are tried."""
    host = trap.url("").removeprefix("http://")
    words = ["other", "another.example", "@another", "#other:matrix.example", "9999999", "private"]
    return [trap.url("/hook"), trap.url(""), host, *words, 7, 777, True, "21:30", "2030-01-01T00:00:00Z"]


def given(kind: str, receiver: Receiver) -> dict[str, Any]:
    """The sample's settings, with every optional secret set too."""
    sample = {
        name: filled_in(one, receiver.url()) if isinstance(one, str) else one
        for name, one in SAMPLES[kind][0].items()
    }
    model = channels.by_kind(kind).settings
    usual = {"previous_secret": "whsec_wfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
    more = {name: usual.get(name, f"kept-{name}") for name in model.secret_names() if name not in sample}
    return {**sample, **more}


def use(settings: Settings, kind: str, receiver: Receiver, tools: Tools) -> None:
    """All that a channel does with its settings."""
    channel = channels.by_kind(kind)
    sample: Any = Sample(channel, SAMPLES[kind][0], "change").envelope(receiver.url())
    envelope = replace(sample, settings=settings, doubtful=True)
    message: Any = None
    steps: list[Callable[[], Any]] = [
        lambda: channel.send(message, tools),
        lambda: channel.find(message, tools),
        lambda: channel.tend(settings, tools, AT),
    ]
    with contextlib.suppress(Verdict):
        message = channel.render(envelope)
    for step in steps:
        with contextlib.suppress(Verdict):
            step()


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("kind", OURS)
def test_a_setting_that_changes_alone_carries_no_secret_elsewhere(
    kind: str, tools: Tools, receiver: Receiver, trap: Receiver, settings: ProcessSettings
) -> None:
    receiver.answer = REMOTES[kind]().answer if kind in REMOTES else receiver.answer
    model, sample, tried = channels.by_kind(kind).settings, given(kind, receiver), 0
    secrets = [str(sample[name]) for name in model.secret_names()]
    for name in model.model_fields:
        for value in candidates(trap):
            request = DestinationRequest(channel=kind, name="x", settings=sample)
            made = destinations.create(None, request).destination
            changes = DestinationAmendment(settings={name: value})
            try:
                destinations.update(made.id, changes)
            except Invalid as refused:
                asked = {one.field for one in refused.faults if one.message == AGAIN}
                assert asked <= {f"settings.{one}" for one in model.secret_names()}
                continue
            tried += 1
            with db.reading() as session:
                after = channel_settings(session.get_one(Destination, made.id), settings)
            before = len(trap.requests)
            use(after, kind, receiver, tools)
            reached = trap.requests[before:]
            assert [one.path for one in reached if carries(one, secrets)] == [], f"{name}={value}"
            if reached:
                kept = [one for one in after.secrets().values() if one in secrets]
                assert kept == [], f"{name}={value} leads elsewhere and the secrets stay"
    assert tried


#: What changes at each network when its outlet moves, and which secrets are then asked for. Others have one secret alone,
#: which is the address.
MOVES = {
    "webhook": ("url", set()),
    "mastodon": ("server", {"access_token"}),
    "matrix": ("server", {"access_token"}),
    "bluesky": ("server", {"app_password"}),
    "telegram": ("api", {"bot_token"}),
    "ntfy": ("server", set()),
    "webpush": ("endpoint", {"p256dh", "auth"}),
    "facebook": ("api", {"access_token"}),
    "instagram": ("api", {"access_token"}),
    "google_business": ("api", {"refresh_token"}),
    "linkedin": ("api", {"access_token"}),
}


@pytest.mark.parametrize("kind", MOVES)
def test_a_move_asks_for_the_needed_secrets_and_drops_the_others(
    kind: str, receiver: Receiver, trap: Receiver, settings: ProcessSettings
) -> None:
    channel, sample = channels.by_kind(kind), given(kind, receiver)
    stored = channel.settings.model_validate(sample)
    name, needed = MOVES[kind]
    changes: dict[str, Any] = {name: trap.url("/push/browser2")}
    if needed:
        with pytest.raises(Invalid) as refused:
            amended(channel, stored.plain(), stored.secrets(), changes)
        assert {one.field: one.message for one in refused.value.faults} == {
            f"settings.{one}": AGAIN for one in needed
        }
        empty = changes | dict.fromkeys(needed, "")
        with pytest.raises(Invalid, match="needed again"):
            amended(channel, stored.plain(), stored.secrets(), empty)
    after = amended(channel, stored.plain(), stored.secrets(), changes | {one: sample[one] for one in needed})
    left = {one for one, value in after.secrets().items() if value in stored.secrets().values()}
    assert left == needed
    assert after.plain() == stored.plain() | {
        one: value for one, value in after.plain().items() if one == name
    }


@pytest.mark.parametrize(
    "spelling", ["http://BOARD.example/new", "http://board.example:80/", "http://board.example."]
)
def test_another_spelling_of_the_same_server_is_no_move(spelling: str, settings: ProcessSettings) -> None:
    channel = channels.by_kind("webhook")
    stored = channel.settings.model_validate({"url": "http://board.example/hook"})
    after = amended(channel, stored.plain(), stored.secrets(), {"url": spelling})
    assert after.secrets() == stored.secrets()


@pytest.mark.parametrize(
    "elsewhere",
    ["https://board.example/hook", "http://board.example:8080/hook", "http://www.board.example/hook"],
)
def test_another_scheme_port_or_name_is_a_move(elsewhere: str, settings: ProcessSettings) -> None:
    channel = channels.by_kind("webhook")
    stored = channel.settings.model_validate({"url": "http://board.example/hook"})
    after = amended(channel, stored.plain(), stored.secrets(), {"url": elsewhere})
    assert after.secrets()["secret"] != stored.secrets()["secret"]


class PigeonSettings(Settings):
    """Of a channel from another package, which has never heard of moving."""

    loft: str
    flock: int = 1
    seed: SecretStr
    ring: SecretStr | None = None


class Pigeon(type(channels.by_kind("webhook"))):  # type: ignore[misc]  # its class is known when it runs
    """A channel from another package."""

    kind: ClassVar[str] = "pigeon"
    settings: ClassVar[type[Settings]] = PigeonSettings


@pytest.mark.parametrize("changes", [{"loft": "other.example"}, {"flock": 2}])
def test_a_channel_that_declares_nothing_asks_once_too_often_rather_than_giving_away(
    changes: dict[str, Any],
) -> None:
    stored, secrets = {"loft": "board.example", "flock": 1}, {"seed": "s", "ring": "r"}
    with pytest.raises(Invalid, match="needed again"):
        amended(Pigeon(), stored, secrets, changes)
    assert amended(Pigeon(), stored, secrets, changes | {"seed": "new"}).secrets() == {
        "seed": "new",
        "ring": None,
    }
    assert amended(Pigeon(), stored, secrets, {"seed": "new"}).secrets() == {"seed": "new", "ring": "r"}


@pytest.mark.parametrize("kind", sorted(REMOTES))
def test_an_address_that_an_answer_names_is_shown_no_secret(
    kind: str, tools: Tools, receiver: Receiver, trap: Receiver, settings: ProcessSettings
) -> None:
    remote, here, there = REMOTES[kind](), receiver.url(""), trap.url("")

    def elsewhere(request: Request) -> Reply:
        reply = remote.answer(request)
        body = reply.body.replace(here.encode(), there.encode())
        return replace(
            reply, headers={**reply.headers, "Location": there, "Link": f'<{there}>; rel="next"'}, body=body
        )

    receiver.answer = elsewhere
    sample = given(kind, receiver)
    checked = channels.by_kind(kind).settings.model_validate(sample)
    use(checked, kind, receiver, tools)
    assert receiver.requests
    secrets = [str(sample[name]) for name in checked.secret_names()]
    assert [one.path for one in trap.requests if carries(one, secrets)] == []
