"""Keys and what is made with them: webhook signatures, link tokens, API keys, and encryption of secrets."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from standardwebhooks import Webhook

#: Length in bytes of a new webhook secret; Standard Webhooks allows 24 to 64.
_SECRET_BYTES = 32
#: What stands in places where a secret is to be filled in.
_KNOWN = (
    b"changeme", b"change-me", b"change_me", b"change me", b"password", b"passwort", b"kennwort", b"geheim",
    b"replaceme", b"replace-me", b"replace_me", b"replace me", b"yoursecret", b"your-secret", b"your_secret", b"topsecret",
    b"insecure", b"qwertz", b"qwerty", b"asdfgh", b"letmein", b"lorem ipsum", b"deadbeef",
)  # fmt: skip


def new_webhook_secret() -> str:
    """A fresh symmetric secret in the form of Standard Webhooks: `whsec_` and base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def weak(raw: bytes) -> bool:
    """Whether a secret is one that people type rather than draw: few different bytes, a pattern, a row, or a known word."""
    if len(set(raw)) < min(8, len(raw)):
        return True
    for period in range(1, len(raw) // 2 + 1):
        if all(raw[place] == raw[place - period] for place in range(period, len(raw))):
            return True
    return 2 * _longest_row(raw) >= len(raw) or any(word in raw.lower() for word in _KNOWN)


def _longest_row(raw: bytes) -> int:
    """Most bytes behind each other that rise or fall by one and the same step, such as 0123456789."""
    longest = row = 1
    step = 0
    for before, after in pairwise(raw):
        row = row + 1 if after - before == step else 2
        step = after - before
        longest = max(longest, row)
    return longest


def check_webhook_secret(text: str) -> None:
    """Raise ValueError where `text` is no symmetric secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes."""
    try:
        raw = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        raise ValueError("must be whsec_ followed by base64") from error
    if not text.startswith("whsec_") or not 24 <= len(raw) <= 64:
        raise ValueError("must be whsec_ followed by base64 of 24 to 64 bytes")


def refuse_guessable(text: str) -> None:
    """Raise ValueError where a webhook's secret, which `check_webhook_secret` let through, can be guessed."""
    raw = base64.b64decode(text.removeprefix("whsec_"))
    # Of 24 bytes that were drawn, one in fourteen thousand million consists of letters, digits and signs alone.
    if weak(raw) or all(32 <= one < 127 for one in raw):
        raise ValueError(
            "can be guessed: leave it out and one is made, or draw it with `openssl rand -base64 32`"
        )


def webhook_signature(keys: Sequence[str], message_id: str, at: datetime, body: bytes) -> str:
    """The `webhook-signature` header (Standard Webhooks 1.0.0, "Signature scheme"): one signature a key, space between.

    Several keys sign while a secret is being rotated. `at` is aware and enters in whole seconds.
    """
    return " ".join(Webhook(key).sign(message_id, at, body.decode()) for key in keys)


def derived(key: str, purpose: str) -> bytes:
    """32 bytes for one purpose from a key of the settings (HKDF, RFC 5869), so that no two purposes share a key."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(key.encode())


class Box:
    """Secrets for one purpose: the first key encrypts, every key decrypts, so keys rotate without a pause."""

    def __init__(self, keys: Sequence[str], purpose: str = "secrets at rest") -> None:
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(derived(key, purpose))) for key in keys])

    def close(self, values: Mapping[str, Any]) -> str:
        """`values` encrypted; empty for nothing."""
        return self._fernet.encrypt(json.dumps(dict(values)).encode()).decode() if values else ""

    def open(self, text: str) -> dict[str, Any]:
        """What `close` was given. Raises ValueError where no key fits."""
        if not text:
            return {}
        try:
            if base64.urlsafe_b64encode(base64.urlsafe_b64decode(text)).decode() != text:
                raise InvalidToken  # another spelling of the same bytes, as below
            opened: dict[str, Any] = json.loads(self._fernet.decrypt(text.encode()))
        except (InvalidToken, ValueError) as error:
            raise ValueError("no key in SYNDICATION_SECRET_KEYS opens this secret") from error
        return opened


class _Short(URLSafeSerializer):
    """Text that holds so little that pressing it together takes longer than all the rest and rarely gains a letter."""

    def dump_payload(self, obj: Any) -> bytes:
        """As its parent, which reads both, but for that."""
        return base64_encode(self.serializer.dumps(obj, **self.serializer_kwargs).encode())


class Tokens:
    """Signed, unforgeable, undying tokens for the links in mails; one salt for each purpose."""

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        # itsdangerous signs with the last key of the list and accepts all of them.
        ordered = [derived(key, "links") for key in reversed(keys)]
        self._serializer = _Short(ordered, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})

    def make(self, value: int | str | Sequence[int | str | None]) -> str:
        """A token that holds `value`; a sequence comes back as a list."""
        token = self._serializer.dumps(value)
        return token if isinstance(token, str) else token.decode()

    def read(self, token: str) -> Any:
        """The value of a token of ours; None for every other text."""
        signature = token.rpartition(".")[2]
        try:
            # Base64 has several spellings of the same bytes (RFC 4648 section 3.5); ours is the only one that is taken.
            known = base64_encode(base64_decode(signature)).decode() == signature
            return self._serializer.loads(token) if known else None
        except BadData:
            return None


@dataclass(frozen=True)
class NewKey:
    """A fresh API key: `text` is shown once; `id` and `digest` are kept."""

    text: str
    id: str
    digest: str


def new_api_key(prefix: str) -> NewKey:
    """A bearer key `<prefix>_<8 characters>_<43 characters>`: 256 bits, so a fast hash is enough to keep it."""
    key_id = secrets.token_hex(4)
    text = f"{prefix}_{key_id}_{secrets.token_urlsafe(32)}"
    return NewKey(text, key_id, key_digest(text))


def key_id(text: str) -> str | None:
    """The public part of an API key, to look it up by; None where it is not shaped like one."""
    parts = text.split("_", 2)
    return parts[1] if len(parts) == 3 and len(parts[1]) == 8 else None


def key_digest(text: str) -> str:
    """What is kept of an API key."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


@lru_cache(maxsize=8)
def _derived(key: str, purpose: str) -> bytes:
    return derived(key, purpose)


def veiled(key: str, purpose: str, text: str) -> str:
    """Equal for equal texts, and of no use to whoever lacks the key: 32 characters (HMAC-SHA256, RFC 2104)."""
    return hmac.new(_derived(key, purpose), text.encode(), hashlib.sha256).hexdigest()[:32]


def new_vapid_keys() -> tuple[str, str]:
    """A fresh pair of keys for Web Push (RFC 8292 section 3.2: ECDSA on P-256), base64url without padding.

    The private one is 32 bytes; the public one, an uncompressed point of 65 bytes, is what a browser subscribes with.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    number = private.private_numbers().private_value.to_bytes(32, "big")
    return base64url(number), _point(private)


def vapid_public_key(private: str) -> str:
    """The public key of a private one: 32 bytes as `new_vapid_keys` makes them, or DER. Raises ValueError where it is none."""
    raw = base64.b64decode(private + "=" * (-len(private) % 4), altchars=b"-_", validate=True)
    if len(raw) == 32:
        if weak(raw):
            raise ValueError("a key that can be guessed")
        return _point(ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1()))
    key = load_der_private_key(raw, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("a key of another kind")
    return _point(key)


def _point(private: ec.EllipticCurvePrivateKey) -> str:
    return base64url(private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def base64url(raw: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """What `base64url` made, with or without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
