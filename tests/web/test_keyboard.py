"""By keyboard alone: what the Tab key reaches, in which order, and that one sees where one is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syndication import config
from tests.chromium import CHROMIUM, Tab, browsing
from tests.web.screenshots import sized
from tests.web.serving import served
from tests.web.shown import Shown, furnish

pytestmark = [
    pytest.mark.enough("sqlite"),  # what pages do
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it"),
]
KEYS = {"Tab": 9, "Enter": 13}
#: What has the focus: its words, and whether one sees it: within the window, with a ring of at least 2 px.
FOCUSED = """(() => { const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();
  const words = one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.textContent || one.name || one.tagName;
  return [words.trim().split('\\n')[0].trim(), look.outlineStyle != 'none' && parseFloat(look.outlineWidth) >= 2
    && box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight] })()"""


@pytest.fixture
def walked(database: str, settings: config.Settings, tmp_path: Path) -> Iterator[tuple[Tab, str, Shown]]:
    shown = furnish()
    with served(settings) as base, browsing(tmp_path) as tab:
        tab.command(
            "Emulation.setFocusEmulationEnabled", enabled=True
        )  # headless windows lose it between pages
        sized(tab, 390, "light")
        yield tab, base, shown


def press(tab: Tab, key: str) -> None:
    for kind in ("keyDown", "keyUp"):
        more = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
        tab.command("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key], **more)


def walk(tab: Tab, most: int = 90) -> list[str]:
    """The words of what the Tab key reaches, until the page ends; each is seen."""
    found: list[str] = []
    for _ in range(most):
        press(tab, "Tab")
        words, seen = tab.evaluate(FOCUSED)
        if words == "BODY" or tab.evaluate("document.activeElement == document.body"):
            return found
        assert seen, words
        found.append(words)
    raise AssertionError(f"no end: {found}")


def test_signing_in_by_keyboard(walked: tuple[Tab, str, Shown]) -> None:
    tab, base, _ = walked
    tab.open(f"{base}/sign-in?lang=de")
    tab.reads("Mit Passkey anmelden")  # the script shows it
    assert walk(tab) == [
        "Zum Inhalt", "Coburg", "Anmelden", "English", "Ihre Mailadresse", "Link schicken",
        "Mit Passkey anmelden", "Noch nicht dabei? Geschäft anmelden", "Für alle, die hier posten: anmelden",
        "Noch nicht dabei? Geschäft anmelden", *FOOT,
    ]  # fmt: skip


def test_the_first_key_leads_past_the_head_to_the_content(walked: tuple[Tab, str, Shown]) -> None:
    tab, base, _ = walked
    tab.open(f"{base}/sign-in?lang=de")
    press(tab, "Tab")
    press(tab, "Enter")
    tab.until(lambda: tab.evaluate("document.activeElement.id") == "content")
    press(tab, "Tab")
    assert tab.evaluate(FOCUSED) == ["Ihre Mailadresse", True]


#: The ways of somebody who acts for three businesses and the town hall, at one of them.
WAYS = [
    "Café und Konditorei Rosengarten", "Alle Beiträge", "Aus einer Datei", "Kanäle", "Was es gebracht hat",
    "Wer posten darf", "Mein Geschäft", "Schlüssel für Kasse und Webshop", "Stadtmuseum im Alten Zeughaus",
    "Wortreich Buchhandlung", "Heute", "Störungen", "Warnungen (2)", "Newsletter", "Anzusehen (3)", "Meldungen (1)",
    "Anmeldungen (2)", "Alle Beiträge der Stadt", "Geschäfte", "Leser", "Kanäle der Stadt", "Themen", "Stadtteile",
    "Monate", "Wer hat was getan", "Rathaus", "Aussehen", "Schlüssel für Programme", "Einstellungen",
]  # fmt: skip
HEAD = ["Zum Inhalt", "Coburg", "Rosa Rosenberger-Großmann", "English"]
FOOT = ["Impressum", "Datenschutz", "Barrierefreiheit"]
HERE = "Café und Konditorei Rosengarten · Alle Beiträge"


def test_the_list_of_posts_by_keyboard(walked: tuple[Tab, str, Shown]) -> None:
    tab, base, shown = walked
    shown.enter(tab, base)
    tab.open(f"{base}/desk/merchants/cafe?lang=de")
    met = walk(tab)
    assert met[:8] == [*HEAD, HERE, "Neu: Veranstaltung", "Neu: Angebot", "Neu: Mittagstisch"]
    found = met[met.index("In Ihren Beiträgen suchen") :]
    assert found[1:6] == ["Suchen", "Läuft", "Kommt noch", "Vorbei", "Zurückgezogen"]
    assert found[6:9] == [f"{do}Kneipenquiz mit Musikrunde" for do in ("", "Ändern ", "Noch einmal ")]


def test_on_a_phone_the_ways_are_folded_behind_where_one_is(
    walked: tuple[Tab, str, Shown],
) -> None:
    tab, base, shown = walked
    shown.enter(tab, base)
    tab.open(f"{base}/desk/merchants/cafe?lang=de")
    assert tab.evaluate("document.querySelector('.ways').getBoundingClientRect().height") < 80  # two lines
    for _ in (*HEAD, HERE):
        press(tab, "Tab")
    press(tab, "Enter")
    tab.until(lambda: tab.evaluate("document.querySelector('.ways details').open"))
    assert walk(tab)[: len(WAYS) + 1] == [*WAYS, "Neu: Veranstaltung"]


def test_beside_a_wide_page_the_ways_stand_open(walked: tuple[Tab, str, Shown]) -> None:
    tab, base, shown = walked
    sized(tab, 1280, "light")
    shown.enter(tab, base)
    tab.open(f"{base}/desk/merchants/cafe?lang=de")
    assert walk(tab)[: len(HEAD) + len(WAYS) + 1] == [*HEAD, *WAYS, "Neu: Veranstaltung"]


def test_a_colleague_is_invited_by_keyboard_and_a_fault_has_the_focus(walked: tuple[Tab, str, Shown]) -> None:
    tab, base, shown = walked
    shown.enter(tab, base)
    tab.open(f"{base}/desk/merchants/cafe/team?lang=de")
    met = walk(tab)
    assert met[-9:] == [
        "Selbst ausscheiden Rosa Rosenberger-Großmann", "Entfernen Paul Klein",
        "Mailadresse", "Name", "Was darf sie oder er?", "Einladen", *FOOT,
    ]  # fmt: skip
    tab.evaluate("document.querySelector('input[name=email]').form.noValidate = true")
    tab.evaluate("document.querySelector('input[name=email]').focus()")
    tab.command("Input.insertText", text="paul")
    press(tab, "Enter")
    tab.until(lambda: tab.evaluate("document.querySelector('[aria-invalid]') != null"))
    tab.until(lambda: tab.evaluate(FOCUSED) == ["Mailadresse", True])
    assert tab.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText"
    )
