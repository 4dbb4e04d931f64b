"""Checks an installation part by part, and advises what to do; changes nothing."""

from collections.abc import Callable, Collection, Iterable, Iterator

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from syndication import clock, insight, migrations
from syndication.config import Settings
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery import restore_mark
from syndication.errors import SyndicationError
from syndication.infra import db
from syndication.insight import alert_rules, alerts
from syndication.insight import mailings as planned
from syndication.insight.queues import QueueRow
from syndication.ops import broker, machine, mail_server
from syndication.ops.alerts.addressees import recipients
from syndication.ops.finding import Finding, Verdict

#: Seconds.
_BEAT_LATE, _BEAT_DEAD = 30, 120
_QUEUE_SLOW, _QUEUE_STUCK = 60, 600
_SMTP_PATIENCE = 10
#: Oldest PostgreSQL that is supported.
_POSTGRESQL = 14


class _Stop(Exception):
    """The finding after which the rest of a part need not be looked at."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.said)
        self.finding = finding


def examine(cfg: Settings, *, parts: Collection[str] = ()) -> Iterator[Finding]:
    """Findings one by one, as they are made; at least one for each part, or each of `parts`. Connects the database."""
    db.connect(cfg.resolved_database_url)
    yield from look(cfg, parts=parts)


def look(cfg: Settings, *, parts: Collection[str] = ()) -> Iterator[Finding]:
    """The same where the database is connected already."""
    answers = True
    for part, ask in _LOOKS.items():
        if parts and part not in parts:
            continue
        if part in _NEED_TABLES and not answers:
            yield Finding(part, "warn", _UNTOLD, Reason("Repair the database first."))
            continue
        found = list(_looked(part, ask, cfg))
        if part in ("database", "migrations") and any(one.verdict == "bad" for one in found):
            answers = False
        yield from found


def _looked(part: str, ask: Callable[[Settings], Iterable[Finding]], cfg: Settings) -> Iterator[Finding]:
    try:
        yield from ask(cfg)
    except _Stop as stop:
        yield stop.finding
    except (SyndicationError, SQLAlchemyError, OSError) as error:
        yield Finding(part, "bad", _in_one_line(error), _ADVICE.get(part, NO_REASON))


def _in_one_line(error: BaseException) -> Reason:
    """Ours as it is; of what a library says the first line."""
    said = str(error)
    if isinstance(said, Reason):
        return said
    return Reason.quoted((said.strip().splitlines() or [type(error).__name__])[0])


_UNTOLD = Reason("Cannot be told without the database.")
_ADVICE = {
    "database": Reason("Check SYNDICATION_DATABASE_URL and that the database runs."),
    "migrations": Reason("Run `syndication migrate`."),
    "broker": Reason(
        "Check SYNDICATION_BROKER_URL and that the broker runs. Posts are accepted meanwhile and go out later."
    ),
    "workers": Reason("Start workers with `celery -A worker worker`, or everything with `syndication up`."),
    "disk": Reason("Check SYNDICATION_DATA_DIR."),
}


#: What to do about a database that refuses, by why it does.
_REPAIRS: dict[db.Why, Reason] = {
    "full": Reason(
        "Make room on the database's disk; what was accepted so far is kept and goes on by itself."
    ),
    "disk": Reason("Look at the database's disk; the system's log says more."),
    "read_only": Reason("Write to the primary server, or mount the disk so that it can be written."),
    "crowded": Reason("Raise max_connections of PostgreSQL, or lower SYNDICATION_DATABASE_POOL."),
    "busy": Reason("See what else works on the database."),
}


def _database(cfg: Settings) -> Iterator[Finding]:
    try:
        db.check()
        db.try_to_write()
    except SyndicationError as error:
        advice = _REPAIRS.get(db.why(error.__cause__ or error), _ADVICE["database"])
        raise _Stop(Finding("database", "bad", _in_one_line(error), advice)) from error
    with db.engine().connect() as connection:
        if connection.dialect.name == "postgresql":
            number = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10000
            said = Reason("{} answers.", f"PostgreSQL {connection.scalar(text('SHOW server_version'))}")
            if number < _POSTGRESQL:
                yield Finding("database", "bad", said, Reason("Use PostgreSQL {} or newer.", _POSTGRESQL))
            else:
                yield Finding("database", "ok", said)
            return
        mode = connection.scalar(text("PRAGMA journal_mode"))
        version = connection.scalar(text("SELECT sqlite_version()"))
        said = Reason("SQLite {} answers, journal mode {}.", version, mode)
    if mode == "wal":
        yield Finding("database", "ok", said)
    else:
        yield Finding(
            "database", "bad", said, Reason("Put the file on a local disk: write-ahead logging needs one.")
        )


def _migrations(_: Settings) -> Iterator[Finding]:
    if migrations.at_head():
        yield Finding("migrations", "ok", Reason("The tables are those of this version."))
    else:
        yield Finding(
            "migrations",
            "bad",
            Reason("The tables are missing, or of another version."),
            _ADVICE["migrations"],
        )


def _broker(cfg: Settings) -> Iterator[Finding]:
    broker.check(cfg.resolved_broker_url)
    state = broker.redis_state(cfg.resolved_broker_url)
    if state is None:
        yield Finding("broker", "ok", Reason("The broker answers."))
        return
    yield Finding("broker", "ok", Reason("{} answers.", f"Redis {state.version or ''}".strip()))
    if state.policy not in ("noeviction", None):
        advice = Reason(
            "Set maxmemory-policy to noeviction; wake-ups that are thrown away cost seconds each."
        )
        said = Reason("It throws messages away when memory is short ({}).", state.policy)
        yield Finding("broker", "warn", said, advice)
    if state.append_only is False:
        advice = Reason(
            "Set appendonly to yes; without it, messages of other programs to posts.submit can be lost."
        )
        yield Finding("broker", "warn", Reason("It forgets its messages at a restart."), advice)


def _workers(cfg: Settings) -> Iterator[Finding]:
    found = broker.listeners(cfg.resolved_broker_url)
    missing = broker.unserved(found)
    if not found:
        yield Finding("workers", "bad", Reason("No worker answers."), _ADVICE["workers"])
    elif missing:
        said = Reason("No worker serves: {}.", ", ".join(missing))
        yield Finding("workers", "bad", said, Reason("Start one with -Q {}.", ",".join(missing)))
    else:
        yield Finding("workers", "ok", Reason("Workers that answer: {}; every queue is served.", len(found)))


def _queues(_: Settings) -> Iterator[Finding]:
    yield from of_queues(insight.queues())


def of_queues(rows: list[QueueRow]) -> Iterator[Finding]:
    """What there is to say of the queues, as somebody has just counted them."""
    slow = [row for row in rows if row.ready >= _QUEUE_SLOW]
    held = [row for row in rows if row.oldest >= _QUEUE_SLOW and row not in slow]
    if not slow and not held:
        yield Finding("queues", "ok", Reason("Nothing that could go out is waiting."))
    for row in slow:
        verdict: Verdict = "bad" if row.ready >= _QUEUE_STUCK else "warn"
        said = Reason("{}: {} could go out, the oldest for {} s.", row.queue, row.due, f"{row.ready:.0f}")
        yield Finding("queues", verdict, said, Reason("See that a worker serves {}, or add one.", row.queue))
    for row in held:
        waiting = row.due + row.later + row.held
        said = Reason(
            "{}: {} wait, the oldest since {} s ago because its outlet fails.",
            row.queue,
            waiting,
            f"{row.oldest:.0f}",
        )
        advice = Reason(
            "See `syndication destinations`; once it works again, all goes out. `syndication retry` tries at once."
        )
        yield Finding("queues", "warn", said, advice)
    yield from _newsletters()
    claims = [part for part in insight.heartbeats() if part.name.startswith("worker:")]
    if claims:
        last = min(claims, key=lambda part: part.age)
        who = last.name.removeprefix("worker:")
        yield Finding(
            "queues", "ok", Reason("The last claim was made {} s ago by {}.", f"{last.age:.0f}", who)
        )


def _newsletters() -> Iterator[Finding]:
    """Those that the town hall holds: it may have forgotten one whose hour has passed."""
    for slot, holder in planned.held():
        late = slot <= clock.now()
        said = Reason("The newsletter of {} UTC is held by {}.", f"{slot:%Y-%m-%d %H:%M}", holder)
        advice = Reason("`syndication editions release {}` lets it go out.", f"{slot:%Y-%m-%dT%H:%MZ}")
        yield Finding("queues", "warn" if late else "ok", said, advice if late else NO_REASON)


def _outlets(cfg: Settings) -> Iterator[Finding]:
    found = insight.down(cfg.outage_after)
    for row in found:
        if row.merchant is None:
            minutes = f"{row.seconds / 60:.0f}"
            said = Reason(
                "{} ({}) has taken nothing for {} minutes. {}", row.name, row.channel, minutes, row.reason
            )
            yield Finding(
                "outlets", "bad", said, Reason("`syndication destinations show {}` shows its health.", row.id)
            )
    if theirs := [row for row in found if row.merchant is not None]:
        first = theirs[0]
        said = Reason(
            "Outlets of merchants that take nothing: {}, such as {} of {}.",
            len(theirs),
            first.name,
            first.merchant,
        )
        advice = Reason("`syndication destinations` shows them; each owner can repair theirs.")
        yield Finding("outlets", "warn", said, advice)
    if not found:
        yield Finding("outlets", "ok", Reason("All of them take what is sent."))
    if not insight.hearing():
        advice = Reason(
            "Set up an outlet for yourselves, and let it hear of outages: `syndication destinations alarms ID`."
        )
        said = (
            Reason("Nobody can be told when mail is down.")
            if cfg.operator_email
            else Reason("Nobody can be told when mail is down, nor of other outages.")
        )
        yield Finding("outlets", "warn", said, advice)


def _beat(cfg: Settings) -> Iterator[Finding]:
    if (old := restore_mark.behind(cfg)) is not None:
        said = Reason(
            "The database is of {} UTC and was in use until {} UTC.",
            f"{old.knows:%Y-%m-%d %H:%M}",
            f"{old.seen:%Y-%m-%d %H:%M}",
        )
        advice = Reason("A backup was restored: stop every part, and run `syndication restored`.")
        yield Finding("beat", "bad", said, advice)
        return
    advice = Reason("See that exactly one `celery -A worker beat` runs, and a worker for the queue sweeps.")
    tick = next((part for part in insight.heartbeats() if part.name == "beat"), None)
    if tick is None:
        yield Finding("beat", "bad", Reason("Beat has never ticked."), advice)
    elif tick.age > _BEAT_LATE:
        verdict: Verdict = "bad" if tick.age > _BEAT_DEAD else "warn"
        yield Finding("beat", verdict, Reason("Beat last ticked {} s ago.", f"{tick.age:.0f}"), advice)
    else:
        yield Finding("beat", "ok", Reason("Beat ticked {} s ago.", f"{tick.age:.0f}"))


def _alerts(cfg: Settings) -> Iterator[Finding]:
    """What the operators were told by itself, in the words of the alerts."""
    rows = alerts.on()
    for row in rows:
        known = alert_rules.BY_NAME.get(row.rule)
        if known is not None:
            title = Reason(known.title, row.name) if "{}" in known.title else known.title
            yield Finding("alerts", "warn", Reason.joined(Reason("Alert: {}.", title), row.said), known.first)
    with db.reading() as session:
        somebody = recipients(session, cfg)
    if not somebody:
        said = Reason("Nobody is told of alerts.")
        advice = Reason("Let somebody decide for the city, or set SYNDICATION_OPERATOR_EMAIL.")
        yield Finding("alerts", "warn", said, advice)
    elif not rows:
        yield Finding("alerts", "ok", Reason("None is on; so many would be told: {}.", len(somebody)))


def _dead(_: Settings) -> Iterator[Finding]:
    given_up, messages = insight.troubled(limit=100), insight.messages(limit=100)
    if not given_up and not messages:
        yield Finding("dead letters", "ok", Reason("There are none."))
        return
    said = Reason(
        "Deliveries that did not arrive: {}; messages that became no post: {}.",
        _count(given_up),
        _count(messages),
    )
    advice = Reason(
        "Read the reasons with `syndication dead-letters`; `syndication replay` sends deliveries again."
    )
    yield Finding("dead letters", "warn", said, advice)


def _count(found: list[insight.DeliveryRow] | list[insight.MessageRow]) -> str:
    return f"{len(found)}" if len(found) < 100 else "100 or more"


def _mail(cfg: Settings) -> Iterator[Finding]:
    said, advice = mail_server.look(cfg, patience=_SMTP_PATIENCE)
    if advice:
        yield Finding("mail", "bad", said, advice)
        return
    yield Finding("mail", "ok", said)
    if cfg.smtp_security == "none" and cfg.smtp_host not in ("localhost", "127.0.0.1", "::1"):
        yield Finding(
            "mail",
            "warn",
            Reason("Mails and addresses travel in plain text."),
            Reason("Set SYNDICATION_SMTP_SECURITY to starttls."),
        )


_LOOKS: dict[str, Callable[[Settings], Iterable[Finding]]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "workers": _workers,
    "queues": _queues,
    "outlets": _outlets,
    "beat": _beat,
    "alerts": _alerts,
    "dead letters": _dead,
    "mail": _mail,
    "clock": machine.clocks,
    "secrets": machine.secrets,
    "address": machine.address,
    "disk": machine.disk,
    "data": machine.data,
    "confinement": machine.confinement,
    "keys": machine.keys,
}
_NEED_TABLES = {"queues", "outlets", "beat", "alerts", "dead letters", "clock", "secrets"}
