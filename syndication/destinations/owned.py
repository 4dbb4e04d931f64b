"""Outlets that people set up: created, shown without secrets, changed, paused, tested, deleted."""

from collections.abc import Container, Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.audience import interests
from syndication.audit import log
from syndication.audit.log import About
from syndication.channels.settings import Settings as ChannelSettings
from syndication.content.base import new_id
from syndication.content.interest import Interest
from syndication.content.reason import NO_REASON
from syndication.destinations import probe_limits
from syndication.destinations.sealed import (
    AnyChannel,
    amended,
    columns,
    decrypted,
    encrypt_into,
    secret_names,
    validated,
)
from syndication.destinations.values import (
    PAUSED,
    DestinationAmendment,
    DestinationRecord,
    DestinationRequest,
    Revealed,
)
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db, wakeups
from syndication.ledger import lifecycle
from syndication.models import Delivery, Destination, InterestRow, Merchant
from syndication.publishing import merchants

#: Destinations one merchant may have; each of them multiplies every post.
MOST = 50


def create(
    merchant_id: UUID | None,
    request: DestinationRequest,
    *,
    identity: UUID | None = None,
    counted: bool = False,
) -> Revealed:
    """A new destination of a merchant, or of the city, under a fresh id or a given one that nobody has yet.

    `counted`: the knock at its server was counted already. Raises Invalid with one Fault for each field, Forbidden where
    the merchant is not admitted, Conflict at the limit or where the id is taken, TooOften.
    """
    channel = _configurable(request.channel)
    checked = validated(channel, request.settings)
    identity = identity or new_id()
    if not counted:
        _count_tending(merchant_id, identity, channel, checked)
    with db.transaction() as session:
        merchant = merchants.require(session, merchant_id, "set up")
        if merchant is not None:
            _refuse_too_many(session, merchant)
        if session.get(Destination, identity) is not None:
            raise Conflict("There is such an outlet already.")
        row = Destination(
            id=identity,
            merchant_id=merchant_id,
            channel=channel.kind,
            name=request.name,
            created_at=clock.now(),
            state="active",
            reason=NO_REASON,
            failures=0,
            failing_since=None,
            held_until=None,
            last_sent_at=None,
            interest_id=_interest(session, merchant, request.interest),
            **columns(checked),
        )  # fmt: skip -- one glance shows every column
        session.add(row)
        session.flush()  # read back below with its interest
        _note(session, "outlet.made", row, channel=row.channel)
        return Revealed(_record(session, row), _made(checked, request.settings))


def read(destination_id: UUID, *, owner: UUID | None = None) -> DestinationRecord:
    """One destination; with `owner` only where it is that merchant's. Raises NotFound."""
    with db.reading() as session:
        return _record(session, _owned(session, owner, destination_id))


def listed(
    *,
    owner: UUID | None = None,
    channel: str | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[DestinationRecord]:
    """Destinations of one merchant, or all, newest first; `after` is the id of the last one already seen.

    People's devices are left out unless their channel is asked for.
    """
    statement = _rows().order_by(Destination.id.desc()).limit(limit)
    wanted = ((Destination.merchant_id, owner), (Destination.channel, channel), (Destination.state, state))
    statement = statement.where(*(column == value for column, value in wanted if value is not None))
    if channel is None:
        statement = statement.where(Destination.channel.not_in(channels.personal_kinds()))
    if after is not None:
        statement = statement.where(Destination.id < after)
    with db.reading() as session:
        return [_as_record(row, interest, merchant) for row, interest, merchant in session.execute(statement)]


def of_the_city(*, alarms: bool = False) -> list[DestinationRecord]:
    """The outlets of the city that tell everybody's posts, by name; people's devices aside.

    `alarms`: those as well that hear of alarms and of no post.
    """
    statement = _rows().where(
        Destination.merchant_id.is_(None), Destination.channel.not_in(channels.personal_kinds())
    )
    if not alarms:
        statement = statement.where(Destination.alarms.is_(False))
    with db.reading() as session:
        found = session.execute(statement.order_by(Destination.name, Destination.id))
        return [_as_record(*row) for row in found]


def update(
    destination_id: UUID,
    amendment: DestinationAmendment,
    *,
    owner: UUID | None = None,
    counted: bool = False,
) -> Revealed:
    """Change a destination, with the secrets that had to be made anew. One that moves to another server loses its own.

    `counted` as in `create`. Raises NotFound, Forbidden, Invalid, TooOften, and Conflict for one that comes with the city.
    """
    if amendment.settings is not None and not counted:
        _count_change(destination_id, amendment.settings, owner)
    made: dict[str, Any] = {}
    with db.transaction() as session:
        row = _owned(session, owner, destination_id)
        merchants.require(session, owner, "set up")
        _own_channel(row)
        if amendment.name is not None:
            row.name = amendment.name
        if amendment.settings is not None:
            after = _changed(row, amendment.settings)
            made = _made(after, amendment.settings, decrypted(row).values())
            encrypt_into(row, after)
        if amendment.interest is not None:
            merchant = session.get(Merchant, row.merchant_id) if row.merchant_id else None
            row.interest_id = _interest(session, merchant, amendment.interest)
        session.flush()  # read back below with its interest
        _note(session, "outlet.changed", row, fields=sorted(amendment.model_fields_set))
        return Revealed(_record(session, row), made)


def preview(
    destination_id: UUID, changes: Mapping[str, Any], *, owner: UUID | None = None
) -> ChannelSettings:
    """A destination's settings as they would be with `changes`; nothing is kept. Raises NotFound, Invalid, Conflict."""
    with db.reading() as session:
        row = _owned(session, owner, destination_id)
        return _changed(row, changes)


def pause(destination_id: UUID, *, owner: UUID | None = None) -> DestinationRecord:
    """Send nothing more to a destination until it is resumed; what comes meanwhile waits. Raises NotFound."""
    with db.transaction() as session:
        row = _owned(session, owner, destination_id)
        merchants.require(session, owner, "pause")
        if row.state == "active":
            row.state, row.reason = "paused", PAUSED
        _note(session, "outlet.paused", row)
        return _record(session, row)


def resume(destination_id: UUID, *, owner: UUID | None = None, counted: bool = False) -> DestinationRecord:
    """Send to a destination again, at once and with a clean bill of health; `counted` as in `create`.

    Raises NotFound, Forbidden, TooOften.
    """
    if owner is not None and not counted:
        knocking(destination_id, "resume", owner=owner)
    with db.transaction() as session:
        row = _owned(session, owner, destination_id)
        merchants.require(session, owner, "resume")
        row.state, row.reason = "active", NO_REASON
        # What waits for a later try is made due within seconds.
        row.recovering_from = row.recovering_from or row.failing_since
        row.failures, row.failing_since, row.held_until, row.trouble = 0, None, None, NO_REASON
        _note(session, "outlet.resumed", row)
        if channels.known(row.channel):
            wakeups.after_commit(session, channels.by_kind(row.channel).queue)
        return _record(session, row)


def delete(destination_id: UUID, *, owner: UUID | None = None) -> None:
    """Delete a destination with all its deliveries. Raises NotFound, and Conflict for one that comes with the city."""
    with db.transaction() as session:
        row = _owned(session, owner, destination_id)
        merchants.require(session, owner, "delete")
        _own_channel(row)
        _note(session, "outlet.removed", row, channel=row.channel)
        session.delete(row)


def rotate_secret(destination_id: UUID, *, owner: UUID | None = None) -> Revealed:
    """A destination with a new secret. How long the old one goes on to work is the channel's affair.

    Raises NotFound, and Conflict where the channel has no secret of ours to rotate.
    """
    with db.transaction() as session:
        row = _owned(session, owner, destination_id)
        merchants.require(session, owner, "set up")
        channel = _own_channel(row)
        before = validated(channel, {**row.settings, **decrypted(row)}, kept=True)
        rotated = getattr(before, "rotated", None)
        if rotated is None:
            raise Conflict(f"{channel.label} has no secret that could be rotated.")
        after: ChannelSettings = rotated(clock.now())
        encrypt_into(row, after)
        _note(session, "outlet.secret", row)
        return Revealed(_record(session, row), _made(after, seen=before.secrets().values()))


def test(destination_id: UUID, *, owner: UUID | None = None, counted: bool = False) -> int:  # noqa: PT028 -- a merchant tests an outlet
    """Send a made-up post to a destination; returns the id of the delivery, whose attempts tell how it went.

    `counted` as in `create`. Raises NotFound, Forbidden, TooOften, and Conflict where it is not active or an earlier test
    is still on its way.
    """
    with db.reading() as session:
        row, _ = _testable(session, destination_id, owner)
        addressed = _addressed(row)
    if not counted:
        probe_limits.count(owner, destination_id, addressed)
    with db.transaction() as session:
        row, channel = _testable(session, destination_id, owner)
        now = db.now(session)
        made = lifecycle.row(channel, f"t{uuid4().hex}", now, destination_id=row.id, payload={"test": True})
        delivery = Delivery(**made)
        session.add(delivery)
        _note(session, "outlet.tested", row)
        session.flush()  # the caller asks for it by the key that the database gives
        wakeups.after_commit(session, channel.queue)
        return delivery.id


def knocking(destination_id: UUID, act: merchants.Act, *, owner: UUID | None = None) -> DestinationRecord:
    """One destination, where its owner may do `act`, by which we knock at its server: it is counted.

    Raises NotFound, Forbidden, TooOften.
    """
    with db.reading() as session:
        row = _owned(session, owner, destination_id)
        merchants.require(session, owner, act)
        record, addressed = _record(session, row), _addressed(row)
    probe_limits.count(owner, destination_id, addressed)
    return record


def _note(session: Session, what: log.What, row: Destination, **details: Any) -> None:
    about = About("outlet", row.id, row.name)
    log.record(session, what, about, merchant_id=row.merchant_id, **details)


def _testable(session: Session, destination_id: UUID, owner: UUID | None) -> tuple[Destination, AnyChannel]:
    row = _owned(session, owner, destination_id)
    channel = _own_channel(row)
    merchants.require(session, owner, "test")
    if row.state != "active":
        raise Conflict(f"{row.name} is {row.state}. Please resume it before you test it.")
    if _test_under_way(session, row):
        raise Conflict("An earlier test of this destination is still on its way.")
    return row, channel


def _count_tending(
    owner: UUID | None, destination_id: UUID, channel: AnyChannel, chosen: ChannelSettings
) -> None:
    """New settings have the channel look after its outlet at once; whoever runs the city may do so as often as it likes."""
    if owner is not None and channel.tended_every is not None:
        probe_limits.count(owner, destination_id, chosen)


def _count_change(destination_id: UUID, changes: Mapping[str, Any], owner: UUID | None) -> None:
    with db.reading() as session:
        row = _owned(session, owner, destination_id)
        channel, chosen = _own_channel(row), _changed(row, changes)
    _count_tending(owner, destination_id, channel, chosen)


def _addressed(row: Destination) -> ChannelSettings | None:
    """What names the hosts of a destination; None where nobody can read it, and so nothing is sent there."""
    try:
        return validated(_own_channel(row), {**row.settings, **decrypted(row)})
    except (Conflict, Invalid):
        return None


def _changed(row: Destination, changes: Mapping[str, Any]) -> ChannelSettings:
    return amended(_own_channel(row), row.settings, decrypted(row), changes)


def _made(settings: ChannelSettings, given: Container[str] = (), seen: Iterable[Any] = ()) -> dict[str, Any]:
    """The secrets that nobody has seen yet: neither given nor there before."""
    known = [None, *seen]
    return {
        name: value for name, value in settings.secrets().items() if name not in given and value not in known
    }


def _configurable(kind: str) -> AnyChannel:
    choice = [channel.kind for channel in channels.CHANNELS if channel.configurable]
    if kind not in choice:
        raise Invalid.field("channel", f"must be one of {', '.join(choice)}")
    return channels.by_kind(kind)


def _own_channel(row: Destination) -> AnyChannel:
    """The channel of a destination that a person set up."""
    if not channels.known(row.channel):
        raise Conflict(f"The channel {row.channel} is not installed here. Please ask the city's operator.")
    channel = channels.by_kind(row.channel)
    if not channel.configurable:
        raise Conflict(f"{row.name} comes with the city; it can only be paused and resumed.")
    return channel


def _interest(session: Session, merchant: Merchant | None, interest: Interest) -> int:
    """The row of an interest that this owner may have."""
    if merchant is not None:
        if set(interest.merchants) - {merchant.slug}:
            raise Invalid.field(
                "interest.merchants", f"may name only {merchant.slug}: other merchants' posts go elsewhere"
            )
    elif interest.merchants:
        known = set(session.scalars(select(Merchant.slug).where(Merchant.slug.in_(interest.merchants))))
        if unknown := [slug for slug in interest.merchants if slug not in known]:
            raise Invalid.field("interest.merchants", f"names unknown merchants: {', '.join(unknown)}")
    return interests.ensure(session, interest)


def _refuse_too_many(session: Session, merchant: Merchant) -> None:
    # Locked, so that two requests at once do not both take the last place.
    session.get(Merchant, merchant.id, with_for_update=True)
    if (session.scalar(select(func.count()).where(Destination.merchant_id == merchant.id)) or 0) >= MOST:
        raise Conflict(
            f"{merchant.name} has {MOST} destinations, the most there may be. Please delete one first."
        )


def _test_under_way(session: Session, row: Destination) -> bool:
    waiting = select(Delivery.payload).where(
        Delivery.destination_id == row.id,
        Delivery.state.in_(("waiting", "sending")),
        Delivery.change_id.is_(None),
        Delivery.edition_id.is_(None),
    )
    # What takes an earlier one back does not stand in the way.
    found = [payload or {} for payload in session.scalars(waiting)]
    return any(payload.get("test") and "takes_back" not in payload for payload in found)


def _owned(session: Session, owner: UUID | None, destination_id: UUID) -> Destination:
    row = session.get(Destination, destination_id, with_for_update=db.writes(session))
    if row is None or (owner is not None and row.merchant_id != owner):
        raise NotFound("There is no such destination.")
    return row


def _rows() -> Select[Destination, InterestRow, Merchant]:
    return (
        select(Destination, InterestRow, Merchant)
        .join(InterestRow, InterestRow.id == Destination.interest_id)
        .outerjoin(Merchant, Merchant.id == Destination.merchant_id)
    )


def _record(session: Session, row: Destination) -> DestinationRecord:
    merchant = session.get(Merchant, row.merchant_id) if row.merchant_id else None
    return _as_record(row, session.get_one(InterestRow, row.interest_id), merchant)


def _as_record(row: Destination, interest: InterestRow, merchant: Merchant | None) -> DestinationRecord:
    return DestinationRecord(
        id=row.id,
        merchant_slug=merchant.slug if merchant else None,
        channel=row.channel,
        name=row.name,
        settings=row.settings,
        secrets=secret_names(row),
        interest=interests.load(interest),
        state=row.state,
        reason=row.reason,
        created_at=row.created_at,
        failures=row.failures,
        failing_since=row.failing_since,
        held_until=row.held_until,
        last_sent_at=row.last_sent_at,
        trouble=row.trouble,
    )  # fmt: skip -- a row for a row
