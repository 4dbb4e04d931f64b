"""Pictures of every page, at two widths, light and dark: `python -m tests.web.screenshots FOLDER [PART OF A ROUTE]`."""

import re
import sys
import tempfile
from pathlib import Path

from syndication import config, destinations, migrations
from syndication.infra import db
from tests.chromium import Tab, browsing
from tests.conftest import settings_for
from tests.web.serving import served
from tests.web.shown import furnish

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")


def sized(tab: Tab, width: int, scheme: str) -> None:
    """The page as wide as that, on a device that likes it light or dark."""
    tab.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    tab.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def take(folder: Path, part: str = "") -> int:
    """Write the pictures of all pages whose route holds `part`, in German; how many they are."""
    taken = 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own:
        home = Path(own)
        cfg = settings_for(home)
        config.use(cfg)
        url = f"sqlite:///{home / 'town.sqlite'}"
        migrations.upgrade(url)
        db.connect(url)
        destinations.ensure_built_in()
        shown = furnish()
        with served(cfg) as base, browsing(home) as tab:
            for route, address, behind in shown:
                if part not in route:
                    continue
                if behind:
                    shown.enter(tab, base)
                tab.open(f"{base}{address}{'&' if '?' in address else '?'}lang=de")
                name = re.sub(r"\W+", "-", f"{route} {taken // 4:03}").strip("-")
                for width in WIDTHS:
                    for scheme in SCHEMES:
                        sized(tab, width, scheme)
                        height = int(tab.evaluate("document.documentElement.scrollHeight"))
                        tab.screenshot(folder / f"{name}-{width}-{scheme}.png", width, min(height, 4000))
                        taken += 1
        db.engine().dispose()
    return taken


if __name__ == "__main__":
    print(f"{take(Path(sys.argv[1]), *sys.argv[2:3])} pictures in {sys.argv[1]}")
