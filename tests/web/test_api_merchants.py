"""What a business says of itself, over the API."""

from typing import Any

import pytest

from tests.infra.test_images import drawn
from tests.web.conftest import Party

pytestmark = pytest.mark.enough("sqlite")  # one row
SAID = {
    "opening_hours": "Mo-Fr 09:00-18:00; PH off",
    "phone": "+49 9561 1234",
    "contact": "hallo@cafe.example",
    "imprint": "Rosa Rosen, Markt 1",
    "links": ["https://www.instagram.com/cafe"],
    "license_texts": "CC-BY-SA-4.0",
    "license_pictures": "CC0-1.0",
}


def test_the_town_hall_changes_it_and_the_business_reads_it(operator: Party, cafe: Party) -> None:
    changed = operator("PATCH", "/merchants/cafe", json=SAID)
    assert changed.status_code == 200
    read = cafe("GET", "/merchants/cafe").json()
    assert {name: read[name] for name in SAID} == SAID
    assert read == changed.json()
    emptied = operator("PATCH", "/merchants/cafe", json=dict.fromkeys(SAID)).json()
    assert {name: emptied[name] for name in SAID} == {**dict.fromkeys(SAID), "links": []}


def test_a_logo_is_an_upload_of_the_business_and_is_seen_at_an_address_of_its_own(
    operator: Party, cafe: Party
) -> None:
    upload = cafe("POST", "/pictures", content=drawn(600, 300), headers={"Content-Type": "image/jpeg"}).json()
    logo = operator("PATCH", "/merchants/cafe", json={"logo": upload["url"]}).json()["logo"]
    answer = operator.client.get(logo)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert operator("PATCH", "/merchants/cafe", json={"logo": None}).json()["logo"] is None
    assert operator.client.get(logo).status_code == 404


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("opening_hours", "Mo-Fr 9-18", "is not understood from 'Mo-Fr 9-18' on"),
        ("opening_hours", "Mo 09:00-12:00; Apr-Oct 08:00-20:00", "is not understood from 'Apr-Oct"),
        ("phone", "anrufen", "must be a phone number"),
        ("contact", "hallo", "mail address"),
        ("links", ["http://cafe.example"], "https://"),
        ("links", [f"https://cafe.example/{number}" for number in range(6)], "at most 5"),
        ("license_texts", "GPL", "must be one of"),
        ("logo", "https://elsewhere.example/a.png", "upload it again"),
    ],
)
def test_what_is_wrong_is_told_of_its_field_and_what_was_there_stays(
    operator: Party, field: str, given: Any, said: str
) -> None:
    operator("POST", "/merchants", json={"name": "Café", "email": "a@cafe.example"})
    operator("PATCH", "/merchants/cafe", json=SAID)
    answer = operator("PATCH", "/merchants/cafe", json={"phone": "09561 99", field: given})
    assert answer.status_code == 422
    assert [one["field"].partition(".")[0] for one in answer.json()["errors"]] == [field]
    assert said in answer.json()["errors"][0]["message"]
    kept = operator("GET", "/merchants/cafe").json()
    assert {name: kept[name] for name in SAID} == SAID
