"""Detects outages of the city's outlets, and reports each once, by a way that still works, and again when it ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from syndication import channels
from syndication.channels.built_in.letter import Letter
from syndication.config import Settings
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery import outage_notices, resume
from syndication.infra import db, wakeups
from syndication.infra.smtp import MailFailure, Outbox
from syndication.ledger.policy import well_after
from syndication.models import Alert, AlertMessage, Delivery, Destination, Outage

_log = structlog.get_logger(__name__)
#: A single failure says little.
_LEAST_FAILURES = 2
#: Readers whose mails were all put off, by which more is meant than their mailboxes.
_SEVERAL = 5
_EVER = datetime.min.replace(tzinfo=UTC)
#: An outlet that goes up and down is well again only after ever longer; what is longer ago than this is forgotten.
_REMEMBERED = timedelta(hours=24)
#: Seconds for each answer of a mail server that is only asked whether it is there.
_PATIENCE = 10.0
#: A mail is tried out of its turn where so few of its tries are spent that the tail of its schedule remains.
_MOST_TRIES = 5


def sweep(cfg: Settings) -> int:
    """Open and close outages and tell the operator of each once; returns how many are open.

    An outage is a row, so a restart forgets none, and two sweeps at once say nothing twice.
    """
    with db.reading() as session:  # mostly there is nothing
        now = db.now(session)
        if not (_any_open(session) or list(_fallen(session, cfg, now))):
            return 0
    with db.transaction() as session:
        db.advisory_lock(session, "outages")
        now = db.now(session)
        for outlet, trouble in _fallen(session, cfg, now):
            _open(session, outlet, trouble)
        for outage, outlet in _opened(session):
            _look(session, cfg, outage, outlet, now)
        session.flush()
        return session.scalar(select(func.count()).select_from(Outage).where(Outage.ended_at.is_(None))) or 0


@dataclass(frozen=True)
class _Trouble:
    """Since when (UTC) an outlet takes nothing, and what it says."""

    since: datetime
    reason: Reason


def _fallen(session: Session, cfg: Settings, now: datetime) -> Iterator[tuple[Destination, _Trouble]]:
    """Outlets of the city that take nothing and have no outage yet.

    A merchant's has an owner who is told; a device is nobody's to repair.
    """
    known = exists().where(Outage.destination_id == Destination.id, Outage.ended_at.is_(None))
    server = _mail_outlet(session)
    statement = select(Destination).where(
        Destination.merchant_id.is_(None),
        Destination.channel.not_in(channels.personal_kinds()),
        Destination.state == "active",
        or_(
            Destination.failing_since <= now - timedelta(seconds=cfg.outage_after),
            Destination.id == (server.id if server else None),
        ),
        ~known,
    )
    for outlet in session.scalars(statement.order_by(Destination.id)).all():
        if trouble := _trouble(session, cfg, outlet, now):
            yield outlet, trouble


def _trouble(session: Session, cfg: Settings, outlet: Destination, now: datetime) -> _Trouble | None:
    """What is wrong with an outlet, if anything has been for long enough."""
    long_ago = now - timedelta(seconds=cfg.outage_after)
    since = outlet.failing_since if outlet.failures >= _LEAST_FAILURES else None
    if since is not None and since <= long_ago:
        return _Trouble(since, outlet.trouble)
    server = _mail_outlet(session)
    if server is None or server.id != outlet.id or (server.last_sent_at or _EVER) > long_ago:
        return None
    return _puts_everybody_off(session, server, long_ago)


def _puts_everybody_off(session: Session, server: Destination, long_ago: datetime) -> _Trouble | None:
    """A mail server that answers and takes nothing: several readers' mails came since its last success, and none got through."""
    put_off = (
        Delivery.state == "waiting",
        Delivery.queue == Letter.queue,
        Delivery.attempts > 0,
        Delivery.late_since.is_(None),
        Delivery.reader_id.is_not(None),
        Delivery.created_at > (server.last_sent_at or _EVER),
    )
    readers, first = session.execute(
        select(func.count(Delivery.reader_id.distinct()), func.min(Delivery.created_at)).where(*put_off)
    ).one()
    if readers < _SEVERAL or first > long_ago:
        return None
    said = select(Delivery.reason).where(*put_off).order_by(Delivery.id.desc()).limit(1)
    return _Trouble(first, session.scalar(said) or NO_REASON)


def _any_open(session: Session) -> bool:
    return session.scalar(select(Outage.id).where(Outage.ended_at.is_(None)).limit(1)) is not None


def _open(session: Session, outlet: Destination, trouble: _Trouble) -> None:
    # Whose access was refused, the operator knows from the letter about that.
    told = outlet.warned_at is not None and outlet.warned_at >= trouble.since
    told = told or _told_as_alert(session, outlet)
    row = {
        "destination_id": outlet.id,
        "began_at": trouble.since,
        "reason": trouble.reason,
        "told_by": "owner" if told else "",
    }
    if db.insert_new(session, Outage.__table__, [row]):
        where = {"channel": outlet.channel, "destination": str(outlet.id), "outlet": outlet.name}
        since = trouble.since.isoformat(timespec="seconds")
        _log.error("outlet.down", **where, since=since, reason=trouble.reason)


def _told_as_alert(session: Session, outlet: Destination) -> bool:
    """Of the mail server an alert may have told already, whose limit can be shorter (ops/alerts/deciding.py)."""
    open_ones = select(Alert.id).join(AlertMessage, AlertMessage.alert_id == Alert.id)
    mine = (Alert.about == str(outlet.id), Alert.ended_at.is_(None), AlertMessage.edge == "on")
    return session.scalar(open_ones.where(*mine, AlertMessage.state == "sent").limit(1)) is not None


def _opened(session: Session) -> list[tuple[Outage, Destination]]:
    statement = (
        select(Outage, Destination)
        .join(Destination, Destination.id == Outage.destination_id)
        .where(Outage.ended_at.is_(None))
        .order_by(Outage.id)
    )
    return [(outage, outlet) for outage, outlet in session.execute(statement)]


def _look(session: Session, cfg: Settings, outage: Outage, outlet: Destination, now: datetime) -> None:
    trouble = _trouble(session, cfg, outlet, now)
    if outlet.state != "active":  # somebody, or the letter about its access, has taken the matter over
        outage.ended_at = now
        _log.info(
            "outlet.outage_closed", channel=outlet.channel, destination=str(outlet.id), state=outlet.state
        )
    elif outlet.failing_since is not None or trouble is not None:
        reason = trouble.reason if trouble is not None else outlet.trouble
        outage.well_since, outage.reason = None, reason or outage.reason
        if not outage.told_by:
            outage.told_by = _tell(session, cfg, outage, outlet, now, over=False)
    elif outage.well_since is None:
        outage.well_since = now
    elif now - outage.well_since >= timedelta(seconds=_quiet(session, cfg, outage, now)):
        _end(session, cfg, outage, outlet, now)


def _quiet(session: Session, cfg: Settings, outage: Outage, now: datetime) -> float:
    """Seconds an outlet must have worked to be called well again: longer each time, so that one that flaps tells little."""
    others = (Outage.destination_id == outage.destination_id, Outage.id != outage.id)
    lately = select(func.count()).select_from(Outage).where(*others, Outage.began_at > now - _REMEMBERED)
    return well_after(session.scalar(lately) or 0, cfg.outage_after)


def _end(session: Session, cfg: Settings, outage: Outage, outlet: Destination, now: datetime) -> None:
    outage.ended_at = outage.well_since
    assert outage.ended_at is not None
    minutes = round((outage.ended_at - outage.began_at).total_seconds() / 60)
    where = {"channel": outlet.channel, "destination": str(outlet.id), "outlet": outlet.name}
    _log.warning("outlet.up", **where, minutes=minutes)
    if outage.told_by != "owner":  # that letter has an end of its own
        outage.told_by = _tell(session, cfg, outage, outlet, now, over=True) or outage.told_by


def _tell(
    session: Session, cfg: Settings, outage: Outage, outlet: Destination, now: datetime, *, over: bool
) -> str:
    """Write the one message of this turn; returns the way it goes, or "" where there is none at the moment.

    The end is told by the way the beginning was. A mail does not go through a mail server that is down: then outlets that
    hear of outages are told.
    """
    letter = bool(cfg.operator_email) and _mail_works(session, cfg, now)
    ways = {"mail": ("mail", "alarm"), "alarm": ("alarm", "mail"), "": ("mail", "alarm")}[outage.told_by]
    for way in ways:
        if way == "mail" and letter:
            outage_notices.letter(session, cfg, outage, outlet, now, over=over)
            return "mail"
        if way == "alarm" and outage_notices.to_outlets(session, cfg, outage, outlet, now, over=over):
            return "alarm"
    return ""


def _mail_works(session: Session, cfg: Settings, now: datetime) -> bool:
    """Whether letters get away, as far as is known: the mail server does not fail for as long as an outage takes."""
    server = _mail_outlet(session)
    if server is None or server.state != "active":
        return server is None
    return _trouble(session, cfg, server, now) is None


def _mail_outlet(session: Session) -> Destination | None:
    """The one outlet through which all mail goes; letters have none of their own."""
    kinds = channels.kinds_of(Letter.queue)
    return session.scalars(
        select(Destination).where(Destination.channel.in_(kinds), Destination.merchant_id.is_(None)).limit(1)
    ).one_or_none()


def ask_mail_server(cfg: Settings) -> bool:
    """Ask a mail server that failed whether it takes mail again; where it does, one mail is due at once and opens the way.

    Nothing is sent by asking. Without it the server would be tried when the first mail has its next turn, perhaps in hours.
    """
    with db.reading() as session:
        now, server = db.now(session), _mail_outlet(session)
        failing = server is not None and server.failing_since is not None and server.state == "active"
        due = select(Delivery.id).where(
            Delivery.state == "waiting", Delivery.queue == Letter.queue, Delivery.due_at <= now
        )
        if (
            server is None
            or not failing
            or (server.failures < _LEAST_FAILURES)
            or session.scalar(due.limit(1))
        ):
            return False  # what is due asks by itself as soon as the breaker lets it
    outbox = Outbox(
        cfg.smtp_host,
        cfg.smtp_port,
        cfg.smtp_security,
        cfg.smtp_user,
        cfg.smtp_password.get_secret_value(),
        min(cfg.smtp_timeout, _PATIENCE),
    )
    try:
        outbox.check(cfg.mail_from)
    except MailFailure:
        return False
    finally:
        outbox.close()
    _let_one_through(server.id)
    return True


def _let_one_through(server_id: object) -> None:
    with db.transaction() as session:
        server = session.get(Destination, server_id, with_for_update=True)
        if server is None:
            return
        mail = (Delivery.state == "waiting", Delivery.queue == Letter.queue, Delivery.late_since.is_not(None))
        first = session.scalars(
            select(Delivery.id)
            .where(*mail, Delivery.attempts <= _MOST_TRIES)
            .order_by(Delivery.attempts, Delivery.late_since)
            .limit(1)
        ).one_or_none()
        if first is not None:
            now = db.now(session)
            server.held_until = None
            session.execute(update(Delivery).where(Delivery.id == first, *mail).values(due_at=now))
            wakeups.after_commit(session, Letter.queue)
        elif session.scalar(select(Delivery.id).where(*mail).limit(1)) is None:
            resume.recovered(server, shared=True)  # nothing is left that could show it
