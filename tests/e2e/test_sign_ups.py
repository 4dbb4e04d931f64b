"""Sign-ups on real parts: the letter comes at once, and none is lost with a killed worker or a flushed broker."""

import random
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import func, select

from syndication import clock
from syndication.audience import signups
from syndication.content.interest import Interest
from syndication.infra import db, wakeups
from syndication.models import Delivery, Reader, SignUp
from tests.e2e.city import City


def ask(email: str) -> None:
    signups.ask(
        signups.checked(
            email, language="de", interest=Interest(), cadence="weekly thu 07:00", source="form", wording="Ja"
        )
    )


@pytest.mark.enough("sqlite")
def test_a_letter_comes_at_once_and_none_is_lost(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with City(tmp_path, database_url) as city:
        city.start()
        ask("first@example.org")
        city.await_mails(1, seconds=60)  # everything is up now
        took = []
        for number in range(10):
            asked = clock.now().timestamp()
            ask(f"quick{number}@example.org")
            city.await_mails(number + 2, seconds=30)
            took.append(city.mail.mails[-1].at - asked)
        chance, killed = random.Random(1), set()
        sender = wakeups._sender
        for number in range(200):
            # The broker is flushed, as it were: every second wake-up is lost, and the sweep must find the row.
            wakeups.use(sender if number % 2 else None)
            ask(f"r{number}@example.org")
            if number % 40 == 20 and (pid := city.kill_one(chance, "rest")) is not None:
                killed.add(pid)
        wakeups.use(sender)
        city.await_mails(211, seconds=90)
        city.await_done(seconds=30)
        with db.reading() as session:
            waiting = session.scalar(select(func.count()).select_from(SignUp))
            letters = session.scalar(select(func.count()).select_from(Delivery))
            readers = session.scalar(select(func.count()).select_from(Reader))
        assert len(killed) >= 3
        assert (waiting, letters, readers) == (0, 211, 211)
    with capsys.disabled():
        print(
            f" [from a sign-up to its letter: median {median(took):.3f} s, longest {max(took):.3f} s]", end=""
        )
    assert median(took) < 3, "a lost wake-up would make it five"
