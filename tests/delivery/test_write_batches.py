"""What comes while others are written goes together, and each hears what became of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from syndication.delivery.write_batches import Rounds


def test_what_comes_while_others_are_written_goes_together() -> None:
    begun, go_on, written = threading.Event(), threading.Event(), list[list[int]]()

    def write(things: list[int]) -> list[int]:
        written.append(sorted(things))
        begun.set()
        assert go_on.wait(20)
        return [one for one in things if one != 3]

    rounds = Rounds(write)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(rounds.put, 1)
        assert begun.wait(20)
        others = [pool.submit(rounds.put, number) for number in (2, 3, 4)]
        while rounds.waiting() < 3:
            threading.Event().wait(0.01)
        go_on.set()
        assert first.result(20)
        assert [one.result(20) for one in others] == [True, False, True]
    assert written == [[1], [2, 3, 4]]


def test_what_is_raised_is_raised_to_all_and_the_next_round_begins_anew() -> None:
    answers: list[Exception | None] = [OSError("away"), None]

    def write(things: list[int]) -> list[int]:
        if error := answers.pop(0):
            raise error
        return things

    rounds = Rounds(write)
    with pytest.raises(OSError, match="away"):
        rounds.put(1)
    assert rounds.put(1)
