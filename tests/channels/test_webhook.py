"""The signed webhook: one body for all destinations of a change, a signature for each."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from syndication import clock
from syndication.channels import webhook
from syndication.channels.envelope import Envelope
from syndication.channels.messages import HttpMessage
from syndication.channels.webhook import Webhook, WebhookSettings, payload
from tests.channels.samples import SAMPLES, Sample

pytestmark = pytest.mark.usefixtures("settings")


def envelope(settings: WebhookSettings | None = None, **fields: Any) -> Envelope:
    one: Envelope = Sample(Webhook(), *SAMPLES["webhook"]).envelope("http://127.0.0.1:9/")
    return replace(
        one, tried_at=clock.now(), settings=settings or WebhookSettings(url="http://127.0.0.1:9/a"), **fields
    )


def fresh(one: Envelope) -> bytes:
    return json.dumps(payload(one), ensure_ascii=False, separators=(",", ":")).encode()


def opens(message: HttpMessage, settings: WebhookSettings) -> bool:
    try:
        Verifier(settings.secret.get_secret_value()).verify(message.body.decode(), dict(message.headers))
    except WebhookVerificationError:
        return False
    return True


def test_a_body_is_made_once_for_all_destinations(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Envelope] = []

    def counted(one: Envelope) -> dict[str, Any]:
        made.append(one)
        return payload(one)

    monkeypatch.setattr(webhook, "payload", counted)
    base = envelope(sequence=901)
    bodies = {Webhook().render(replace(base, key=f"k{number}")).body for number in range(200)}
    assert len(made) == 1
    assert bodies == {fresh(base)}


def test_each_destination_is_signed_with_its_own_secret_and_no_other() -> None:
    base = envelope(sequence=902)
    outlets = [WebhookSettings(url=f"http://127.0.0.1:9/{number}") for number in range(3)]
    messages = [Webhook().render(replace(base, settings=one)) for one in outlets]
    assert [[opens(message, one) for one in outlets] for message in messages] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert [message.url for message in messages] == [one.url for one in outlets]
    turned = outlets[0].rotated(base.tried_at)
    again = Webhook().render(replace(base, settings=turned, tried_at=base.tried_at + timedelta(minutes=1)))
    assert opens(again, turned)
    assert opens(again, outlets[0]), "for a day the secret before signs, too"


def test_nothing_of_a_destination_is_kept_beside_a_body() -> None:
    one = WebhookSettings(url="http://127.0.0.1:9/whose-address-is-secret")
    Webhook().render(envelope(one, sequence=903))
    kept = repr(webhook._bodies)
    assert one.secret.get_secret_value() not in kept
    assert "whose-address-is-secret" not in kept


def test_what_differs_in_a_body_makes_another() -> None:
    base = envelope(sequence=904)
    shop = replace(base.post.merchant, name="Now with another name")
    others = [
        base,
        replace(base, action="withdrawn"),
        replace(base, action="revised"),
        replace(base, sequence=905),
        replace(base, test=True),
        replace(base, post=replace(base.post, merchant=shop)),
        replace(base, post=replace(base.post, link="https://elsewhere.example/")),
        replace(base, post=replace(base.post, updated_at=base.post.updated_at + timedelta(seconds=1))),
        base.saying(base.post.content.model_copy(update={"title": "Another title"})),
        base,
    ]
    assert [Webhook().render(one).body for one in others] == [fresh(one) for one in others]
    assert len({fresh(one) for one in others}) == len(others) - 1


def test_bodies_that_are_kept_have_an_end() -> None:
    base = envelope()
    for number in range(2 * webhook._MOST_BODIES + 1):
        Webhook().render(replace(base, sequence=10_000 + number))
    assert len(webhook._bodies) <= webhook._MOST_BODIES
