"""What a business says of itself: what is taken, how it is kept, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import delete

from syndication.config import Settings
from syndication.errors import Invalid, NotFound
from syndication.infra import db
from syndication.models import StoredPicture
from syndication.publishing import logos, merchants, uploads
from syndication.publishing.merchants import Amendment, MerchantRecord
from syndication.publishing.profile import Profile, dialled
from tests import factories
from tests.infra.test_images import drawn, seen

pytestmark = pytest.mark.enough("sqlite")  # values, and rows by their key


@pytest.fixture
def cafe(database: str, settings: Settings) -> MerchantRecord:
    with db.transaction() as session:
        factories.merchant(session, "museum")
        factories.merchant(session, "cafe")
    return merchants.by_slug("cafe")


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("opening_hours", "mo-fr 9:00-18:00", "Mo-Fr 09:00-18:00"),
        ("opening_hours", " ", None),
        ("phone", "+49 9561  1234", "+49 9561 1234"),
        ("phone", "09561/12-34", "09561/12-34"),
        ("phone", "+49\u00a09561\u00a01234", "+49 9561 1234"),
        ("phone", "", None),
        ("contact", "hallo@cafe.example", "hallo@cafe.example"),
        ("imprint", "Rosa Rosen\r\nMarkt 1", "Rosa Rosen\nMarkt 1"),
        ("links", ["https://www.instagram.com/a", "https://www.instagram.com/a"], ("https://www.instagram.com/a",)),
        ("links", None, ()),
        ("license_texts", "CC-BY-4.0", "CC-BY-4.0"),
        ("license_texts", None, None),
        ("logo", None, None),
    ],
)  # fmt: skip
def test_what_is_given_is_kept_as_it_is_spelled(field: str, given: Any, kept: Any) -> None:
    assert getattr(Profile.model_validate({field: given}), field) == kept


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("opening_hours", "Montag 9-18"),
        ("opening_hours", 5),
        ("opening_hours", "Mo 09:00-18:00; " * 100),
        ("phone", "ruf an"),
        ("phone", "12"),
        ("phone", "٠٩٥٦١ ١٢٣٤"),
        ("phone", "+49 9561 1234 5678 9012 34"),
        ("phone", "javascript:alert(1)"),
        ("contact", "hallo"),
        ("contact", "hallo@cafe.example\nbcc: x@y.example"),
        ("imprint", "x" * 4001),
        ("imprint", "a\x00b"),
        ("links", ["http://www.instagram.com/a"]),
        ("links", ["javascript:alert(1)"]),
        ("links", ["https://@rosengarten"]),
        ("links", ["https://instagram"]),
        ("links", [f"https://www.example.org/{number}" for number in range(6)]),
        ("license_texts", "GPL-3.0"),
        ("logo", "logo.png"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(field: str, given: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Profile.model_validate({field: given})
    assert {one["loc"][0] for one in refused.value.errors()} == {field}


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("+49 9561 1234", "+4995611234"),
        ("+49 (0)9561 1234", "+4995611234"),
        ("0049 9561/12-34", "+4995611234"),
        ("09561 1234", "095611234"),
        ("(09561) 1234", "095611234"),
    ],
)
def test_a_number_is_dialled_by_its_digits(phone: str, digits: str) -> None:
    assert dialled(phone) == digits


def test_a_change_keeps_what_it_leaves_out_and_null_takes_away(cafe: MerchantRecord) -> None:
    said = {"phone": "09561 1234", "links": ["https://www.instagram.com/a"], "opening_hours": "Mo 9:00-12:00"}
    logos.amend(cafe.id, Amendment.model_validate(said))
    changed = logos.amend(cafe.id, Amendment.model_validate({"phone": None}))
    assert (changed.phone, changed.links, changed.opening_hours) == (
        None,
        ("https://www.instagram.com/a",),
        "Mo 09:00-12:00",
    )


def test_a_logo_is_a_small_copy_of_an_own_upload_which_may_then_go(cafe: MerchantRecord) -> None:
    upload = uploads.add(cafe.id, drawn(1600, 800, "PNG"))
    with_logo = logos.amend(cafe.id, Amendment(logo=upload.url))
    assert with_logo.logo is not None
    digest = with_logo.logo.rpartition("-")[2].removesuffix(".jpg")
    with db.transaction() as session:
        session.execute(delete(StoredPicture))
    assert seen(logos.shown("cafe", digest)).size == (480, 240)
    # What a program read it may send back.
    assert logos.amend(cafe.id, Amendment(logo=with_logo.logo)).logo == with_logo.logo
    with pytest.raises(NotFound):
        logos.shown("museum", digest)
    assert logos.amend(cafe.id, Amendment(logo=None)).logo is None
    with pytest.raises(NotFound):
        logos.shown("cafe", digest)


@pytest.mark.parametrize("whose", ["strangers", "elsewhere", "nothing"])
def test_no_other_picture_becomes_a_logo(cafe: MerchantRecord, whose: str) -> None:
    stranger = merchants.by_slug("museum")
    urls = {
        "strangers": uploads.add(stranger.id, drawn()).url,
        "elsewhere": "https://example.org/logo.jpg",
        "nothing": uploads.address("0" * 32),
    }
    with pytest.raises(Invalid) as refused:
        logos.amend(cafe.id, Amendment(logo=urls[whose], phone="09561 1234"))
    assert refused.value.faults[0].field == "logo"
    assert merchants.by_slug("cafe").phone is None
