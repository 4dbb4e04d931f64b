"""Turns on SQLite: one writer at a time, and whoever is in a hurry goes before those who are not."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syndication.infra import sqlite_turns

#: Takes turns for ever: tells when it has one, and keeps it for a moment.
GREEDY = """
import sys, threading
from syndication.infra import sqlite_turns as turns
turn = turns.Turn(sys.argv[1])
with turns.patiently(sys.argv[2] == "patient"):
    while True:
        with turn.take():
            print("mine", flush=True)
            threading.Event().wait(0.05)
"""


@contextmanager
def processes(path: Path, how: str, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    started = [
        subprocess.Popen([sys.executable, "-c", GREEDY, str(path), how], stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for one in started:
            assert one.stdout is not None
            assert one.stdout.readline() == "mine\n"
        yield started
    finally:
        for one in started:
            one.kill()
            one.wait()


def listen(to: subprocess.Popen[str], heard: list[int]) -> None:
    assert to.stdout is not None
    for _ in to.stdout:
        heard.append(to.pid)


def test_whoever_is_in_a_hurry_waits_for_two_turns_at_most(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    turn = sqlite_turns.Turn(str(path))
    with processes(path, "patient", 4) as greedy:
        heard: list[int] = []
        for one in greedy:
            threading.Thread(target=listen, args=(one, heard), daemon=True).start()
        before = []
        for _ in range(12):
            threading.Event().wait(0.02)
            start = len(heard)
            with turn.take():
                before.append(len(heard) - start)
    turn.close()
    # One may be on its way through the gate, and what is heard is heard late on a busy machine.
    assert sorted(before)[len(before) // 2] <= 3, before


def test_patience_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_turns, "_PATIENCE", 0.2)
    path = tmp_path / "turn"
    turn = sqlite_turns.Turn(str(path))
    with processes(path, "hasty", 3), sqlite_turns.patiently():
        for _ in range(3):
            with turn.take():
                pass
    turn.close()


def test_a_killed_process_gives_its_turn_and_its_place_at_the_gate_back(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    turn = sqlite_turns.Turn(str(path))
    for how in ("patient", "hasty"):
        with processes(path, how, 3):
            pass  # killed wherever they are
        with turn.take():
            pass
        with sqlite_turns.patiently(), turn.take():
            pass
    turn.close()


def test_threads_of_one_process_take_turns(tmp_path: Path) -> None:
    turn, inside, most = sqlite_turns.Turn(str(tmp_path / "turn")), [0], [0]

    def write(patient: bool) -> None:
        for _ in range(50):
            with sqlite_turns.patiently(patient), turn.take():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=write, args=(number % 2 == 0,), daemon=True) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert not any(one.is_alive() for one in threads)
    assert most == [1]
    turn.close()
