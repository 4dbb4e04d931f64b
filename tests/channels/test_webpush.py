"""Web Push: what one browser shows, opened with its own keys, and when it no longer wants to."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndication.channels.built_in.webpush import RULES
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Refused
from syndication.config import use
from syndication.stack.receiver import Receiver
from tests.channels.network import Account, account
from tests.conftest import settings_for
from tests.remotes.remote import reply


@pytest.fixture
def browser(receiver: Receiver, tools: Tools) -> Account:
    return account("webpush", receiver, tools)


def test_a_notice_is_shown_replaced_and_taken_back_under_one_tag(browser: Account) -> None:
    before, receipt = browser.publish()
    (notice,) = browser.remote.shown.values()
    assert notice["title"] == before.post.content.title
    assert "Sa., 15. August 2026" in notice["body"]
    assert notice["url"] == before.post.link
    assert notice["quiet"] is False
    browser.send(browser.change(before, receipt, status="cancelled"))
    (notice,) = browser.remote.shown.values()
    assert notice["title"].startswith("Abgesagt: ")
    browser.send(browser.change(before, receipt, "withdrawn"))
    (notice,) = browser.remote.shown.values()
    assert (notice["withdrawn"], notice["body"], notice["image"]) == (True, "", "")
    assert len({headers["topic"] for headers in browser.remote.headers}) == 1
    assert [headers["urgency"] for headers in browser.remote.headers] == ["normal", "high", "high"]


def test_mere_wording_replaces_without_a_sound(browser: Account) -> None:
    before, receipt = browser.publish()
    browser.send(browser.change(before, receipt, summary="anders"))
    (notice,) = browser.remote.shown.values()
    assert notice["quiet"] is True


def test_it_lives_no_longer_than_the_post(browser: Account) -> None:
    envelope = browser.envelope()
    assert envelope.post.over_at is not None
    browser.send(replace(envelope, tried_at=envelope.post.over_at - timedelta(hours=2)))
    assert browser.remote.headers[0]["ttl"] == "7200"


def test_a_browser_that_left_is_never_asked_again(browser: Account) -> None:
    browser.remote.subscribed = False
    with pytest.raises(Gone, match="no longer wants"):
        browser.publish()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.status))
def test_every_row_of_the_table_becomes_its_verdict(browser: Account, rule: Any) -> None:
    browser.remote.fail(reply({"reason": "x"}, rule.status), on="push")
    with pytest.raises(Gone if rule.verdict == "gone" else Refused) as caught:
        browser.publish()
    assert caught.value.reason == rule.reason


def test_nothing_of_the_subscription_is_shown(browser: Account) -> None:
    message = browser.channel.render(browser.envelope())
    assert "browser1" not in repr(message)
    assert browser.envelope().settings.plain().keys().isdisjoint({"endpoint", "p256dh", "auth"})


def test_keys_that_are_none_are_refused(receiver: Receiver, tools: Tools) -> None:
    with pytest.raises(Refused, match="subscribe again"):
        account("webpush", receiver, tools, p256dh="AAAA").publish()


def test_without_a_key_of_the_city_there_is_none(browser: Account) -> None:
    use(settings_for(Path("unused"), vapid_key=""))
    with pytest.raises(Refused, match="VAPID"):
        browser.publish()


def test_a_very_long_text_fits_into_what_push_services_take(browser: Account) -> None:
    browser.publish(title="👩‍👩‍👧‍👦" * 28, body="Ä🍷 " * 3000, images=())
    (notice,) = browser.remote.shown.values()
    assert 900 < len(notice["body"].encode()) <= 1000


def test_a_long_title_and_link_leave_the_text_less_room(browser: Account) -> None:
    envelope = browser.envelope(title="👩" * 200, body='"\n' * 3000)
    long = replace(envelope.post, link="https://weinhaus.example/" + "x" * 1975)
    browser.send(replace(envelope, post=long))
    (notice,) = browser.remote.shown.values()
    assert notice["url"] == long.link
    assert notice["body"].startswith("Sa., 15. August 2026")
