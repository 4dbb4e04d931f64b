"""A lane of mails at a server that reads several commands at once: each reader gets one mail, whatever it does in between."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from syndication import config
from syndication.delivery import drain, lane, positions
from syndication.infra import db
from syndication.models import Lease, Reader
from tests import factories
from tests.pipelining_server import Answer, PipeliningServer
from tests.town import fan_out, later, publish, states

READERS = [f"r{number:02}@example.org" for number in range(12)]


def send(cfg: config.Settings, server: PipeliningServer, *, rounds: int = 1) -> None:
    """One post to READERS through this server, tried again as often as `rounds` says."""
    config.use(cfg.model_copy(update={"smtp_port": server.port, "mail_connections": 1}))
    drain.tools.cache_clear()
    with db.transaction() as session:
        for reader in READERS:
            factories.reader(session, reader)
    publish(title="Weinabend", days=30)
    fan_out()
    for _ in range(rounds):
        drain.drain("mail")
        later(100)


def once(said: str, when: Callable[[str, int, int], bool]) -> Answer:
    """This answer the first time that it is `when`."""
    answers = [said]
    return lambda line, mine, all_: answers.pop() if answers and when(line, mine, all_) else None


@pytest.mark.parametrize(
    ("answer", "offers"),
    [
        (lambda line, mine, _: "421 4.3.2 enough" if mine == 5 and line.startswith("MAIL") else None, True),
        (lambda line, mine, _: "close" if mine == 5 and line.startswith("MAIL") else None, True),
        (once("451 4.7.1 wait", lambda line, mine, _: mine == 5 and line.startswith("MAIL")), True),
        (once("450 4.2.0 later", lambda line, mine, all_: all_ == 5 and line.startswith("RCPT")), True),
        (once("451 4.3.0 later", lambda line, mine, all_: all_ == 5 and line == "."), True),
        (lambda *_: None, False),
    ],
    ids=["421 between", "closed between", "MAIL refused", "greylisted", "data refused", "none offered"],
)
def test_every_reader_gets_one_mail_whatever_happens_between_two(
    answer: Answer, offers: bool, city: config.Settings
) -> None:
    with PipeliningServer(answer, offers=offers) as server:
        send(city, server, rounds=3)
    assert sorted(server.taken) == READERS
    assert states("newsletter") == ["sent"] * 12
    assert (server.together > 0) == offers


def test_a_reader_who_leaves_after_their_mail_was_begun_gets_none(
    city: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "_LOOK_AGAIN", 0.0)

    def leaves(line: str, _: int, all_: int) -> None:
        if line == "." and all_ == 4:
            with db.transaction() as session:
                session.execute(update(Reader).where(Reader.email == READERS[5]).values(state="left"))

    with PipeliningServer(leaves) as server:
        send(city, server)
    assert server.taken == [one for one in READERS if one != READERS[5]]
    assert states("newsletter").count("dropped") == 1


def test_a_lane_that_was_taken_over_sends_no_data_though_the_next_mail_was_begun(
    city: config.Settings,
) -> None:
    def takes(line: str, _: int, all_: int) -> None:
        if line == "." and all_ == 4:
            with db.transaction() as session:
                lease = session.scalars(select(Lease)).one()
                positions.take(lease.id, lease.owner, positions.Reached(lease.position, lease.current))
                lease.owner = "another"

    with PipeliningServer(takes) as server:
        send(city, server)
    assert server.taken == READERS[:5]
    assert states("newsletter").count("sending") > 0, "the other one's to decide"
