"""How much one transaction takes or writes back, where everybody else who writes waits for its end."""

from types import SimpleNamespace
from typing import Any

from syndication import config
from syndication.delivery import claim
from syndication.delivery.slots import _handfuls
from syndication.infra import db
from tests import factories
from tests.town import fan_out, publish


def ended(*outcomes: int) -> list[Any]:
    return [SimpleNamespace(outcomes=[None] * count) for count in outcomes]


def sizes(*outcomes: int) -> list[list[int]]:
    return [[len(run.outcomes) for run in some] for some in _handfuls(ended(*outcomes))]


def test_lanes_that_ended_together_are_written_in_handfuls_and_none_is_left_out() -> None:
    most = claim.MOST_ROWS
    assert sizes() == []
    assert sizes(1, 2, 3) == [[1, 2, 3]]
    assert sizes(most, 1) == [[most], [1]]
    assert sizes(most - 1, 1, 1) == [[most - 1, 1], [1]]
    assert sizes(most + 1, 5) == [[most + 1], [5]], "a lane is not cut in two"


def test_one_claim_takes_few_mails_where_there_is_one_writer(city: config.Settings) -> None:
    with db.transaction() as session:
        for number in range(claim.MOST_ROWS + 200):
            factories.reader(session, f"r{number}@example.org")
    publish(days=30)
    fan_out()
    taken = sum(len(lane.parcels) for lane in claim.claim("mail", "here/1/1", 40, 0, city))
    assert taken <= claim.MOST_ROWS if db.one_writer() else taken > claim.MOST_ROWS
    again = sum(len(lane.parcels) for lane in claim.claim("mail", "here/1/1", 40, 0, city))
    assert again > 0 or not db.one_writer(), "the next claim goes on"
