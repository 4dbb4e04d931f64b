"""Notices in a real browser: its owner presses the button, and the real service worker shows what our channel rendered.

One edge is a stand-in: the browser cannot reach its maker's push service, so its subscription is the one of
tests/browser.py at a fake one, and what that one was sent is handed to the service worker by the browser itself.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syndication import config
from syndication.delivery import drain
from syndication.destinations import devices
from syndication.destinations.devices import DeviceAddress
from syndication.infra import db
from syndication.models import Destination
from syndication.publishing import posts
from syndication.stack.receiver import Receiver
from tests import factories
from tests.browser import AUTH, P256DH, b64
from tests.chromium import CHROMIUM, Tab, browsing
from tests.remotes.webpush import FakeWebPush
from tests.town import deliveries, fan_out, publish
from tests.web.serving import served

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
#: Replaces the two calls that would ask the maker's push service; it lives as long as the page.
SUBSCRIPTION = """
const kept = sessionStorage, told = {endpoint: %s, keys: {p256dh: %s, auth: %s}};
const made = {endpoint: told.endpoint, toJSON: () => told, unsubscribe: async () => kept.removeItem("subscribed")};
PushManager.prototype.subscribe = async (wish) => {
  if (!wish.userVisibleOnly || !/^[\\w-]{87}$/.test(wish.applicationServerKey)) throw new Error("not a wish");
  kept.setItem("subscribed", "yes");
  return made;
};
PushManager.prototype.getSubscription = async () => kept.getItem("subscribed") ? made : null;
"""


@dataclass
class Device:
    """A browser on the notices page, and the push service of its maker."""

    tab: Tab
    base: str
    service: FakeWebPush
    endpoint: str

    @property
    def state(self) -> devices.DeviceState:
        return devices.state(DeviceAddress(endpoint=self.endpoint))

    def allow(self) -> None:
        self.tab.command("Browser.grantPermissions", permissions=["notifications"], origin=self.base)

    def turn_on(self, *ticks: str) -> None:
        """Tick and press, as its owner does."""
        self.allow()
        self.tab.open(f"{self.base}/notices?lang=de")
        self.tab.reads("Mitteilungen auf diesem Gerät einschalten")
        for value in ticks:
            self.tab.click(f'[value="{value}"]')
        self.tab.click("#on")
        self.tab.reads("eingeschaltet.")

    def deliver(self) -> None:
        """Hand what the push service was sent to the service worker, as the browser does with a message that came."""
        drain.drain("push")
        (told,) = self.service.shown.values()
        updates = self.tab.heard("ServiceWorker.workerRegistrationUpdated")
        (registration,) = updates[-1]["registrations"]
        before = self.log.count("Push event completed: Success")
        self.tab.command(
            "ServiceWorker.deliverPushMessage",
            origin=self.base,
            registrationId=registration["registrationId"],
            data=json.dumps(told),
        )
        # Asking for notices meanwhile would make Chromium forget the one that it is about to show.
        self.tab.until(lambda: self.log.count("Push event completed: Success") > before)

    @property
    def log(self) -> list[str]:
        """What Chromium noted of messages that came, and of what was shown and closed."""
        events = self.tab.heard("BackgroundService.backgroundServiceEventReceived")
        told = [one["backgroundServiceEvent"] for one in events]
        status = [{pair["key"]: pair["value"] for pair in one["eventMetadata"]}.get("Status") for one in told]
        return [one["eventName"] + (f": {how}" if how else "") for one, how in zip(told, status, strict=True)]

    def notices(self) -> list[dict[str, Any]]:
        """What stands on the screen."""
        shown = (
            "navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) => all.map("
            "({title, body, tag, lang, data, silent, renotify}) => ({title, body, tag, lang, data, silent, renotify})))"
        )
        return self.tab.evaluate(shown)  # type: ignore[no-any-return]  # JSON


@pytest.fixture
def device(city: config.Settings, receiver: Receiver, tmp_path: Path) -> Iterator[Device]:
    config.use(city.model_copy(update={"push_services": ("127.0.0.1",)}))
    service = FakeWebPush()
    receiver.answer = service.answer
    endpoint = receiver.url("/push/browser1")
    with served(config.settings()) as base, browsing(tmp_path) as tab:
        edge = SUBSCRIPTION % tuple(map(json.dumps, (endpoint, P256DH, b64(AUTH))))
        for what in ("notifications", "pushMessaging"):
            tab.command("BackgroundService.startObserving", service=what)
            tab.command("BackgroundService.setRecording", service=what, shouldRecord=True)
        tab.command("Page.addScriptToEvaluateOnNewDocument", source=edge)
        yield Device(tab, base, service, endpoint)


def test_a_button_turns_notices_on_changes_them_and_turns_them_off(device: Device) -> None:
    publish(topics=["musik"])
    device.allow()
    device.tab.open(f"{device.base}/notices?lang=de")
    device.tab.reads("Mitteilungen auf diesem Gerät einschalten")
    assert not device.state.on
    device.tab.click('[name="kinds"][value="event"]')
    device.tab.click('[name="topics"][value="musik"]')
    device.tab.click("#on")
    device.tab.reads("Die Mitteilungen sind auf diesem Gerät eingeschaltet.")
    assert (device.state.on, device.state.interest.kinds) == (True, ("event",))
    assert device.state.interest.topics == ("musik",)
    device.tab.open(f"{device.base}/notices?lang=en")
    device.tab.reads("Notices are on for this device.")
    ticked = "[...document.querySelectorAll(':checked')].map((one) => one.value)"
    assert device.tab.evaluate(ticked) == ["event", "musik"]
    device.tab.click('[name="topics"][value="musik"]')
    device.tab.click("#save")
    device.tab.reads("Saved.")
    assert device.state.interest.topics == ()
    device.tab.click("#off")
    device.tab.reads("Notices are off for this device.")
    with db.reading() as session:
        assert session.get(Destination, devices._id(device.endpoint)) is None


def test_the_service_worker_shows_replaces_and_closes(device: Device) -> None:
    device.turn_on()
    one = publish(title="Weinabend im Hof")
    fan_out()
    device.deliver()
    (notice,) = device.notices()
    assert (notice["title"], notice["tag"], notice["lang"]) == ("Weinabend im Hof", str(one.id), "de")
    assert notice["data"].endswith(f"/posts/{one.id}")
    assert notice["renotify"] is True
    posts.revise(one.merchant_id, one.id, factories.event("Weinabend im Hof", status="cancelled"))
    fan_out()
    device.deliver()
    assert [found["title"] for found in device.notices()] == ["Abgesagt: Weinabend im Hof"]
    posts.withdraw(one.merchant_id, one.id)
    fan_out()
    device.deliver()
    device.tab.until(lambda: "Notification closed" in device.log)
    assert device.notices() == []
    # Each message showed something, the withdrawal too: Chromium and Safari demand it.
    assert device.log.count("Notification displayed") == 3
    assert [row.state for row in deliveries(devices._channel().kind)] == ["sent"] * 3


def test_mere_wording_makes_no_sound_and_a_withdrawal_of_what_was_wiped_away_shows_nothing(
    device: Device,
) -> None:
    device.turn_on()
    one = publish(title="Weinabend im Hof")
    fan_out()
    device.deliver()
    assert one.content.starts_at is not None
    same = {"title": "Weinabend im Hof", "starts_at": one.content.starts_at.isoformat()}
    posts.revise(one.merchant_id, one.id, factories.event(**same, summary="anders"))
    fan_out()
    device.deliver()
    (notice,) = device.notices()
    assert (notice["silent"], notice["renotify"]) == (True, False)
    device.tab.evaluate(
        "navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) => all[0].close())"
    )
    device.tab.until(lambda: "Notification closed" in device.log)
    posts.withdraw(one.merchant_id, one.id)
    fan_out()
    device.deliver()
    device.tab.until(lambda: device.log.count("Notification closed") == 2)
    assert device.notices() == []


def test_a_browser_that_gets_a_new_address_keeps_what_interests_its_owner(device: Device) -> None:
    device.turn_on("event")
    publish()
    fan_out()
    device.deliver()
    moved = {"endpoint": f"{device.endpoint}-moved", "keys": {"p256dh": P256DH, "auth": b64(AUTH)}}
    given = f"{{toJSON: () => ({json.dumps(moved)})}}"
    device.tab.worker().evaluate(f"follow({{endpoint: {json.dumps(device.endpoint)}}}, {given})")
    assert not device.state.on
    found = devices.state(DeviceAddress(endpoint=moved["endpoint"]))  # type: ignore[arg-type]  # it is a text
    assert (found.on, found.interest.kinds) == (True, ("event",))


def test_whoever_does_not_allow_it_reads_how_to_allow_it(device: Device) -> None:
    device.tab.command(
        "Browser.setPermission", permission={"name": "notifications"}, setting="denied", origin=device.base
    )
    device.tab.open(f"{device.base}/notices?lang=de")
    device.tab.reads("So erlauben Sie sie wieder")
    assert device.tab.evaluate("document.getElementById('notices').hidden") is True
    assert not device.state.on


def test_a_browser_that_cannot_show_notices_says_so_and_an_iphone_says_what_to_do_first(
    device: Device,
) -> None:
    device.tab.command("Page.addScriptToEvaluateOnNewDocument", source="delete window.PushManager;")
    device.tab.open(f"{device.base}/notices?lang=de")
    device.tab.reads("Dieser Browser kann keine Mitteilungen zeigen.")
    device.tab.command("Page.addScriptToEvaluateOnNewDocument", source="navigator.standalone = false;")
    device.tab.open(f"{device.base}/notices?lang=en")
    device.tab.reads("choose “Add to Home Screen”")


def test_what_the_city_refuses_is_said_in_a_sentence(device: Device) -> None:
    config.use(config.settings().model_copy(update={"push_services": (".push.example",)}))
    device.allow()
    device.tab.open(f"{device.base}/notices?lang=en")
    device.tab.reads("Turn on notices on this device")
    device.tab.click("#on")
    device.tab.reads("We do not know the service through which your browser gets notices.")
    assert not device.state.on
