"""The city's look: prepared, seen, in force everywhere; readable whatever is chosen; and never a style within a page."""

import quopri
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw
from sqlalchemy import func, select
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people
from syndication.audience import feeds
from syndication.channels.built_in.letter import Letter
from syndication.config import Settings
from syndication.content import contrast
from syndication.errors import Invalid
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.models import KeptLook
from syndication.publishing import look, palette, views
from syndication.publishing.look import Look
from syndication.web.app import create_app
from tests import factories
from tests.channels.samples import letter
from tests.infra.test_images import drawn
from tests.web.test_city_team import BROWSER, enter

pytestmark = pytest.mark.enough("sqlite")  # one row, written and read by its key
API = "/api/v1/openapi.json"
HOME = "/desk/city/look"


@pytest.fixture
def hall(database: str, settings: Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    with TestClient(create_app(settings), headers={**BROWSER, "Accept-Language": "de"}) as one:
        yield one


def sent(hall: TestClient, **typed: Any) -> Any:
    files = typed.pop("files", None)
    token = enter(hall, "boss@coburg.example")
    return hall.post(HOME, data={"token": token, **typed}, files=files)


def decide(hall: TestClient, act: str) -> Any:
    return hall.post(f"{HOME}/preview", data={"token": enter(hall, "boss@coburg.example"), "act": act})


def test_a_look_is_seen_by_nobody_before_it_is_in_force_and_then_by_all(hall: TestClient) -> None:
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe").id
    factories.post(cafe, factories.event())
    assert b"<title>Coburg</title>" in feeds.document("all", "rss").body
    assert hall.get(API).json()["info"]["title"] == "Syndication API of Coburg"
    page = sent(hall, name="Coburg erleben", brand="#005f3c", link="#003388")
    assert page.url.path == f"{HOME}/preview"
    assert "Coburg erleben" in page.text
    (style,) = re.findall(r'href="(/look-[0-9a-f]{16}\.css)"', page.text)
    assert "--brand: #005f3c" in hall.get(style).text
    assert hall.get(style).headers["cache-control"].endswith("immutable")
    assert "Coburg erleben" not in hall.get("/").text
    assert "gilt noch nicht" in hall.get(HOME).text
    done = decide(hall, "force")
    assert "Es gilt." in done.text
    home = hall.get("/")
    assert "Coburg erleben" in home.text
    assert style in home.text
    assert "style-src 'self'" in home.headers["content-security-policy"]
    assert " style=" not in home.text
    assert b"<title>Coburg erleben</title>" in feeds.document("all", "rss").body
    assert '"Coburg erleben"' in hall.get("/manifest.webmanifest").text
    assert hall.get(API).json()["info"]["title"] == "Syndication API of Coburg erleben"
    (line,) = audit_log.lines(LogFilter(what="look.changed"))
    assert line.details == {"fields": ["name", "brand", "link"]}


def test_another_process_sees_it_within_seconds(hall: TestClient, settings: Settings) -> None:
    assert views.city(settings).name == "Coburg"
    with db.transaction() as session:
        session.add(
            KeptLook(
                state="current", name="Anders", brand="", link="", texts={}, logo=None, logo_digest="",
                changed_at=clock.now(),
            )
        )  # fmt: skip
    assert views.city(settings).name == "Coburg", "what was read a moment ago is believed"
    look._known = (db.engine(), clock.monotonic() - 3.1, Look())
    assert views.city(settings).name == "Anders"


@pytest.mark.parametrize(
    "colour", ["#ffff00", "#ffffff", "#000000", "#777777", "#ff0000", "#0000ff", "#c0ffee", "#a63a25"]
)
def test_whatever_is_chosen_can_be_read(colour: str) -> None:
    for one in palette.judged(Look(brand=colour, link=colour)):
        assert one.shown_contrast >= contrast.ENOUGH
        assert contrast.ratio(one.shown, "#ffffff" if one.scheme == "light" else "#111111") >= contrast.ENOUGH
        if one.shown == one.chosen:
            assert one.contrast >= contrast.ENOUGH
    sheet = palette.stylesheet(Look(brand=colour, link=colour)).partition("@media print")[0]
    for scheme, part in zip(("light", "dark"), sheet.split("@media (prefers"), strict=True):
        said = dict(re.findall(r"--([\w-]+): (#\w+);", part))
        assert contrast.ratio(said["brand"], said["brand-pale"]) >= contrast.ENOUGH, scheme
        assert contrast.ratio(said["on-brand"], said["brand-deep"]) >= contrast.ENOUGH, scheme


def test_contrast_is_reckoned_as_the_standard_has_it() -> None:
    assert round(contrast.ratio("#000000", "#ffffff"), 2) == 21
    assert round(contrast.ratio("#777777", "#ffffff"), 2) == 4.48
    assert contrast.ratio("#abcdef", "#abcdef") == 1


def test_what_is_corrected_is_said(hall: TestClient) -> None:
    page = sent(hall, name="Coburg", brand="#ffe680", link="#0b5d8a").text
    assert "#ffe680 hat hier 1," in page
    assert "Gezeigt wird stattdessen #" in page
    assert "#0b5d8a ist gut zu lesen" in page


def test_what_is_no_colour_is_refused_beside_its_box(hall: TestClient) -> None:
    page = sent(hall, name="x" * 201, brand="red;}body{display:none")
    assert page.status_code == 422
    assert 'id="fault-brand"' in page.text
    assert 'id="fault-name"' in page.text
    assert look.in_preparation() is None


def sign(mode: str) -> bytes:
    """A red disc with a white hole, on white or on nothing."""
    image = Image.new(mode, (400, 400), "white" if mode == "RGB" else (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((50, 50, 350, 350), fill="#cc0000")
    draw.ellipse((150, 150, 250, 250), fill="white")
    target = BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_logo_has_no_white_box_and_keeps_the_white_within(hall: TestClient, mode: str) -> None:
    page = sent(hall, name="Coburg", files={"files": ("logo.png", sign(mode), "image/png")}).text
    (src,) = set(re.findall(r'src="(/look/logo-[0-9a-f]{16}\.png)"', page))
    answer = hall.get(src)
    assert answer.headers["content-type"] == "image/png"
    made = Image.open(BytesIO(answer.content)).convert("RGBA")
    assert made.getpixel((0, 0))[3] == 0
    assert made.getpixel((399, 399))[3] == 0
    assert made.getpixel((200, 80))[:3] == (204, 0, 0)
    assert made.getpixel((200, 200)) == (255, 255, 255, 255)


def test_old_logos_are_deleted_and_what_is_no_picture_is_refused(hall: TestClient) -> None:
    sent(hall, name="Coburg", files={"files": ("a.png", drawn(400, 160), "image/png")})
    decide(hall, "force")
    first = look.stored("current").logo
    sent(hall, name="Coburg", files={"files": ("b.png", sign("RGB"), "image/png")})
    assert hall.get(f"/look/logo-{first}.png").status_code == 200, "it is what everybody sees"
    decide(hall, "force")
    assert hall.get(f"/look/logo-{first}.png").status_code == 404
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(KeptLook)) == 1
    wrong = sent(hall, name="Coburg", files={"files": ("c.svg", b"<svg onload='x'/>", "image/svg+xml")})
    assert wrong.status_code == 422
    assert 'id="fault-logo"' in wrong.text
    sent(hall, name="Coburg", drop_logo="1")
    decide(hall, "force")
    assert "/look/logo-" not in hall.get("/").text


def test_our_draft_is_begun_with_and_must_be_filled_in(hall: TestClient) -> None:
    begun = sent(hall, name="Coburg", then="draft.accessibility")
    assert "Diese Erklärung gilt für" in begun.text
    assert "This declaration is about" in begun.text
    assert look.in_preparation() is None, "nothing is kept by it"
    sent(hall, name="Coburg", **{"accessibility.de": "Antwort in [Frist …]."})
    refused = decide(hall, "force")
    assert refused.status_code == 422
    assert "noch etwas zum Ausfüllen" in refused.text
    assert hall.get("/accessibility").status_code == 404
    sent(
        hall,
        name="Coburg",
        **{"accessibility.de": "## Stand\r\n\r\nAlles [geht](https://a.example). <script>alert(1)</script>"},
    )
    decide(hall, "force")
    page = hall.get("/accessibility").text
    assert "<h2>Stand</h2>" in page
    assert "<script>alert" not in page
    assert 'href="/accessibility"' in hall.get("/posts").text


@pytest.mark.parametrize("page", look.PAGES)
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_draft_of_ours_can_be_read_and_has_holes(hall: TestClient, page: str, language: str) -> None:
    text = sent(hall, name="Bad <Staffel>", then=f"draft.{page}").text
    (box,) = re.findall(rf'name="{page}\.{language}"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
    assert len(box) > 300
    assert "…]" in box
    assert "Bad &lt;Staffel&gt;" in box or page == "privacy"


def test_what_the_settings_say_remains_where_nothing_is_chosen(hall: TestClient) -> None:
    assert "Stadtmarketing Coburg" in hall.get("/imprint").text
    assert 'href="/imprint"' in hall.get("/").text
    assert hall.get("/privacy").status_code == 404
    assert 'href="/privacy"' not in hall.get("/").text
    assert "/look-" not in hall.get("/").text


def test_mails_bear_name_colour_and_the_links(hall: TestClient, settings: Settings) -> None:
    look.prepare(Look("Coburg erleben", "#005f3c", "", "", {"privacy": {"de": "Nichts."}}))
    look.put_in_force()
    one = letter("invited")
    note = type(one)(one.key, one.payload, views.city(settings), one.settings, one.sender, one.tried_at)
    mail = quopri.decodestring(Letter().render(note).data).decode()
    assert "#005f3c" in mail
    assert "#b3402a" not in mail
    for page in ("imprint", "privacy"):
        assert mail.count(f"{settings.base_url}/{page}") >= 2, "in text and HTML"
    assert f"{settings.base_url}/accessibility" not in mail


def test_what_was_prepared_can_be_forgotten(hall: TestClient) -> None:
    sent(hall, name="Anders")
    decide(hall, "discard")
    assert look.in_preparation() is None
    assert hall.get(f"{HOME}/preview").status_code == 404
    with pytest.raises(Exception, match="prepared"):
        look.put_in_force()
    with pytest.raises(Invalid):
        look.prepare(Look(texts={"imprint": {"de": "x" * (look.LONGEST + 1)}}))
