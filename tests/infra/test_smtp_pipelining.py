"""The end of one mail travels with the envelope of the next (RFC 2920); whatever the server then does, each is sent once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from syndication.infra.smtp import MailFailure, Outbox
from tests.pipelining_server import Answer, PipeliningServer

DATA = b"Subject: Hallo\r\n\r\nGuten Tag\r\n"
SENDER = "news@coburg.example"
READERS = [f"r{number}@example.org" for number in range(5)]


def outbox(server: PipeliningServer) -> Outbox:
    return Outbox("127.0.0.1", server.port, "none", timeout=10.0, final_timeout=10.0)


def send_all(server: PipeliningServer) -> list[int | str]:
    """One mail to each reader, as a lane does; the codes, or how far those got that failed."""
    box, found = outbox(server), list[int | str]()
    for reader, following in zip(READERS, [*READERS[1:], None], strict=True):
        try:
            then = (SENDER, following) if following else None
            found.append(box.send(SENDER, reader, DATA, following=then)[0])
        except MailFailure as failure:
            found.append(f"{failure.stage} {failure.code}")
    box.let_go()
    return found


def test_each_mail_but_the_last_ends_with_the_envelope_of_the_next() -> None:
    with PipeliningServer() as server:
        assert send_all(server) == [250] * 5
        assert server.taken == READERS
        assert (server.connections, server.together) == (1, 4)


def test_where_the_server_does_not_offer_it_commands_wait_for_their_answers() -> None:
    with PipeliningServer(offers=False) as server:
        assert send_all(server) == [250] * 5
        assert server.taken == READERS
        assert (server.connections, server.together) == (1, 0)


@pytest.mark.parametrize(
    "ends",
    [
        lambda line, mine, _: (
            "421 4.3.2 enough for one connection" if mine == 2 and line.startswith("MAIL") else None
        ),
        lambda line, mine, _: (
            "421 4.3.2 enough for one connection" if mine == 2 and line.startswith("RCPT") else None
        ),
        lambda line, mine, _: "421 4.3.2 enough for one connection" if mine == 2 and line == "DATA" else None,
        lambda line, mine, _: "close" if mine == 2 and line.startswith("MAIL") else None,
        lambda line, mine, _: "close" if mine == 2 and line == "DATA" else None,
    ],
    ids=["421 to MAIL", "421 to RCPT", "421 to DATA", "closes after the final answer", "closes before DATA"],
)
def test_a_server_that_ends_between_two_mails_gets_the_next_over_another_connection(ends: Answer) -> None:
    with PipeliningServer(ends) as server:
        assert send_all(server) == [250] * 5
        assert server.taken == READERS
        assert server.connections == 3


@pytest.mark.parametrize(
    ("command", "said", "expected"),
    [
        ("MAIL", "451 4.7.1 wait", "sender 451"),
        ("MAIL", "552 5.3.4 enough", "sender 552"),
        ("RCPT", "550 5.1.1 nobody", "recipient 550"),
        ("RCPT", "450 4.2.0 later", "recipient 450"),
        ("DATA", "451 4.3.0 busy", "data 451"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_next_mail_that_is_refused_costs_nothing_but_itself(
    command: str, said: str, expected: str, strict: bool
) -> None:
    refusals = [said]

    def answer(line: str, mine: int, _: int) -> str | None:
        return refusals.pop() if mine == 2 and line.startswith(command) and refusals else None

    with PipeliningServer(answer, strict=strict) as server:
        assert send_all(server) == [250, 250, expected, 250, 250]
        assert server.taken == [one for one in READERS if "r2" not in one]
        assert server.connections == 1


def test_a_mail_that_is_refused_by_its_content_does_not_touch_the_next() -> None:
    with PipeliningServer(
        lambda line, mine, _: "554 5.6.0 no" if line == "." and mine == 0 else None
    ) as server:
        refusing, server.answer = server.answer, lambda *_: None
        box = outbox(server)
        box.send(SENDER, READERS[0], DATA, following=(SENDER, READERS[1]))
        server.answer = lambda line, *_: "554 5.6.0 no" if line == "." else None
        with pytest.raises(MailFailure) as caught:
            box.send(SENDER, READERS[1], DATA, following=(SENDER, READERS[2]))
        server.answer = refusing
        assert caught.value.stage == "after_data"
        assert box.send(SENDER, READERS[2], DATA)[0] == 250
        assert server.taken == [READERS[0], READERS[2]]
        assert server.connections == 1


def test_silence_after_the_data_leaves_its_fate_unknown_though_the_next_was_begun() -> None:
    with PipeliningServer(lambda line, *_: "close" if line == "." else None) as server:
        with pytest.raises(MailFailure) as caught:
            outbox(server).send(SENDER, READERS[0], DATA, following=(SENDER, READERS[1]))
        assert (caught.value.stage, caught.value.code) == ("after_data", None)


@pytest.mark.parametrize("next_one", ["another", "none"])
def test_what_was_begun_for_a_mail_that_does_not_come_is_never_a_mail(next_one: str) -> None:
    with PipeliningServer() as server:
        box = outbox(server)
        box.send(SENDER, READERS[0], DATA, following=(SENDER, READERS[1]))
        if next_one == "none":
            box.let_go()
        box.send(SENDER, READERS[2], DATA)
        assert server.taken == [READERS[0], READERS[2]]
        assert server.connections == 2


def test_an_address_beyond_ascii_is_not_begun_ahead_and_the_failure_is_its_own() -> None:
    with PipeliningServer() as server:
        box = outbox(server)
        assert box.send(SENDER, READERS[0], DATA, following=(SENDER, "jörg@example.org"))[0] == 250
        with pytest.raises(MailFailure) as caught:
            box.send(SENDER, "jörg@example.org", DATA, following=(SENDER, "not an address"))
        assert caught.value.permanent
        assert box.send(SENDER, READERS[1], DATA, following=(SENDER, "not an address"))[0] == 250
        assert (server.taken, server.together, server.connections) == (READERS[:2], 0, 1)


def test_two_threads_do_not_take_what_the_other_began() -> None:
    with PipeliningServer() as server, ThreadPoolExecutor(1) as other:
        box = outbox(server)
        box.send(SENDER, READERS[0], DATA, following=(SENDER, READERS[1]))
        assert other.submit(box.send, SENDER, READERS[1], DATA).result(20)[0] == 250
        assert server.connections == 2
        box.let_go()
        assert server.taken == READERS[:2]
