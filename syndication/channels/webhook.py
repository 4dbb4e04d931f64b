"""Signed webhooks (Standard Webhooks 1.0.0): one POST per change, recognisable when it is repeated."""

import json
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from syndication.channels import by_http
from syndication.channels.contract import Abilities, Channel
from syndication.channels.envelope import Envelope, PostView
from syndication.channels.messages import HttpMessage
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Settings
from syndication.channels.social.settings import PublicAddress
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused
from syndication.content.base import KEPT, Moment
from syndication.content.post import Action
from syndication.content.reason import Reason
from syndication.infra import signing

#: Standard Webhooks: payloads stay under 20 kB.
_MOST_BYTES = 20_000
#: How long the secret before the last rotation still signs.
ROTATION = timedelta(hours=24)
#: Grows when the body changes in a way that receivers must know of.
VERSION = 1
_TYPES = {"published": "post.published", "revised": "post.revised", "withdrawn": "post.withdrawn"}


class WebhookSettings(Settings):
    """Where to POST, and the secret both sides know. Left empty, a secret is made."""

    harmless: ClassVar[frozenset[str]] = frozenset({"rotated_at"})

    url: PublicAddress = Field(description="Address that takes the POST requests.")
    secret: SecretStr = Field(
        default_factory=lambda: SecretStr(signing.new_webhook_secret()),
        description="whsec_ and base64, 24 to 64 bytes.",
    )
    previous_secret: SecretStr | None = Field(
        None, description="The secret before the last rotation; signs for another 24 hours."
    )
    rotated_at: Moment | None = Field(None, description="When the secret was last rotated.")

    @field_validator("secret", "previous_secret")
    @classmethod
    def _usable(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is not None:
            try:
                signing.check_webhook_secret(secret.get_secret_value())
                if info.context != KEPT:  # one that was let in once signs on until its owner has it rotated
                    signing.refuse_guessable(secret.get_secret_value())
            except ValueError as error:
                raise ValueError(f"{info.field_name} {error}") from error
        return secret

    def rotated(self, at: datetime) -> "WebhookSettings":
        """With a new secret; the present one signs beside it for 24 hours."""
        fresh = SecretStr(signing.new_webhook_secret())
        return self.model_copy(update={"secret": fresh, "previous_secret": self.secret, "rotated_at": at})

    def signing_keys(self, at: datetime) -> list[str]:
        """The secrets that sign at this moment, the current one first."""
        keys = [self.secret.get_secret_value()]
        if self.previous_secret and self.rotated_at and at < self.rotated_at + ROTATION:
            keys.append(self.previous_secret.get_secret_value())
        return keys


class Webhook(Channel[Envelope, HttpMessage]):
    """POSTs the change as JSON, signed; the receiver recognises a repeat by `webhook-id`."""

    kind = "webhook"
    label = "Webhook"
    queue = "push"
    abilities = Abilities(revise=True, withdraw=True, repeatable=True, images=True)
    settings = WebhookSettings

    def render(self, envelope: Envelope) -> HttpMessage:
        """The signed request. `webhook-timestamp` is the try's moment; all else is equal on every try."""
        assert isinstance(envelope.settings, WebhookSettings)
        body = _body(envelope)
        if len(body) >= _MOST_BYTES:
            raise Refused(
                Reason(
                    "This post is too long for a webhook: it would be over 20 kB. Please shorten its text."
                )
            )
        keys = envelope.settings.signing_keys(envelope.tried_at)
        headers = (
            ("content-type", "application/json; charset=utf-8"),
            ("user-agent", "syndication (Standard Webhooks)"),
            ("webhook-id", envelope.key),
            ("webhook-timestamp", str(int(envelope.tried_at.timestamp()))),
            ("webhook-signature", signing.webhook_signature(keys, envelope.key, envelope.tried_at, body)),
        )
        return HttpMessage("POST", envelope.settings.url, headers, body)

    def preview(self, envelope: Envelope) -> Preview:
        """The body of the request: a program reads it, not people."""
        body, content = self.render(envelope).body, envelope.post.content
        return preview(
            json.dumps(json.loads(body), ensure_ascii=False, indent=2),
            title=content.title,
            length=len(body),
            most=_MOST_BYTES - 1,
            unit="bytes",
            images=content.images,
            shown=len(content.images),
        )

    def send(self, message: HttpMessage, tools: Tools) -> Receipt:
        """One POST; 410 closes the destination, every 3xx is a failure."""
        return by_http.send(message, tools, gone=frozenset({410}))


#: Bodies by change, each with the post it was made from. Nothing of a destination is in a body, so all of them share it.
_bodies: dict[tuple[Action, int, bool, UUID], tuple[PostView, bytes]] = {}
_MOST_BODIES = 500


def _body(envelope: Envelope) -> bytes:
    """The body as bytes, made once for all destinations of a change."""
    change = (envelope.action, envelope.sequence, envelope.test, envelope.post.id)
    # Compared, too, since the shop may have another name by now. Contents are mostly one object, so this is quick.
    known = _bodies.get(change)
    if known is not None and known[0] == envelope.post:
        return known[1]
    body = json.dumps(payload(envelope), ensure_ascii=False, separators=(",", ":")).encode()
    if len(_bodies) >= _MOST_BODIES:
        _bodies.clear()
    _bodies[change] = envelope.post, body
    return body


def payload(envelope: Envelope) -> dict[str, Any]:
    """The body, as docs/webhooks.md and its JSON Schema describe it. Always the whole post: treat it as an upsert."""
    post = envelope.post
    return {
        "type": _TYPES[envelope.action],
        "timestamp": _iso(post.updated_at),
        "data": {
            "version": VERSION,
            "sequence": envelope.sequence,
            "test": envelope.test,
            "post": _post(post, withdrawn=envelope.action == "withdrawn"),
            "merchant": {
                "slug": post.merchant.slug,
                "name": post.merchant.name,
                "url": post.merchant.url,
                "address": post.merchant.address,
            },
        },
    }


def _post(post: PostView, *, withdrawn: bool) -> dict[str, Any]:
    about: dict[str, Any] = {
        "id": str(post.id),
        "revision": post.revision,
        "link": post.link,
        "published_at": _iso(post.published_at),
        "updated_at": _iso(post.updated_at),
        "over_at": _iso(post.over_at) if post.over_at else None,
    }
    # A withdrawn post's text was taken back: only what identifies it still leaves the house.
    # Texts of its own for single channels are no business of an integrator.
    said = post.content.model_dump(mode="json", exclude={"texts"})
    return about if withdrawn else about | {"content": said}


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
