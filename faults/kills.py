"""Processes that die: one, one after the other, a whole part, all at once."""

from random import Random

from faults.host import SENDERS, Host
from faults.scenario import Damage, Scenario
from faults.town import WEBHOOKS, Town, pause
from tests.e2e.city import LEASE

#: Sending connections that one process of a pool may have: mail has two in two processes, push one for each webhook.
CONNECTIONS = {"mail": 1, "push": WEBHOOKS}
#: Seconds that a part needs until it works again after the supervisor started it, on a machine that does other things.
_START = 10.0


def _repeated(_town: Town, host: Host, chance: Random) -> Damage:
    damage = Damage()
    for _ in range(20):
        pause(0.5)
        if victim := host.kill_pool_process(chance, "mail", "mail", "push", "fanout", "work"):
            damage.kills += 1
            damage.connections += CONNECTIONS.get(victim, 0)
    return damage


def _part(_town: Town, host: Host, chance: Random) -> Damage:
    victim = chance.choice(SENDERS)
    host.kill([victim])
    return Damage(1, 2 if victim == "mail" else CONNECTIONS[victim])


def _everything(town: Town, host: Host, _chance: Random) -> Damage:
    town.broker.kill()
    host.kill(host.pids())
    return Damage(1, 2 + WEBHOOKS)


SCENARIOS = [
    Scenario(
        "crash_recovery",
        "kill -9 of a whole sending worker, mail or webhooks, its pool included; the supervisor starts it again",
        "LOST 0; at most one copy for each connection that died",
        _part,
        within=LEASE + 10 + _START,
        theirs="crash_recovery",
    ),
    Scenario(
        "repeated_kills",
        "kill -9 of a random pool process of mail, webhooks, fan-out or housekeeping, twice a second for 10 s",
        "LOST 0; at most one copy for each connection that died",
        _repeated,
        theirs="repeated_kills",
    ),
    Scenario(
        "everything_killed",
        "kill -9 of all workers, beat and redis-server at once; the supervisor starts them again",
        "LOST 0; at most one copy for each connection that died",
        _everything,
        within=LEASE + 10 + _START,
    ),
]
