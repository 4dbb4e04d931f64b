"""A process's doors, and the lock by which one process of a worker drains a queue at a time."""

from syndication import config
from syndication.delivery import drain
from syndication.delivery.tools import sole_drain, tools


def test_one_process_drains_a_queue_at_a_time_and_leaves_no_file(city: config.Settings) -> None:
    with sole_drain("push") as first, sole_drain("push") as second, sole_drain("feeds") as other:
        assert (first, second, other) == (True, False, True)
        # Where nobody else may make a file: one with this name in /tmp could be anybody's.
        assert len(list(city.data_dir.glob("drain-*.lock"))) == 2
    assert list(city.data_dir.glob("drain-*.lock")) == []
    with sole_drain("push") as again:
        assert again


def test_a_lock_whose_file_was_taken_away_keeps_nobody_out_and_is_nobodys(city: config.Settings) -> None:
    with sole_drain("push"):
        (lock,) = city.data_dir.glob("drain-*.lock")
        lock.unlink()
        with sole_drain("push") as second:
            assert second


def test_a_drain_that_is_turned_away_sends_nothing(city: config.Settings) -> None:
    with sole_drain("push"):
        assert drain.drain("push") == 0


def test_a_process_has_one_set_of_doors(city: config.Settings) -> None:
    assert tools() is tools()
