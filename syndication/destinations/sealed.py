"""Stores a channel's settings: validated, with the secrets split off and encrypted."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from syndication.audit import log
from syndication.audit.log import About
from syndication.channels.contract import Channel
from syndication.channels.settings import Settings as ChannelSettings
from syndication.config import Settings, settings
from syndication.content.base import KEPT
from syndication.content.faults import faults_of
from syndication.errors import Conflict, Fault, Invalid
from syndication.infra import db
from syndication.infra.signing import Box
from syndication.models import Destination

AnyChannel = Channel[Any, Any]
_NEEDED_AGAIN = "is needed again, because the outlet moves to another server"


def validated(channel: AnyChannel, given: Mapping[str, Any], *, kept: bool = False) -> ChannelSettings:
    """What a person gave, as the channel's Settings. Raises Invalid that names each field behind `settings.`.

    `kept`: it was let in before, and what is refused today is let through.
    """
    try:
        return channel.settings.model_validate(dict(given), context=KEPT if kept else None)
    except ValidationError as error:
        faults = faults_of(error)
        raise Invalid(*(Fault(f"settings.{one.field}".rstrip("."), one.message) for one in faults)) from error


def amended(
    channel: AnyChannel, plain: Mapping[str, Any], secrets: Mapping[str, Any], changes: Mapping[str, Any]
) -> ChannelSettings:
    """Stored settings with what a person changed; the one place where stored secrets meet what somebody wrote.

    Where the outlet moves, no stored secret goes along: whoever moves it would read them at the new address. Raises
    Invalid, for each secret that is needed again too.
    """
    # Another name is no moment to refuse an old secret.
    kept = not set(changes) & set(channel.settings.secret_names())
    after = validated(channel, {**plain, **secrets, **changes}, kept=kept)
    if not after.moved_from({**plain, **secrets}):
        return after
    needed = [
        name
        for name in after.secret_names()
        if channel.settings.model_fields[name].is_required() and not changes.get(name)
    ]
    if needed:
        raise Invalid(*(Fault(f"settings.{name}", _NEEDED_AGAIN) for name in needed))
    return validated(channel, {**plain, **changes})


def columns(checked: ChannelSettings) -> dict[str, Any]:
    """The columns that hold a channel's settings."""
    kept = {name: value for name, value in checked.secrets().items() if value is not None}
    return {"settings": checked.plain(), "secrets": _box(settings()).close(kept)}


def encrypt_into(row: Destination, checked: ChannelSettings) -> None:
    """Write a channel's settings into its row, which is to be looked after anew."""
    row.tend_at = None
    for column, value in columns(checked).items():
        setattr(row, column, value)


def decrypted(row: Destination) -> dict[str, Any]:
    """The secrets of a destination. Raises Conflict where no key opens them."""
    try:
        return _box(settings()).open(row.secrets)
    except ValueError as error:
        raise Conflict(
            "The secret of this destination can no longer be read. Please set it up anew."
        ) from error


def secret_names(row: Destination) -> tuple[str, ...]:
    """Names of the secrets that are set."""
    try:
        return tuple(decrypted(row))
    except Conflict:
        # One unreadable secret must not hide a whole list; sending and `syndication doctor` say what is wrong.
        return ()


def renew_secrets() -> int:
    """Encrypt the secrets of all destinations under the first of SYNDICATION_SECRET_KEYS; returns how many.

    Raises Invalid that names the first destination whose secret no key opens.
    """
    box, renewed = _box(settings()), 0
    with db.reading() as session:
        ids = session.scalars(select(Destination.id).where(Destination.secrets != "")).all()
    for destination_id in ids:
        with db.transaction() as session:
            row = session.get(Destination, destination_id, with_for_update=True)
            if row is None:
                continue
            try:
                row.secrets = box.close(box.open(row.secrets))
            except ValueError as error:
                raise Invalid.field(
                    "secret_keys", f"do not open the secret of {row.name} ({row.id})"
                ) from error
            renewed += 1
    with db.transaction() as session:
        log.record(session, "secrets.renewed", About("city"), count=renewed)
    return renewed


def _box(cfg: Settings) -> Box:
    return Box(cfg.keys)
