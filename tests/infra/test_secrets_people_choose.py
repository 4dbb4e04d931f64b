"""Secrets that can be guessed are refused by name, and what was let in once goes on working until it is replaced."""

import base64
import secrets
from pathlib import Path

import pytest

from syndication import channels, destinations
from syndication.channels.webhook import WebhookSettings
from syndication.config import Settings
from syndication.delivery.load import channel_settings
from syndication.destinations.values import DestinationAmendment, DestinationRequest
from syndication.errors import Invalid
from syndication.infra import db, signing
from syndication.models import Destination
from syndication.ops import doctor
from tests import factories
from tests.conftest import settings_for

GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


def whsec(raw: bytes) -> str:
    return "whsec_" + base64.b64encode(raw).decode()


WEAK = {
    "zeros": bytes(32),
    "one byte": b"\xff" * 24,
    "two in turn": b"\x01\xfe" * 16,
    "ascending": bytes(range(32)),
    "descending": bytes(range(64, 0, -1)),
    "by threes": bytes(range(0, 96, 3)),
    "mostly zeros": bytes(20) + bytes(range(12)),
    "a pattern": b"\x13\x9a\xf0\x07\x88\x41\xcc\x2d" * 4,
    "a sentence": b"our shop's very secret sentence!",
    "a word": b"passwordpasswordpasswordpassword",
    "a number": b"01234567890123456789012345678901",
    "letters": b"kJh3Gf8sD1qPz7xY0vBn4mLw2TrEcUiA",
}


@pytest.mark.parametrize("name", WEAK)
def test_a_webhooks_secret_that_can_be_guessed_is_refused(name: str, settings: Settings) -> None:
    with pytest.raises(ValueError, match="can be guessed"):
        WebhookSettings.model_validate({"url": "http://127.0.0.1:9/", "secret": whsec(WEAK[name])})


@pytest.mark.parametrize("length", [0, 1, 23, 65])
def test_a_secret_of_another_length_is_refused(length: int, settings: Settings) -> None:
    raw = secrets.token_bytes(length)
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        WebhookSettings.model_validate({"url": "http://127.0.0.1:9/", "secret": whsec(raw)})


def test_a_secret_that_was_drawn_is_taken() -> None:
    for length in (24, 32, 64):
        for _ in range(200):
            drawn = whsec(secrets.token_bytes(length))
            signing.check_webhook_secret(drawn)
            signing.refuse_guessable(drawn)
    signing.refuse_guessable(GOOD)


@pytest.mark.parametrize(
    "key",
    ["a" * 40, "ab" * 20, "changeme-changeme-changeme-changeme", "changeme" + "x7Kq2PzW9vLm4RtB8nYc6JdF", "0123456789" * 4,
     "abcdefghijklmnopqrstuvwxyzabcdefgh", "this is the secret password of our town", "1" * 31 + "2",
     "please replace me with something"],
)  # fmt: skip
def test_a_key_of_the_settings_that_can_be_guessed_is_named_at_the_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="can be guessed"):
        settings_for(tmp_path, secret_keys=(key,))


@pytest.mark.parametrize("raw", [bytes(31) + b"\x01", b"\x11" * 32, bytes(range(1, 33))])
def test_a_key_for_web_push_that_can_be_guessed_is_none(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ValueError, match="syndication keys vapid"):
        settings_for(tmp_path, vapid_key=signing.base64url(raw))


def test_keys_that_were_drawn_are_taken(tmp_path: Path) -> None:
    for _ in range(300):
        for drawn in (secrets.token_urlsafe(32), secrets.token_hex(16), secrets.token_hex(32)):
            assert not signing.weak(drawn.encode()), drawn


def test_an_old_key_that_can_be_guessed_stays_until_nothing_is_under_it(tmp_path: Path) -> None:
    cfg = settings_for(tmp_path, secret_keys=("a key of a test city that is long enough", "a" * 40))
    (found,) = doctor._looked("keys", doctor._LOOKS["keys"], cfg)
    assert found.verdict == "warn"
    assert "rotate-secrets" in found.advice


def test_a_weak_secret_that_was_let_in_signs_on_and_can_be_rotated(database: str, settings: Settings) -> None:
    with db.transaction() as session:
        row = factories.destination(
            session, settings={"url": "http://127.0.0.1:9/"}, secrets={"secret": whsec(bytes(32))}
        )
        identity = row.id
    with db.reading() as session:
        assert channel_settings(session.get_one(Destination, identity), settings)
    destinations.update(identity, DestinationAmendment(settings={"url": "http://127.0.0.1:10/"}))
    with pytest.raises(Invalid, match="can be guessed"):
        destinations.update(identity, DestinationAmendment(settings={"secret": whsec(bytes(24))}))
    made = destinations.rotate_secret(identity).secrets["secret"]
    assert made != whsec(bytes(32))


def test_no_other_channel_takes_a_secret_that_it_made_itself_from_anybody() -> None:
    # A secret that both sides choose is ours alone to judge; all others come from a network.
    chosen = {
        channel.kind
        for channel in channels.CHANNELS
        for name in channel.settings.secret_names()
        if channel.settings.model_fields[name].default_factory is not None
    }
    assert chosen == {"webhook"}


def test_a_request_is_told_the_field(database: str, settings: Settings) -> None:
    request = DestinationRequest(
        channel="webhook", name="x", settings={"url": "http://127.0.0.1:9/", "secret": whsec(bytes(32))}
    )
    with pytest.raises(Invalid) as caught:
        destinations.create(None, request)
    assert [fault.field for fault in caught.value.faults] == ["settings.secret"]
