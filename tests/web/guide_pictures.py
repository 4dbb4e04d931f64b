"""The pictures of the guides: `python -m tests.web.guide_pictures docs/merchants`, and the same for docs/operators."""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from syndication import config, destinations, migrations
from syndication.infra import db
from tests.chromium import browsing
from tests.conftest import settings_for
from tests.web.screenshots import sized
from tests.web.serving import served
from tests.web.shown import furnish

#: By guide: how wide its readers' screens are (pixels), and by file the route of the page, and how high the picture is
#: from its heading on.
GUIDES: dict[str, tuple[int, dict[str, tuple[str, int]]]] = {
    "merchants": (
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
    width, pictures = GUIDES[folder.name]
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
            shown.enter(tab, base)
            for name, (route, height) in pictures.items():
                tab.open(f"{base}{shown.pages[route][0]}?lang=de")
                sized(tab, width, "light")
                top = tab.evaluate(_TOP)
                whole = home / f"{name}.png"
                tab.screenshot(whole, width, top + height)
                part = Image.open(io.BytesIO(whole.read_bytes())).crop((0, top, width, top + height))
                part.convert("RGB").quantize(32).save(folder / f"{name}.png", optimize=True)
        db.engine().dispose()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
