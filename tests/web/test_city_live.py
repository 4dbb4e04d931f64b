"""The town hall's pages in a browser: they renew themselves, rest while something is chosen, and say when they cannot look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from syndication.config import Settings
from syndication.infra import db
from syndication.ledger import bulk
from syndication.ledger.selection import Selection
from syndication.stack.receiver import Receiver
from tests import factories
from tests.chromium import CHROMIUM, Tab, browsing
from tests.ledger.test_bulk import fill
from tests.town import hook
from tests.web.serving import served
from tests.web.shown import Shown, _rosa

pytestmark = [
    pytest.mark.enough("sqlite"),  # what pages do
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it"),
]
#: Whether the part would look again now: what htmx asks before each request.
WOULD_LOOK = """document.querySelector('[data-live]').dispatchEvent(
  new CustomEvent('htmx:beforeRequest', {bubbles: true, cancelable: true}))"""


@pytest.fixture
def opened(city: Settings, receiver: Receiver, tmp_path: Path) -> Iterator[tuple[Tab, int]]:
    """The page of an act on 900 deliveries that has just begun."""
    with db.transaction() as session:
        for slug in ("cafe", "museum", "wortreich-buchhandlung"):
            factories.merchant(session, slug)
    fill(hook(receiver), 900)
    act = bulk.begin("drop", Selection(channel="webhook"), "Berta Boss")
    with served(city) as base, browsing(tmp_path) as tab:
        Shown({}, _rosa()[0]).enter(tab, base)
        tab.open(f"{base}/desk/city/acts/{act}?lang=de")
        yield tab, act


def test_a_page_renews_itself_and_rests_while_something_in_it_is_chosen(opened: tuple[Tab, int]) -> None:
    tab, act = opened
    tab.reads("0 von 900")
    assert bulk.work(act, seconds=0)
    tab.reads("400 von 900")
    assert tab.evaluate(WOULD_LOOK)
    tab.evaluate("getSelection().selectAllChildren(document.getElementById('now'))")
    assert not tab.evaluate(WOULD_LOOK)
    tab.evaluate("getSelection().removeAllRanges()")
    assert tab.evaluate(WOULD_LOOK)
    while bulk.work(act):
        pass
    tab.reads("900 von 900")
    assert tab.evaluate("document.querySelector('[data-live]') === null"), "what is over asks no more"


def test_a_page_that_cannot_look_says_so_until_it_can(opened: tuple[Tab, int]) -> None:
    tab, _ = opened
    shown = "!document.getElementById('silence').hidden"
    assert not tab.evaluate(shown)
    with db.engine().begin() as connection:
        connection.execute(text("ALTER TABLE browser_sessions RENAME TO away"))
    try:
        tab.until(lambda: tab.evaluate(shown))
    finally:
        with db.engine().begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO browser_sessions"))
    tab.until(lambda: not tab.evaluate(shown))
