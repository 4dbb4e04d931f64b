"""Servers that are away for a while: the database, the broker, the city's mail server, outlets."""

import os
import signal
from contextlib import ExitStack
from random import Random

import psycopg

from faults.host import Host
from faults.scenario import Damage, Scenario
from faults.town import WEBHOOK_TAKES, WEBHOOKS, Town, pause
from syndication.stack.receiver import Reply, Request

#: Sending connections of the town: each may have sent what the database was not told.
_ALL = 2 + WEBHOOKS
#: Webhooks that stay well while others are slow or broken.
_WELL = 6


def _postgres(town: Town, _host: Host, _chance: Random) -> Damage:
    assert town.server is not None
    town.server.stop()
    pause(3)
    town.server.start()
    return Damage(1, 2 * _ALL)


def _backends(town: Town, _host: Host, chance: Random) -> Damage:
    assert town.server is not None
    damage = Damage()
    with psycopg.connect(town.server.url, autocommit=True) as connection:
        for _ in range(20):
            pause(0.5)
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = 'faults' ORDER BY pid"
            ).fetchall()
            if found:
                connection.execute("SELECT pg_terminate_backend(%s)", chance.choice(found))
                damage.kills += 1
                damage.connections += 1
    return damage


def _connections(town: Town, _host: Host, _chance: Random) -> Damage:
    with ExitStack() as held:
        for _ in range(300):
            try:
                held.enter_context(psycopg.connect(town.database_url, connect_timeout=2))
            except psycopg.OperationalError:
                break
        pause(8)
    return Damage(0, _ALL)


def _redis(town: Town, _host: Host, _chance: Random) -> Damage:
    for _ in range(2):
        town.broker.kill()
        pause(4)
    town.broker.kill()
    return Damage(3)


def _flushed(town: Town, _host: Host, _chance: Random) -> Damage:
    for _ in range(20):
        town.broker.flush()
        pause(0.4)
    return Damage()


def _frozen(town: Town, _host: Host, _chance: Random) -> Damage:
    os.kill(town.broker.pid, signal.SIGSTOP)
    pause(15)
    os.kill(town.broker.pid, signal.SIGCONT)
    return Damage()


def _mail(town: Town, _host: Host, _chance: Random) -> Damage:
    town.mail.on_recipient = lambda _: "421 4.3.2 shutting down"
    pause(10)
    town.mail.on_recipient = lambda _: None
    return Damage()


def _slow(town: Town, _host: Host, _chance: Random) -> Damage:
    ways = [Reply(delay=6.0), Reply(hang=True), Reply(500), Reply(429, {"Retry-After": "5"})]

    def answer(request: Request) -> Reply:
        number = int(request.path.removeprefix("/hook"))
        return Reply(delay=WEBHOOK_TAKES) if number < _WELL else ways[number - _WELL]

    town.spoilt = frozenset(f"/hook{number}" for number in range(_WELL, WEBHOOKS))
    town.webhooks_answer(answer)
    pause(20)
    town.webhooks_answer(None)
    return Damage()


SCENARIOS = [
    Scenario(
        "postgres_restart",
        "PostgreSQL stopped at once (`immediate`), started 3 s later",
        "LOST 0; at most one copy for each connection that was sending, before and after",
        _postgres,
        databases=("postgresql",),
        theirs="postgres_restart",
    ),
    Scenario(
        "pg_backend_kill",
        "`pg_terminate_backend` of one of the service's connections, twice a second for 10 s",
        "LOST 0; at most one copy for each connection that was killed",
        _backends,
        databases=("postgresql",),
        theirs="pg_backend_kill",
    ),
    Scenario(
        "pool_exhaustion",
        "every connection that PostgreSQL has left is held by somebody else for 8 s",
        "LOST 0",
        _connections,
        databases=("postgresql",),
        theirs="pool_exhaustion",
    ),
    Scenario(
        "redis_killed",
        "kill -9 of redis-server three times in 8 s; the supervisor starts it again",
        "LOST 0, no copies",
        _redis,
    ),
    Scenario("redis_flushed", "`FLUSHALL` twenty times in 8 s", "LOST 0, no copies", _flushed),
    Scenario(
        "redis_frozen", "redis-server stopped (SIGSTOP) for 15 s, its connections open", "LOST 0, no copies", _frozen,
        within=30.0,
    ),
    Scenario(
        "mail_outage", "the mail server says 421 to everything for 10 s; it is asked again after 5, 10, then 20 s",
        "LOST 0, no copies", _mail,
        within=30.0,
    ),
    Scenario(
        "slow_outlets",
        "of ten webhooks one answers after 6 s, one never, one with 500, one with 429, for 20 s",
        "LOST 0, at the broken ones too; the other six have every post within 5 s",
        _slow,
        within=5.0,
        settings={"http_timeout": 8},
    ),
]  # fmt: skip
