"""Creates the destinations that come with the city, from its settings."""

from collections.abc import Iterator
from uuid import UUID, uuid5

from pydantic import ValidationError
from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.audience import interests
from syndication.channels.settings import Settings as ChannelSettings
from syndication.config import Settings, settings
from syndication.content.faults import faults_of
from syndication.content.interest import Interest
from syndication.content.reason import NO_REASON, Reason
from syndication.destinations.sealed import AnyChannel, columns
from syndication.errors import Fault, Invalid
from syndication.infra import db
from syndication.models import Destination

#: Built-in destinations get the same id in every process that makes sure of them.
_BUILT_IN = UUID("8d3c1f0e-5f0a-4b7e-9a52-0c8f6d1e7b34")
_NOT_SET_UP = Reason("Not set up in the settings of the service.")


def ensure_built_in() -> None:
    """Make sure of the destinations that come with the city. Running it again, or in two processes, changes nothing."""
    cfg = settings()
    with db.transaction() as session:
        everything = interests.ensure(session, Interest())
        for channel in _built_in():
            _ensure(session, channel, everything, cfg)


def _built_in() -> Iterator[AnyChannel]:
    """Channels that come with the city. Readers of one queue are reached through one outlet, which has one health."""
    shared: set[str] = set()
    for channel in channels.CHANNELS:
        if channel.configurable or channel.queue in shared:
            continue
        if channel.serves == "readers":
            shared.add(channel.queue)
        yield channel


def _ensure(session: Session, channel: AnyChannel, interest_id: int, cfg: Settings) -> None:
    checked = _from_the_deployment(channel, cfg)
    row = session.get(Destination, uuid5(_BUILT_IN, channel.kind))
    if row is None and checked is not None:
        values = {
            "id": uuid5(_BUILT_IN, channel.kind),
            "merchant_id": None,
            "channel": channel.kind,
            "name": channel.label,
            "interest_id": interest_id,
            "state": "active",
            "reason": NO_REASON,
            "created_at": clock.now(),
            "failures": 0,
            **columns(checked),
        }  # fmt: skip -- one glance shows every column
        db.insert_new(session, Destination.__table__, [values])
    elif row is not None and checked is None:
        row.state, row.reason = "paused", _NOT_SET_UP
    elif row is not None and checked is not None:
        row.settings = checked.plain()
        if row.reason == _NOT_SET_UP:
            row.state, row.reason = "active", NO_REASON


def _from_the_deployment(channel: AnyChannel, cfg: Settings) -> ChannelSettings | None:
    """A built-in channel's field `hub` is the service's setting `<kind>_hub`; None where one that it needs is empty."""
    found = {name: getattr(cfg, f"{channel.kind}_{name}", None) for name in channel.settings.model_fields}
    given = {name: value for name, value in found.items() if value not in (None, "")}
    needed = {name for name, info in channel.settings.model_fields.items() if info.is_required()}
    if not needed <= set(given):
        return None
    try:
        return channel.settings.model_validate(given)
    except ValidationError as error:
        faults = faults_of(error)
        raise Invalid(*(Fault(f"{channel.kind}_{one.field}", one.message) for one in faults)) from error
