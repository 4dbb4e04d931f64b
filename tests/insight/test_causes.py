"""What did not arrive is grouped by cause, with whose move it is by one rule."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from syndication import clock, config
from syndication.content.reason import Reason
from syndication.delivery import drain, outages
from syndication.infra import db
from syndication.insight.causes import CauseRow, Move, Situation, causes, names_operator, whose_move
from syndication.models import Delivery, Destination, Merchant, Outage, Reader
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.town import deliveries, fan_out, hook, later, publish

FAILED, WAITING = Situation("failed"), Situation("waiting")


@pytest.mark.parametrize(
    ("situation", "right"),
    [
        (WAITING, "itself"),
        (replace(WAITING, own=True), "itself"),
        (replace(WAITING, outage=True), "operator"),
        (replace(WAITING, refused=True), "operator"),
        (replace(WAITING, own=True, refused=True), "merchant"),
        (replace(WAITING, outlet_state="paused"), "operator"),
        (replace(WAITING, own=True, outlet_state="paused"), "merchant"),
        (replace(WAITING, own=True, outlet_state="disabled"), "merchant"),
        (replace(WAITING, own=True, names_operator=True), "operator"),
        (replace(WAITING, nobodys=True, outage=True), "itself"),
        (FAILED, "operator"),
        (replace(FAILED, own=True), "merchant"),
        (replace(FAILED, own=True, outlet_state="disabled"), "merchant"),
        (replace(FAILED, own=True, names_operator=True), "operator"),
        (replace(FAILED, nobodys=True), "itself"),
        (replace(FAILED, nobodys=True, names_operator=True), "operator"),
        (Situation("unconfirmed"), "operator"),
        (Situation("unconfirmed", own=True), "merchant"),
        (Situation("unconfirmed", nobodys=True), "itself"),
    ],
)
def test_one_rule_says_whose_move_it_is(situation: Situation, right: Move) -> None:
    assert whose_move(situation) == right


@pytest.mark.parametrize(
    ("reason", "right"),
    [
        (Reason("The channel is not installed. Please tell the operator."), True),
        (Reason("The outlet is switched off: {}", Reason("The operator has set no key.")), True),
        (Reason.read("An error of ours; the operator has the details in the log."), True),
        (Reason("{} answered 503.", "operator.example"), False),
        (Reason.quoted("Ask your operator"), False),
        (Reason(), False),
    ],
)
def test_only_our_own_sentences_send_somebody_to_the_operator(reason: Reason, right: bool) -> None:
    assert names_operator(reason) is right


def only(**filters: Any) -> CauseRow:
    (row,) = causes(**filters)
    return row


def failing(receiver: Receiver, code: int) -> None:
    """The outlets answer every try of what was published so far with this status."""
    receiver.answer = lambda _: Reply(code)
    fan_out()
    for _ in range(2):
        drain.drain("push")
        later(40)


def test_many_failures_of_one_cause_are_one_row(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver, name="Stadtportal")
    for slug in ("cafe", "kino", "bar"):
        publish(slug)
        failing(receiver, 400)
    row = only()
    assert (row.count, row.state, row.outlet, row.channel) == (3, "failed", "Stadtportal", "webhook")
    assert (row.merchant, row.move) == (None, "operator")
    assert timedelta(seconds=60) < row.last_at - row.first_at < timedelta(minutes=5)
    assert "400" in row.cause


def test_what_a_merchants_own_outlet_refuses_is_the_merchants_move(
    city: config.Settings, receiver: Receiver
) -> None:
    publish("cafe")
    with db.reading() as session:
        owner = session.scalars(select(Merchant.id)).one()
    hook(receiver, "/own", name="Eigenes", merchant_id=owner)
    hook(receiver, "/city", name="Stadtportal")
    failing(receiver, 400)
    assert {(row.outlet, row.merchant, row.move) for row in causes()} == {
        ("Eigenes", "cafe", "merchant"),
        ("Stadtportal", None, "operator"),
    }
    assert only(merchant="cafe").outlet == "Eigenes"
    assert causes(merchant="kino") == []
    assert causes(since=clock.now() + timedelta(days=1)) == []


def test_what_waits_goes_on_by_itself_until_it_is_an_outage(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    publish()
    failing(receiver, 503)
    assert (only().state, only().move) == ("waiting", "itself")
    with db.transaction() as session:
        outlet = session.get_one(Destination, deliveries()[0].destination_id)
        session.add(Outage(destination_id=outlet.id, began_at=clock.now()))
    assert only().move == "operator"
    with db.transaction() as session:
        session.execute(update(Outage).values(ended_at=clock.now()))
    assert only().move == "itself"


def test_an_outage_that_the_sweep_finds_is_the_operators_move(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    publish()
    failing(receiver, 503)
    for _ in range(6):
        later(city.outage_after)
        drain.drain("push")
    assert outages.sweep(city) == 1
    rows = [row for row in causes() if row.channel == "webhook"]
    assert {row.move for row in rows} == {"operator"}


def test_a_mail_server_that_is_out_holds_what_goes_to_readers(city: config.Settings) -> None:
    with db.transaction() as session:
        reader = factories.reader(session, cadence="instantly")
        server = session.scalars(select(Destination).where(Destination.channel == "newsletter")).one()
        rows = [
            Delivery(
                key=f"k{number}", channel=channel, queue="mail", created_at=clock.now(), due_at=clock.now(),
                attempts=1, reason=Reason("The mail server answered {}.", "450 4.2.0 <anna.maria@example.org>"),
                reader_id=reader.id,
            )
            for number, channel in enumerate(("newsletter", "newsletter", "letter"))
        ]  # fmt: skip
        session.add_all(rows)
        reader_id, server_id = reader.id, server.id
    found = {row.channel: row for row in causes()}
    assert (found["newsletter"].count, found["letter"].count) == (2, 1)
    assert {row.move for row in found.values()} == {"itself"}
    assert all("anna.maria" not in row.cause for row in found.values())
    with db.transaction() as session:
        session.add(Outage(destination_id=server_id, began_at=clock.now()))
    assert {row.move for row in causes()} == {"operator"}
    with db.transaction() as session:
        session.get_one(Reader, reader_id).state = "suppressed"
    assert {row.move for row in causes()} == {"itself"}


def test_words_that_differ_from_case_to_case_do_not_part_a_cause(
    database: str, settings: config.Settings
) -> None:
    said = (
        "Es sagt: ticket 8f3a9b21 at 1764170000",
        "Es sagt: ticket 77aa0f13 at 1764179999",
        "Es sagt: 401",
        "Es sagt: 403",
    )
    with db.transaction() as session:
        outlet = factories.destination(session, name="Stadtportal")
        for number, text in enumerate(said):
            session.add(
                Delivery(
                    key=f"k{number}", channel="webhook", queue="push", destination_id=outlet.id, state="failed",
                    created_at=clock.now(), due_at=clock.now(), reason=Reason("{} It is given up.", text),
                )
            )  # fmt: skip
    found = causes()
    assert sorted(row.count for row in found) == [1, 1, 2]
    assert {str(row.cause) for row in found} >= {"Es sagt: ticket … at … It is given up."}


def test_peoples_devices_are_counted_and_not_named(database: str, settings: config.Settings) -> None:
    with db.transaction() as session:
        for number in range(2):
            device = factories.destination(session, "webpush", name=f"Handy {number}", state="disabled")
            session.add(
                Delivery(
                    key=f"k{number}", channel="webpush", queue="push", destination_id=device.id, state="failed",
                    created_at=clock.now(), due_at=clock.now(), reason=Reason("The device is gone."),
                )
            )  # fmt: skip
    row = only()
    assert (row.count, row.outlet, row.destination_id, row.move) == (2, None, None, "itself")


def test_what_needs_somebody_comes_first_and_what_arrived_is_no_failure(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver, "/a", name="A")
    publish()
    failing(receiver, 503)
    with db.transaction() as session:
        session.add(
            Delivery(
                key="x", channel="webhook", queue="push", destination_id=deliveries()[0].destination_id,
                state="failed", created_at=clock.now() - timedelta(days=3), due_at=clock.now(),
                reason=Reason("It is given up."),
            )
        )  # fmt: skip
    assert [row.move for row in causes()] == ["operator", "itself"]
    receiver.answer = lambda _: Reply()
    later(4000)
    drain.drain("push")
    assert [row.state for row in causes()] == ["failed"]
