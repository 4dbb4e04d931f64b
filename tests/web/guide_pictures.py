"""The pictures of the guides: `python -m tests.web.guide_pictures docs/merchants`, and the same for docs/operators."""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from syndication import config, destinations, migrations
from syndication.infra import db
from tests.chromium import Tab, browsing
from tests.conftest import settings_for
from tests.web.screenshots import sized
from tests.web.serving import served
from tests.web.shown import Shown, furnish

#: By guide: its languages, how wide its readers' screens are (pixels), and by file the route of the page, and how high the
#: picture is from its heading on. Pictures in another language than German end in it: `today.en.png`.
GUIDES: dict[str, tuple[tuple[str, ...], int, dict[str, tuple[str, int]]]] = {
    "merchants": (
        ("de",),
        390,
        {
            "form": ("/desk/merchants/{slug}/new/{kind}", 560),
            "preview": ("/desk/merchants/{slug}/posts/{post_id}/check", 600),
            "where": ("/desk/merchants/{slug}/posts/{post_id}", 600),
            "every-week": ("/desk/merchants/{slug}/weekly/{weekly_id}", 620),
            "file": ("/desk/merchants/{slug}/files/{file_id}", 600),
            "business": ("/desk/merchants/{slug}/business", 620),
            "outlets": ("/desk/merchants/{slug}/outlets", 600),
            "results": ("/desk/merchants/{slug}/results", 560),
        },
    ),
    "operators": (
        ("de", "en"),
        780,
        {
            "today": ("/desk/city", 640),
            "trouble": ("/desk/city/trouble", 520),
            "alerts": ("/desk/city/alerts", 520),
            "remove": ("/desk/city/posts/{post_id}/remove", 620),
            "review": ("/desk/city/review/{post_id}", 620),
            "merchant": ("/desk/city/merchants/{slug}", 560),
            "newsletter": ("/desk/city/editions/{slot}", 620),
            "topic": ("/desk/city/topics/{topic}", 420),
            "outlets": ("/desk/city/outlets", 480),
            "month": ("/desk/city/month/{name}", 640),
        },
    ),
}
#: Where the heading begins, with some room above it.
_TOP = "Math.max(0, Math.floor(document.querySelector('main h1').getBoundingClientRect().top + scrollY) - 16)"


def take(folder: Path) -> None:
    """Write those of the guide in this folder, in few colours, so that each is small."""
    languages, _, _ = GUIDES[folder.name]
    with tempfile.TemporaryDirectory() as own:
        home = Path(own)
        cfg = settings_for(home)
        config.use(cfg)
        url = f"sqlite:///{home / 'town.sqlite'}"
        migrations.upgrade(url)
        db.connect(url)
        destinations.ensure_built_in()
        shown = furnish()
        with browsing(home) as tab:
            for language in languages:
                _all_of(shown, tab, cfg, folder, language)
        db.engine().dispose()


def _all_of(shown: Shown, tab: Tab, cfg: config.Settings, folder: Path, language: str) -> None:
    """Those in one language, by a web process of their own: a new one has not asked Redis yet, of which its pages would say
    in which folder of this machine it is missed."""
    _, width, pictures = GUIDES[folder.name]
    with served(cfg) as base:
        shown.enter(tab, base)
        for name, (route, height) in pictures.items():
            address = shown.pages[route][0]
            tab.open(f"{base}{address}{'&' if '?' in address else '?'}lang={language}")
            sized(tab, width, "light")
            top = tab.evaluate(_TOP)
            whole = cfg.data_dir / "whole.png"
            tab.screenshot(whole, width, top + height)
            part = Image.open(io.BytesIO(whole.read_bytes())).crop((0, top, width, top + height))
            file = f"{name}.png" if language == "de" else f"{name}.{language}.png"
            part.convert("RGB").quantize(32).save(folder / file, optimize=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
