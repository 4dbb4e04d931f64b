"""The number of mail connections follows what the server gives."""

from collections.abc import Callable

from syndication.delivery.width import Width


def after(width: Width, rate: Callable[[int], float], seconds: float, *, start: float = 100.0) -> int:
    """The width after some time at a server that takes `rate(connections)` mails a second."""
    sent, at = 0.0, start
    while at < start + seconds:
        at += 0.1
        sent += 0.1 * rate(width.now)
        width.look(int(sent), width.now, at)
    return width.now


def test_it_grows_to_the_limit_where_each_connection_brings_more() -> None:
    assert after(Width(20), lambda connections: 25.0 * connections, 5) == 20


def test_it_stays_low_where_more_bring_nothing() -> None:
    assert after(Width(20), lambda _: 1000.0, 8) <= 5


def test_it_grows_slowly_behind_a_limit_of_the_server() -> None:
    assert 8 <= after(Width(20), lambda connections: 25.0 * min(connections, 8), 20) <= 16


def test_a_refusal_halves_it_and_it_waits_before_it_grows_again() -> None:
    width = Width(20)
    after(width, lambda connections: 25.0 * connections, 5)
    width.refused(200.0)
    assert width.now == 10
    assert after(width, lambda connections: 25.0 * connections, 20, start=200.0) == 10
    assert after(width, lambda connections: 25.0 * connections, 20, start=231.0) == 20


def test_what_is_not_in_use_does_not_make_it_grow() -> None:
    width = Width(20)
    for tenth in range(100):
        width.look(tenth * 100, 1, 100 + tenth / 10)
    assert width.now == 2


def test_one_connection_stays_one() -> None:
    assert after(Width(1), lambda connections: 25.0 * connections, 5) == 1


def test_it_doubles_at_the_start_though_a_new_connection_takes_a_moment_to_bring_something() -> None:
    width, had = Width(40), []
    sent, at = 0.0, 100.0
    while at < 102.0:
        at += 0.05
        had.append(width.now)
        sent += 0.05 * 12.5 * (had[-7] if len(had) > 7 else 0)  # 0.3 s to claim, connect, greet and log in
        width.look(int(sent), width.now, at)
    assert width.now == 40


def test_what_doubling_did_not_bring_is_given_back() -> None:
    assert after(Width(40), lambda connections: 1000.0 - connections, 4) <= 4
