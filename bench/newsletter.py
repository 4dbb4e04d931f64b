"""The newsletter against its floor, against one task per reader, and in memory."""

import contextlib
import multiprocessing
import smtplib
import threading
from email.message import EmailMessage
from statistics import median
from typing import Any

from bench import naive, sinks
from bench.asyncio_sinks import answer_to
from bench.city import City, city
from bench.figures import Figure, at_least, at_most
from syndication import clock, config


def run(database: str, readers: int, rounds: int) -> list[Figure]:
    """The figures, one row each."""
    floors, ratios, naives, took = [], [], [], []
    large = 0.0
    with sinks.mail() as sink:
        for _ in range(rounds):
            floor = _floor(sink.port, readers, 2)
            ours, large = _ours(database, sink.port, readers)
            slow = naive.seconds_per_mail(sink.port, min(2000, readers), 2)
            floors.append(floor)
            took.append(ours)
            ratios.append(floor / ours)
            naives.append(slow / (ours / readers))
        small = _ours(database, sink.port, readers // 10)[1]
    reach = 0.6 if database == "sqlite" else 0.5
    named = f"newsletter, {readers:,} readers ({sink.named}, {database})"
    memory = f"peak memory of a worker, {readers:,} against {readers // 10:,} readers ({database})"
    seconds = f"{median(took):.1f} s against {median(floors):.1f} s"
    return [
        at_least(reach, f"{named}: share of the floor", median(ratios), seconds),
        at_least(4, f"{named}: times one task per reader", median(naives)),
        at_most(1.1, memory, large / small, f"{large:.0f} MB, at most 200 MB"),
        *picky(database, readers, rounds),
    ]


def picky(database: str, readers: int, rounds: int) -> list[Figure]:
    """The share of the floor at a server that refuses some, and how many readers did not end as it answered."""
    answers = [answer_to(f"r{number}@example.org")[0] for number in range(readers)]
    ratios, wrong = [], 0
    with sinks.picky() as sink:
        for _ in range(rounds):
            floor = _floor(sink.port, readers, 2)
            with city(database, smtp_port=sink.port) as one:
                one.readers(readers)
                started = clock.monotonic()
                one.publish()
                ratios.append(floor / (one.await_sent("newsletter", answers.count("2")) - started))
                wrong += _not_as_answered(one, answers)
    named = f"newsletter, {readers:,} readers (sink: {sink.named}, {database})"
    return [
        at_least(0.15, f"{named}: share of the floor", median(ratios)),
        at_most(0, f"{named}: readers that did not end as it answered", wrong),
    ]


def _not_as_answered(one: City, answers: list[str]) -> int:
    """How many readers are not sent, waiting for another try, or suppressed, as the first digits of `answers` say."""
    expected = {"2": ("sent", "confirmed"), "4": ("waiting", "confirmed"), "5": ("failed", "suppressed")}
    deadline = clock.monotonic() + 30
    while True:  # those who were refused last may still be on their way into the tables
        found = one.ends("newsletter")
        wrong = sum(
            found.get(f"r{number}@example.org") != expected[answer] for number, answer in enumerate(answers)
        )
        if not wrong or clock.monotonic() > deadline:
            return wrong
        threading.Event().wait(0.5)


def relay(database: str, readers: int, rounds: int) -> list[Figure]:
    """Mails a second through a relay that takes 20 ms for each command, with the settings as they come."""
    with sinks.relay(20) as sink:
        found = [readers / _ours(database, sink.port, readers)[0] for _ in range(rounds)]
    # The relay takes four commands for each mail, one after the other.
    bound = config.Settings.model_fields["mail_connections"].default / 0.08
    named = f"newsletter, {readers:,} readers, relay of {sink.named} ({database}): mails a second"
    return [at_least(400, named, median(found), f"{bound:g} is what it takes over all connections")]


def _ours(database: str, port: int, readers: int) -> tuple[float, float]:
    with city(database, smtp_port=port) as one:
        one.readers(readers)
        started = clock.monotonic()
        one.publish()
        ended = one.await_sent("newsletter", readers)
        return ended - started, one.peak_memory()


def _floor(port: int, readers: int, connections: int) -> float:
    """Prepared bytes over open smtplib connections, one in each process."""
    message = _message("r1@example.org")
    share = readers // connections
    gate = multiprocessing.Barrier(connections + 1)
    senders = [
        multiprocessing.Process(target=_send, args=(port, message, share, gate)) for _ in range(connections)
    ]
    for sender in senders:
        sender.start()
    gate.wait()
    started = clock.monotonic()
    for sender in senders:
        sender.join()
    return clock.monotonic() - started


def _send(port: int, message: bytes, count: int, gate: Any) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        gate.wait()
        for number in range(count):
            with contextlib.suppress(smtplib.SMTPRecipientsRefused):
                server.sendmail("news@bench.example", [f"r{number}@example.org"], message)


def _message(to: str) -> bytes:
    """As large as an edition of one post."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "news@bench.example", to, "Weinabend"
    message.set_content("Weinabend\n" + "Sechs Weine aus Franken, dazu Brot und Käse.\n" * 20)
    message.add_alternative(
        "<p>" + "Sechs Weine aus Franken, dazu Brot und Käse. " * 60 + "</p>", subtype="html"
    )
    return message.as_bytes().replace(b"\n", b"\r\n")
