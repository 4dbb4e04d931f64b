"""Of what the operators are told by itself: the one list of rules, each with a limit that the town hall can change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from syndication.content.reason import Reason
from syndication.infra import db
from syndication.models import AlertChoice

Unit = Literal["minutes", "hours", "days", "percent", "gigabytes", "seconds"]
_IN_SECONDS: Mapping[Unit, float] = {"minutes": 60.0, "hours": 3600.0, "days": 86400.0, "seconds": 1.0}
_GIGABYTE = 1_000_000_000.0

MACHINES = Reason("Whoever looks after the server")
TOWN_HALL = Reason("You at the town hall")


@dataclass(frozen=True)
class AlertRule:
    """One thing of which the operators are told.

    `title`: what is wrong, in a few words; {} is what it is about. `limit` (in `unit`) is how it comes, `least` and `most`
    bound what may be chosen. `lasts`: the fact has no age of its own, so it counts once it was seen for as long as the limit
    says. `wait`: or for so many seconds. `below`: less than the limit is what is wrong. `expression`: the same for Prometheus
    (docs/monitoring), {limit} in seconds, bytes or percent.
    """

    name: str
    label: Reason
    title: Reason
    unit: Unit
    limit: float
    whose: Reason
    first: Reason
    least: float = 1
    most: float = 10_000
    lasts: bool = False
    wait: float = 0.0
    below: bool = False
    expression: str = ""


def _queue(name: str, label: Reason, title: Reason, minutes: float) -> AlertRule:
    return AlertRule(
        f"queue.{name}",
        label,
        title,
        "minutes",
        minutes,
        MACHINES,
        Reason("See that the workers run: `syndication doctor` says which one is missing."),
        wait=60.0,
        expression=f'syndication_queue_ready_age_seconds{{queue="{name}"}} > {{limit}}',
    )


RULES: tuple[AlertRule, ...] = (
    _queue("fanout", Reason("Posts wait to be spread"), Reason("New posts are not being spread"), 5),
    _queue(
        "housekeeping", Reason("Sign-ups wait for their mail"), Reason("Sign-ups are not being answered"), 5
    ),
    _queue("mail", Reason("Mails wait"), Reason("Mails are not going out"), 60),
    _queue(
        "push",
        Reason("Posts wait for networks and webhooks"),
        Reason("Posts are not going to networks and webhooks"),
        10,
    ),
    _queue(
        "feeds", Reason("Feeds and calendars wait"), Reason("Feeds and calendars are not being renewed"), 10
    ),
    AlertRule(
        "failures",
        Reason("Share of tries that fail on one channel in an hour"),
        Reason("Much fails: {}"),
        "percent",
        50,
        TOWN_HALL,
        Reason("Open the page “Trouble”: it says the cause, and the one act that helps."),
        most=100,
        expression="syndication_failing_percent > {limit}",
    ),
    AlertRule(
        "workers",
        Reason("A worker is silent"),
        Reason("A worker does not answer"),
        "minutes",
        2,
        MACHINES,
        Reason(
            "Start the workers again: `syndication up`, or the service of the worker. Nothing is lost meanwhile."
        ),
        lasts=True,
        expression='syndication_alert{rule="workers"} > 0',
    ),
    AlertRule(
        "beat",
        Reason("The clockwork is silent"),
        Reason("The clockwork has stopped"),
        "minutes",
        2,
        MACHINES,
        Reason("See that exactly one `celery -A worker beat` runs, and a worker for the queue sweeps."),
        wait=60.0,
        expression="syndication_last_beat_seconds > {limit}",
    ),
    AlertRule(
        "broker",
        Reason("Redis, the messenger between the parts, is away"),
        Reason("The messenger between the parts (Redis) does not answer"),
        "minutes",
        1,
        MACHINES,
        Reason("Start Redis again. Posts are accepted meanwhile and go out later."),
        lasts=True,
        expression='syndication_alert{rule="broker"} > 0',
    ),
    AlertRule(
        "disk",
        Reason("Room left on the disk"),
        Reason("The disk of {} is nearly full"),
        "gigabytes",
        2,
        MACHINES,
        Reason("Make room: delete old backups and logs, or enlarge the disk. A full disk stops everything."),
        least=0.1,
        wait=60.0,
        below=True,
        expression="syndication_disk_free_bytes < {limit}",
    ),
    AlertRule(
        "database",
        Reason("The database is slow or away"),
        Reason("The database is slow or away"),
        "seconds",
        3,
        MACHINES,
        Reason(
            "See that the database runs and has room; `syndication doctor` says more. Nothing is lost meanwhile."
        ),
        least=0.1,
        wait=60.0,
        expression='syndication_database_seconds > {limit} or up{job="syndication"} < 1',
    ),
    AlertRule(
        "certificate",
        Reason("The certificate of our own address ends"),
        Reason("The certificate of {} ends soon"),
        "days",
        14,
        MACHINES,
        Reason(
            "Renew it, and see why it was not renewed by itself. From its end on nobody can open our pages."
        ),
        most=90,
        below=True,
        expression='syndication_alert{rule="certificate"} > 0',
    ),
    AlertRule(
        "access",
        Reason("The access to an outlet of the city ends"),
        Reason("The access to {} ends soon"),
        "days",
        7,
        TOWN_HALL,
        Reason(
            "Connect it again: `syndication destinations connect` makes a link for it. After the end nothing arrives there."
        ),
        most=60,
        below=True,
        expression='syndication_alert{rule="access"} > 0',
    ),
    AlertRule(
        "edition",
        Reason("A newsletter is held beyond its hour"),
        Reason("A newsletter is still held"),
        "minutes",
        60,
        TOWN_HALL,
        Reason("Open the page “Newsletter” and release it, or cancel it."),
        expression="syndication_edition_held_seconds > {limit}",
    ),
    AlertRule(
        "source.queue",
        Reason("Nothing comes in through the queue any more"),
        Reason("Nothing comes in through the queue any more"),
        "days",
        3,
        TOWN_HALL,
        Reason("Ask whoever sends through it whether their program runs."),
        most=365,
        expression='syndication_source_silent_seconds{source="queue"} > {limit}',
    ),
    AlertRule(
        "source.file",
        Reason("No file is brought any more"),
        Reason("No file is brought any more"),
        "days",
        14,
        TOWN_HALL,
        Reason("Ask the business that used to bring one whether something keeps it."),
        most=365,
        expression='syndication_source_silent_seconds{source="file"} > {limit}',
    ),
    AlertRule(
        "mail",
        Reason("The mail server takes nothing"),
        Reason("The mail server takes nothing"),
        "minutes",
        5,
        MACHINES,
        Reason(
            "Ask whoever runs the mail server, and check SYNDICATION_SMTP_*. What waits goes out by itself afterwards."
        ),
        expression='syndication_outlet_down_seconds{channel="newsletter",whose="city"} > {limit}',
    ),
)  # fmt: skip -- a rule is read as a paragraph
BY_NAME: Mapping[str, AlertRule] = {rule.name: rule for rule in RULES}


@dataclass(frozen=True)
class Limit:
    """A rule as it holds here: whether it is `on`, and its limit in the rule's unit."""

    rule: AlertRule
    on: bool
    limit: float

    @property
    def base(self) -> float:
        """The limit in seconds, bytes or percent."""
        if self.rule.unit == "gigabytes":
            return self.limit * _GIGABYTE
        return self.limit * _IN_SECONDS.get(self.rule.unit, 1.0)

    @property
    def wait(self) -> float:
        """For how long (seconds) the fact must be seen before somebody is told."""
        return self.base if self.rule.lasts else self.rule.wait


def limits() -> dict[str, Limit]:
    """Every rule with what was chosen, in the order of the list."""
    with db.reading() as session:
        chosen = {row.rule: row for row in session.scalars(select(AlertChoice))}
    found = {}
    for rule in RULES:
        row = chosen.get(rule.name)
        limit = row.limit if row is not None and row.limit is not None else rule.limit
        found[rule.name] = Limit(rule, row.on if row is not None else True, limit)
    return found


def preset(name: str) -> Limit:
    """A rule as it comes, for whoever looks without a table."""
    rule = BY_NAME[name]
    return Limit(rule, True, rule.limit)
