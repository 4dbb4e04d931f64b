"""Merchants: named, admitted, suspended, changed, listed."""

import pytest

from syndication.content.base import new_id
from syndication.errors import Forbidden, Invalid, NotFound
from syndication.infra import db
from syndication.publishing import merchants
from syndication.publishing.merchants import Amendment, Application

pytestmark = pytest.mark.usefixtures("database")


def application(name: str = "Café am Markt", **fields: object) -> Application:
    """A shop that wants to publish."""
    return Application.model_validate({"name": name, "email": "hallo@cafe.example", **fields})


def test_a_merchant_gets_a_slug_from_its_name_and_publishes_once_admitted() -> None:
    applied = merchants.apply(application("Bäckerei Müller & Söhne"))
    assert (applied.slug, applied.state, applied.admitted_at) == ("baeckerei-mueller-soehne", "applied", None)
    with db.transaction() as session, pytest.raises(Forbidden, match="not admitted yet"):
        merchants.require(session, applied.id, "post")
    admitted = merchants.admit(applied.id)
    assert admitted.admitted_at is not None
    with db.transaction() as session:
        assert merchants.require(session, applied.id, "post")


def test_namesakes_get_numbers_but_a_chosen_slug_must_be_free() -> None:
    slugs = [merchants.apply(application()).slug for _ in range(3)]
    assert slugs == ["cafe-am-markt", "cafe-am-markt-2", "cafe-am-markt-3"]
    with pytest.raises(Invalid, match="already taken"):
        merchants.apply(application(slug="cafe-am-markt"))


def test_a_name_without_a_latin_letter_needs_a_slug() -> None:
    with pytest.raises(Invalid) as refused:
        merchants.apply(application("寿司"))
    assert refused.value.faults[0].field == "slug"
    assert merchants.apply(application("寿司", slug="sushi")).name == "寿司"


def test_a_suspended_merchant_comes_back_with_the_moment_it_was_first_admitted() -> None:
    first = merchants.create(application())
    assert merchants.suspend(first.id).state == "suspended"
    with db.transaction() as session, pytest.raises(Forbidden, match="is suspended"):
        merchants.require(session, first.id, "post")
    again = merchants.admit(first.id)
    assert (again.state, again.admitted_at) == ("admitted", first.admitted_at)


def test_a_change_keeps_what_it_leaves_out_and_can_empty_what_may_be_empty() -> None:
    made = merchants.create(application(url="https://cafe.example", district="Altstadt"))
    changed = merchants.update(made.id, Amendment.model_validate({"url": None, "posts_per_day": 5}))
    assert (changed.url, changed.posts_per_day, changed.district) == (None, 5, "Altstadt")
    with pytest.raises(ValueError, match="name: cannot be removed"):
        Amendment.model_validate({"name": None})


def test_a_name_in_a_headers_clothes_is_refused() -> None:
    for name in ("Café\r\nBcc: all@example.org", " ", "a\u0000b"):
        with pytest.raises(ValueError, match="name"):
            application(name)


def test_lists_are_narrowed_and_paged_and_strangers_are_not_found() -> None:
    made = [merchants.apply(application(f"Shop {number}")) for number in range(3)]
    merchants.admit(made[0].id)
    assert [one.slug for one in merchants.listed(state="applied")] == ["shop-2", "shop-1"]
    page = merchants.listed(limit=2)
    assert [one.slug for one in merchants.listed(after=page[-1].id)] == ["shop-0"]
    assert merchants.by_slug("shop-1").id == made[1].id
    for missing in (lambda: merchants.by_slug("nobody"), lambda: merchants.read(new_id())):
        with pytest.raises(NotFound):
            missing()
