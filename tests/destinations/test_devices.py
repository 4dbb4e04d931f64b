"""Devices of readers among the destinations: reached by interest, counted rather than listed, forgotten when they left."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, update

from syndication import clock, config, destinations, insight
from syndication.delivery import drain, fanout
from syndication.destinations import devices
from syndication.destinations.devices import DeviceKeys, DeviceRequest
from syndication.infra import db
from syndication.infra.signing import new_vapid_keys, vapid_public_key
from syndication.models import Change, Delivery, Destination
from syndication.stack.receiver import Receiver, Reply
from tests.browser import AUTH, P256DH, b64
from tests.conftest import settings_for
from tests.remotes.webpush import FakeWebPush
from tests.town import deliveries, fan_out, hook, publish

KIND = devices._channel().kind


@pytest.fixture
def service(city: config.Settings, receiver: Receiver) -> FakeWebPush:
    """A browser maker's push service that the city knows, beside a webhook at the same server."""
    config.use(city.model_copy(update={"push_services": ("127.0.0.1",)}))
    service = FakeWebPush()
    receiver.answer = lambda request: service.answer(request) if "/push/" in request.path else Reply()
    return service


def test_settings_for_devices_are_checked_at_the_start(tmp_path: Path) -> None:
    for wrong in ({"vapid_key": "no key"}, {"vapid_key": "AAAA"}, {"push_services": "https://push.example"}):
        with pytest.raises(ValidationError, match=r"is no key for Web Push|https://push.example is none"):
            settings_for(tmp_path, **wrong)
    hosts = settings_for(tmp_path, push_services="*.Push.example, .b.example,c.example").push_services
    assert hosts == (".push.example", ".b.example", "c.example")


def test_the_public_key_is_the_private_ones() -> None:
    private, public = new_vapid_keys()
    assert vapid_public_key(private) == public


def turn_on(receiver: Receiver, name: str = "browser1", **interest: Any) -> None:
    keys = DeviceKeys(p256dh=P256DH, auth=b64(AUTH))
    devices.turn_on(DeviceRequest(endpoint=receiver.url(f"/push/{name}"), keys=keys, **interest))


def device(receiver: Receiver, name: str = "browser1") -> Destination | None:
    with db.reading() as session:
        return session.get(Destination, devices._id(receiver.url(f"/push/{name}")))


def test_a_post_reaches_the_device_whose_owner_it_interests(service: FakeWebPush, receiver: Receiver) -> None:
    turn_on(receiver, kinds=("event",), topics=("musik",))
    turn_on(receiver, "browser2", kinds=("offer",))
    publish(title="Konzert", topics=["musik"])
    publish("museum", title="Führung", topics=["kunst"])
    fan_out()
    drain.drain("push")
    assert [shown["title"] for shown in service.shown.values()] == ["Konzert"]
    assert len(deliveries(KIND)) == 1


def test_many_devices_are_told_in_chunks_and_each_once(
    service: FakeWebPush, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "_PEOPLE", 2)
    for number in range(5):
        turn_on(receiver, f"browser{number}", kinds=("offer",) if number == 3 else ())
    publish(title="Konzert")
    fan_out()
    told = [row.destination_id for row in deliveries(KIND)]
    assert len(told) == len(set(told)) == 4
    with db.transaction() as session:
        session.execute(update(Change).values(fanned_at=None))  # as if killed before it was noted
    fan_out()
    assert len(deliveries(KIND)) == 4


def test_a_posts_journey_counts_devices_and_lists_outlets(service: FakeWebPush, receiver: Receiver) -> None:
    hook(receiver)
    for name in ("browser1", "browser2"):
        turn_on(receiver, name)
    one = publish()
    fan_out()
    drain.drain("push")
    found = insight.journey(one.id)
    assert KIND not in [stop.channel for stop in found.destinations]
    assert "webhook" in [stop.channel for stop in found.destinations]
    counts = {(count.channel, count.state): count.count for count in found.readers}
    assert counts == {(KIND, "sent"): 1, (KIND, "failed"): 1}


def test_devices_are_listed_only_where_their_channel_is_asked_for(
    service: FakeWebPush, receiver: Receiver
) -> None:
    turn_on(receiver)
    assert KIND not in [one.channel for one in destinations.listed()]
    assert [one.name for one in destinations.listed(channel=KIND)] == ["Browser"]
    assert KIND not in [one.channel for one in insight.destinations()]
    assert [one.channel for one in insight.destinations(channel=KIND)] == [KIND]


def let_it_leave(service: FakeWebPush) -> None:
    """The push service says of the next post that the browser left."""
    service.subscribed = False
    publish(days=30)
    fan_out()
    drain.drain("push")


def test_a_browser_that_left_is_written_to_nobody_and_forgotten_after_seven_days(
    service: FakeWebPush, receiver: Receiver
) -> None:
    turn_on(receiver)
    let_it_leave(service)
    row = device(receiver)
    assert row is not None
    assert row.state == "disabled"
    assert deliveries("letter") == []
    hook(receiver)
    publish("museum", days=30)  # so that the newest delivery is somebody else's
    fan_out()
    drain.drain("push")
    clock.travel(timedelta(days=6))
    insight.prune()
    assert device(receiver) is not None
    clock.travel(timedelta(days=2))
    assert insight.prune()["devices"] == 1
    assert device(receiver) is None
    assert deliveries(KIND) == []


def test_what_still_gets_notices_stays_however_quiet_it_is(service: FakeWebPush, receiver: Receiver) -> None:
    turn_on(receiver)
    with db.transaction() as session:
        session.execute(update(Destination).where(Destination.channel != KIND).values(state="disabled"))
        before = session.scalar(select(func.count()).select_from(Destination))
    clock.travel(timedelta(days=400))
    assert insight.prune()["devices"] == 0
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Destination)) == before


def test_a_device_goes_with_the_newest_delivery_and_its_number_is_not_given_twice(
    service: FakeWebPush, receiver: Receiver
) -> None:
    turn_on(receiver)
    let_it_leave(service)
    with db.transaction() as session:
        newest = session.scalar(select(func.max(Delivery.id)).where(Delivery.channel == KIND)) or 0
        session.query(Delivery).filter(Delivery.id > newest).delete()
        highest = session.scalar(select(func.max(Delivery.id))) or 0
    clock.travel(timedelta(days=8))
    insight.prune()
    assert device(receiver) is None
    turn_on(receiver, "browser2")
    publish("museum", days=30)
    fan_out()
    assert min(row.id for row in deliveries(KIND)) > highest


def test_a_push_service_that_is_down_for_days_makes_no_letters(
    service: FakeWebPush, receiver: Receiver
) -> None:
    turn_on(receiver)
    service.fail(Reply(503), on="push", times=50)
    publish(days=30)
    fan_out()
    for _ in range(3):
        drain.drain("push")
        clock.travel(timedelta(days=6))
    publish("museum", days=30)
    fan_out()
    drain.drain("push")
    row = device(receiver)
    assert row is not None
    assert row.state == "disabled"
    assert deliveries("letter") == []
