"""Every page in a real browser, for all eyes and hands (axe-core): on a phone and on a desk, light and dark."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syndication import config
from syndication.infra.rendering import _environment
from tests.chromium import CHROMIUM, Tab, browsing
from tests.web.screenshots import SCHEMES, WIDTHS, sized
from tests.web.serving import served
from tests.web.shown import Shown, furnish, routes

pytestmark = [
    pytest.mark.enough("sqlite"),  # what pages look like
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it"),
]
AXE = (Path(__file__).parents[1] / "vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
#: What may differ with width and colours; all else is asked once for each page and language.
OF_THE_LOOK = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")
#: Bytes of a page with all that it loads.
MOST = 150_000
#: Every page takes minutes; so many processes may share them.
PARTED = 4
#: What is pressed and lower than a finger wants it; links within a sentence aside.
TOO_LOW = """[...document.querySelectorAll(`button, .button, .way, .ways a, .who a, .tabs a, .feeds a, .choices a, .picks label,
  .chips label, .tick, select, textarea, details > summary, input:not([type=hidden], [type=checkbox], [type=radio])`)]
  .filter(one => one.checkVisibility() && !one.closest(".trap") && one.getBoundingClientRect().height < 44)
  .map(one => one.outerHTML)"""
#: One of each part that templates/site/parts.html makes.
PARTS = (Path(__file__).parent / "parts.html").read_text(encoding="utf-8")


@pytest.fixture
def shown(database: str, settings: config.Settings) -> Shown:
    return furnish()


def violations(tab: Tab, only: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds on the page, of whatever impact."""
    options: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
    if only:
        options = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": only}}
    found = tab.evaluate(f"axe.run(document, {json.dumps(options)}).then(one => one.violations)")
    return [
        f"{one['impact']} {one['id']}: {node['html']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def looked_at(tab: Tab) -> Iterator[str]:
    """What is wrong with the page that is open, at each width and in each scheme."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            sized(tab, width, scheme)
            first = (width, scheme) == (WIDTHS[0], SCHEMES[0])
            yield from (f"{width} {scheme}: {one}" for one in violations(tab, () if first else OF_THE_LOOK))
        yield from (f"{width}: too low {one}" for one in tab.evaluate(TOO_LOW))
        wide = tab.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            yield f"{width}: is {wide} wide"


def weight(tab: Tab) -> int:
    """Bytes of the page and all that it loaded, unpacked."""
    return int(
        tab.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
        )
    )


def test_every_route_that_gives_a_page_is_shown(shown: Shown) -> None:
    assert set(shown.pages) == routes()


def test_what_no_eye_should_meet_is_found(tmp_path: Path) -> None:
    bad = (
        '<p style="color:#ccc">blass</p><img src="x"><div style="width:2000px">breit</div>'
        '<button style="min-height:0">x</button>'
    )
    with browsing(tmp_path) as tab:
        tab.command("Page.addScriptToEvaluateOnNewDocument", source=AXE)
        tab.open("data:text/html,<p>anew")
        tab.evaluate(f"document.body.innerHTML = {json.dumps(bad)}")
        found = "\n".join(looked_at(tab))
    for one in ("color-contrast", "image-alt", "390: is 2", "too low <button"):
        assert one in found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTED))
def test_every_page_is_for_everybody(
    shown: Shown, settings: config.Settings, tmp_path: Path, part: int
) -> None:
    wrong: list[str] = []
    with served(settings) as base, browsing(tmp_path) as tab:
        tab.command("Page.addScriptToEvaluateOnNewDocument", source=AXE)
        for _, address, behind in list(shown)[part::PARTED]:
            if behind:
                shown.enter(tab, base)
            for language in ("de", "en"):
                tab.open(f"{base}{address}{'&' if '?' in address else '?'}lang={language}")
                assert tab.evaluate("document.documentElement.lang") == language, address
                wrong += [f"{address} {language} {one}" for one in looked_at(tab)]
                if (bytes_ := weight(tab)) > MOST:
                    wrong.append(f"{address} weighs {bytes_} bytes")
                foreign = tab.evaluate(
                    "performance.getEntriesByType('resource').map(one => one.name)"
                    ".filter(one => !one.startsWith(location.origin))"
                )
                wrong += [f"{address} asks {one}" for one in foreign]
    assert not wrong, "\n".join(wrong)


def test_every_part_is_for_everybody(shown: Shown, settings: config.Settings, tmp_path: Path) -> None:
    page = _environment("de").from_string(PARTS).render()
    with served(settings) as base, browsing(tmp_path) as tab:
        tab.command("Page.addScriptToEvaluateOnNewDocument", source=AXE)
        tab.open(f"{base}/nothing")  # an address of ours, so that the stylesheet may come
        frame = tab.command("Page.getFrameTree")["frameTree"]["frame"]["id"]
        tab.command("Page.setDocumentContent", frameId=frame, html=page.replace("BASE", base).strip())
        tab.until(lambda: tab.evaluate("document.styleSheets.length == 1"))
        assert list(looked_at(tab)) == []
