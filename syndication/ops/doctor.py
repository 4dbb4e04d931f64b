"""Checks an installation part by part, and advises what to do; changes nothing."""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from syndication import clock, insight, migrations
from syndication.config import Settings
from syndication.delivery import restore_mark
from syndication.errors import SyndicationError
from syndication.infra import confined, db, private_files, signing
from syndication.infra.confined import report
from syndication.infra.signing import Box
from syndication.models import Destination
from syndication.ops import broker, mail_server
from syndication.ops.celery_wakeups import QUEUES

Verdict = Literal["ok", "warn", "bad"]
#: Seconds.
_BEAT_LATE, _BEAT_DEAD = 30, 120
_QUEUE_SLOW, _QUEUE_STUCK = 60, 600
#: From the second on, messages expire before they are read.
_DRIFT, _MOST_DRIFT = 2, 45
_SMTP_PATIENCE = 10
_PROBE_PATIENCE, _PROBE_MEMORY = 20, 50_000_000
#: Oldest PostgreSQL that is supported.
_POSTGRESQL = 14
_GIGABYTE = 1_000_000_000
#: Bytes of a file that is written and deleted, to see whether one can be.
_PROBE_FILE = 65_536
_LITTLE_SPACE, _TOO_LITTLE_SPACE = 2 * _GIGABYTE, _GIGABYTE // 5


@dataclass(frozen=True)
class Finding:
    """What was found of one part, and for a `warn` or `bad` one what to do."""

    part: str
    verdict: Verdict
    said: str
    advice: str = ""


class _Stop(Exception):
    """The finding after which the rest of a part need not be looked at."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.said)
        self.finding = finding


def examine(cfg: Settings, *, parts: Collection[str] = ()) -> Iterator[Finding]:
    """Findings one by one, as they are made; at least one for each part, or each of `parts`. Connects the database."""
    db.connect(cfg.resolved_database_url)
    answers = True
    for part, look in _LOOKS.items():
        if parts and part not in parts:
            continue
        if part in _NEED_TABLES and not answers:
            yield Finding(part, "warn", "Cannot be told without the database.", "Repair the database first.")
            continue
        found = list(_looked(part, look, cfg))
        if part in ("database", "migrations") and any(one.verdict == "bad" for one in found):
            answers = False
        yield from found


def _looked(part: str, look: Callable[[Settings], Iterable[Finding]], cfg: Settings) -> Iterator[Finding]:
    try:
        yield from look(cfg)
    except _Stop as stop:
        yield stop.finding
    except (SyndicationError, SQLAlchemyError, OSError) as error:
        said = str(error).strip().splitlines()
        yield Finding(part, "bad", said[0] if said else type(error).__name__, _ADVICE.get(part, ""))


_ADVICE = {
    "database": "Check SYNDICATION_DATABASE_URL and that the database runs.",
    "migrations": "Run `syndication migrate`.",
    "broker": "Check SYNDICATION_BROKER_URL and that the broker runs. Posts are accepted meanwhile and go out later.",
    "workers": "Start workers with `celery -A worker worker`, or everything with `syndication up`.",
    "disk": "Check SYNDICATION_DATA_DIR.",
}


#: What to do about a database that refuses, by why it does.
_REPAIRS: dict[db.Why, str] = {
    "full": "Make room on the database's disk; what was accepted so far is kept and goes on by itself.",
    "disk": "Look at the database's disk; the system's log says more.",
    "read_only": "Write to the primary server, or mount the disk so that it can be written.",
    "crowded": "Raise max_connections of PostgreSQL, or lower SYNDICATION_DATABASE_POOL.",
    "busy": "See what else works on the database.",
}


def _database(cfg: Settings) -> Iterator[Finding]:
    try:
        db.check()
        db.try_to_write()
    except SyndicationError as error:
        advice = _REPAIRS.get(db.why(error.__cause__ or error), _ADVICE["database"])
        raise _Stop(Finding("database", "bad", str(error), advice)) from error
    with db.engine().connect() as connection:
        if connection.dialect.name == "postgresql":
            number = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10000
            said = f"PostgreSQL {connection.scalar(text('SHOW server_version'))} answers."
            if number < _POSTGRESQL:
                yield Finding("database", "bad", said, f"Use PostgreSQL {_POSTGRESQL} or newer.")
            else:
                yield Finding("database", "ok", said)
            return
        mode = connection.scalar(text("PRAGMA journal_mode"))
        said = f"SQLite {connection.scalar(text('SELECT sqlite_version()'))} answers, journal mode {mode}."
    if mode == "wal":
        yield Finding("database", "ok", said)
    else:
        yield Finding("database", "bad", said, "Put the file on a local disk: write-ahead logging needs one.")


def _migrations(_: Settings) -> Iterator[Finding]:
    if migrations.at_head():
        yield Finding("migrations", "ok", "The tables are those of this version.")
    else:
        yield Finding(
            "migrations", "bad", "The tables are missing, or of another version.", _ADVICE["migrations"]
        )


def _broker(cfg: Settings) -> Iterator[Finding]:
    broker.check(cfg.resolved_broker_url)
    state = broker.redis_state(cfg.resolved_broker_url)
    if state is None:
        yield Finding("broker", "ok", "The broker answers.")
        return
    yield Finding("broker", "ok", f"Redis {state.version or ''} answers.".replace("  ", " "))
    if state.policy not in ("noeviction", None):
        advice = "Set maxmemory-policy to noeviction; wake-ups that are thrown away cost seconds each."
        yield Finding(
            "broker", "warn", f"It throws messages away when memory is short ({state.policy}).", advice
        )
    if state.append_only is False:
        advice = "Set appendonly to yes; without it, messages of other programs to posts.submit can be lost."
        yield Finding("broker", "warn", "It forgets its messages at a restart.", advice)


def _workers(cfg: Settings) -> Iterator[Finding]:
    found = broker.listeners(cfg.resolved_broker_url)
    served = {queue for queues in found.values() for queue in queues}
    missing = [queue for queue in QUEUES if queue not in served]
    if not found:
        yield Finding("workers", "bad", "No worker answers.", _ADVICE["workers"])
    elif missing:
        names = ", ".join(missing)
        yield Finding(
            "workers", "bad", f"No worker serves: {names}.", f"Start one with -Q {','.join(missing)}."
        )
    else:
        yield Finding("workers", "ok", f"Workers that answer: {len(found)}; every queue is served.")


def _queues(_: Settings) -> Iterator[Finding]:
    rows = insight.queues()
    slow = [row for row in rows if row.ready >= _QUEUE_SLOW]
    held = [row for row in rows if row.oldest >= _QUEUE_SLOW and row not in slow]
    if not slow and not held:
        yield Finding("queues", "ok", "Nothing that could go out is waiting.")
    for row in slow:
        verdict: Verdict = "bad" if row.ready >= _QUEUE_STUCK else "warn"
        said = f"{row.queue}: {row.due} could go out, the oldest for {row.ready:.0f} s."
        yield Finding("queues", verdict, said, f"See that a worker serves {row.queue}, or add one.")
    for row in held:
        waiting = row.due + row.later + row.held
        said = (
            f"{row.queue}: {waiting} wait, the oldest since {row.oldest:.0f} s ago because its outlet fails."
        )
        advice = "See `syndication destinations`; once it works again, all goes out. `syndication retry` tries at once."
        yield Finding("queues", "warn", said, advice)
    claims = [part for part in insight.heartbeats() if part.name.startswith("worker:")]
    if claims:
        last = min(claims, key=lambda part: part.age)
        who = last.name.removeprefix("worker:")
        yield Finding("queues", "ok", f"The last claim was made {last.age:.0f} s ago by {who}.")


def _outlets(cfg: Settings) -> Iterator[Finding]:
    found = insight.down(cfg.outage_after)
    for row in found:
        if row.merchant is None:
            said = f"{row.name} ({row.channel}) has taken nothing for {row.seconds / 60:.0f} minutes. {row.reason}"
            yield Finding(
                "outlets", "bad", said, f"`syndication destinations show {row.id}` shows its health."
            )
    if theirs := [row for row in found if row.merchant is not None]:
        said = f"Outlets of merchants that take nothing: {len(theirs)}, such as {theirs[0].name} of {theirs[0].merchant}."
        yield Finding(
            "outlets", "warn", said, "`syndication destinations` shows them; each owner can repair theirs."
        )
    if not found:
        yield Finding("outlets", "ok", "All of them take what is sent.")
    if not insight.hearing():
        advice = "Set up an outlet for yourselves, and let it hear of outages: `syndication destinations alarms ID`."
        said = "Nobody can be told when mail is down" + (
            "." if cfg.operator_email else ", nor of other outages."
        )
        yield Finding("outlets", "warn", said, advice)


def _beat(cfg: Settings) -> Iterator[Finding]:
    if (old := restore_mark.behind(cfg)) is not None:
        said = f"The database is of {old.knows:%Y-%m-%d %H:%M} UTC and was in use until {old.seen:%Y-%m-%d %H:%M} UTC."
        yield Finding(
            "beat", "bad", said, "A backup was restored: stop every part, and run `syndication restored`."
        )
        return
    advice = "See that exactly one `celery -A worker beat` runs, and a worker for the queue sweeps."
    tick = next((part for part in insight.heartbeats() if part.name == "beat"), None)
    if tick is None:
        yield Finding("beat", "bad", "Beat has never ticked.", advice)
    elif tick.age > _BEAT_LATE:
        verdict: Verdict = "bad" if tick.age > _BEAT_DEAD else "warn"
        yield Finding("beat", verdict, f"Beat last ticked {tick.age:.0f} s ago.", advice)
    else:
        yield Finding("beat", "ok", f"Beat ticked {tick.age:.0f} s ago.")


def _dead(_: Settings) -> Iterator[Finding]:
    given_up, messages = insight.troubled(limit=100), insight.messages(limit=100)
    if not given_up and not messages:
        yield Finding("dead letters", "ok", "There are none.")
        return
    said = f"Deliveries that did not arrive: {_count(given_up)}; messages that became no post: {_count(messages)}."
    advice = "Read the reasons with `syndication dead-letters`; `syndication replay` sends deliveries again."
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
            "Mails and addresses travel in plain text.",
            "Set SYNDICATION_SMTP_SECURITY to starttls.",
        )


def _clock(cfg: Settings) -> Iterator[Finding]:
    with db.reading() as session:
        drift = (db.now(session) - clock.now()).total_seconds()
    local = clock.now().astimezone(cfg.zone)
    for part in insight.heartbeats():
        if part.age < _BEAT_DEAD and abs(part.ahead) > _DRIFT:
            where = part.name.removeprefix("worker:")
            said = f"The clock of {where} is {abs(part.ahead):.0f} s {'ahead of' if part.ahead > 0 else 'behind'} the database's."
            graver: Verdict = "bad" if abs(part.ahead) > _MOST_DRIFT else "warn"
            yield Finding("clock", graver, said, "Let NTP set the clocks of all machines.")
    if abs(drift) > _DRIFT:
        said = f"This machine's clock and the database's differ by {abs(drift):.0f} s."
        verdict: Verdict = "bad" if abs(drift) > cfg.lease / 2 else "warn"
        yield Finding("clock", verdict, said, "Let NTP set the clocks of all machines.")
    else:
        yield Finding("clock", "ok", f"It is {local:%Y-%m-%d %H:%M} in {cfg.timezone}; compare with a watch.")


def _secrets(cfg: Settings) -> Iterator[Finding]:
    box = Box(cfg.keys)
    with db.reading() as session:
        found = session.execute(
            select(Destination.id, Destination.name, Destination.secrets).where(Destination.secrets != "")
        ).all()
    closed = [(destination_id, name) for destination_id, name, kept in found if not _opens(box, kept)]
    for destination_id, name in closed:
        advice = "Add the key it was made with to SYNDICATION_SECRET_KEYS, or set the destination up anew."
        yield Finding("secrets", "bad", f"No key opens the secret of {name} ({destination_id}).", advice)
    if not closed:
        said = f"Keys: {len(cfg.keys)}; secrets of destinations that they open: {len(found)}."
        yield Finding("secrets", "ok", said)


def _opens(box: Box, kept: str) -> bool:
    try:
        box.open(kept)
    except ValueError:
        return False
    return True


def _address(cfg: Settings) -> Iterator[Finding]:
    if cfg.base_url.startswith("https://"):
        yield Finding("address", "ok", f"Readers reach the service at {cfg.base_url}.")
    else:
        advice = "Set SYNDICATION_BASE_URL to the public https:// address."
        yield Finding("address", "warn", f"{cfg.base_url} is not encrypted.", advice)
    if cfg.allow_private_addresses:
        advice = "Set SYNDICATION_ALLOW_PRIVATE_ADDRESSES to false outside tests and the demo."
        yield Finding("address", "warn", "Webhooks may reach machines inside the network.", advice)


def _disk(cfg: Settings) -> Iterator[Finding]:
    folder = cfg.data_dir
    if not folder.is_dir():
        advice = "Nothing to do where database and broker run elsewhere; `syndication up` makes it."
        yield Finding("disk", "warn", f"{folder} does not exist.", advice)
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_FILE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        said = f"In {folder} nothing can be written ({error.strerror}). Nothing new is kept."
        advice = "Make room, or see who may write there: quota, permissions, how the disk is mounted."
        yield Finding("disk", "bad", said, advice)
    free = shutil.disk_usage(folder).free
    said = f"{free / _GIGABYTE:.1f} GB are free at {folder}."
    if free < _LITTLE_SPACE:
        yield Finding(
            "disk", "bad" if free < _TOO_LITTLE_SPACE else "warn", said, "Make room: a full disk stops all."
        )
    else:
        yield Finding("disk", "ok", said)


def _data(cfg: Settings) -> Iterator[Finding]:
    """Who can read what lies in the data directory: readers' addresses, secrets under the keys of the settings."""
    folder = cfg.data_dir
    if folder.is_dir() and private_files.open_to_others(folder):
        advice = f"Run `chmod 700 {folder}`, or give the service a folder of its own in SYNDICATION_DATA_DIR."
        yield Finding("data", "warn", f"Others of this machine can look into {folder}.", advice)
    else:
        yield Finding("data", "ok", "What lies in the data directory is closed to others.")


def _secrets_chosen(cfg: Settings) -> Iterator[Finding]:
    """Keys that somebody typed. The first must not be weak; old ones stay until nothing is under them."""
    if any(signing.weak(key.encode()) for key in cfg.keys):
        said = "A key in SYNDICATION_SECRET_KEYS can be guessed."
        yield Finding("keys", "warn", said, "Run `syndication rotate-secrets`, then drop the old key.")
    else:
        yield Finding("keys", "ok", "The keys of the settings are none that one would guess.")


def _confinement(_: Settings) -> Iterator[Finding]:
    """What holds the processes that open strangers' pictures and speak to services through Apprise."""
    child = confined.Child(report.__name__, memory=_PROBE_MEMORY)
    try:
        held = child.ask(b"", seconds=_PROBE_PATIENCE).decode().split()
    except confined.Failed as failure:
        said = f"Pictures cannot be opened: their process does not start ({failure})."
        yield Finding("confinement", "bad", said, "Look at what limits processes on this machine.")
        return
    finally:
        child.close()
    if missing := [name for name in report.WHOLE if name not in held]:
        advice = "Use Linux 5.13 or newer, and a container that lets a process give up rights of its own."
        said = f"Strangers' pictures are opened without {' and '.join(missing)}, by Python's own guard alone."
        yield Finding("confinement", "warn", said, advice)
    else:
        yield Finding(
            "confinement", "ok", "Strangers' pictures are opened where nothing else can be reached."
        )


_LOOKS: dict[str, Callable[[Settings], Iterable[Finding]]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "workers": _workers,
    "queues": _queues,
    "outlets": _outlets,
    "beat": _beat,
    "dead letters": _dead,
    "mail": _mail,
    "clock": _clock,
    "secrets": _secrets,
    "address": _address,
    "disk": _disk,
    "data": _data,
    "confinement": _confinement,
    "keys": _secrets_chosen,
}
_NEED_TABLES = {"queues", "outlets", "beat", "dead letters", "clock", "secrets"}
