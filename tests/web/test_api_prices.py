"""Advice on a reduction over HTTP: nothing is posted, and nothing is refused."""

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import Party

pytestmark = pytest.mark.enough("sqlite")  # what is remembered is tried on both in publishing

BANANAS = {"kind": "offer", "title": "Bananen", "price": "1.69"}
REDUCED = {"kind": "offer", "title": "Bananen", "price": "1.29", "price_before": "1.99"}


def test_an_integrator_hears_what_the_law_asks_for(cafe: Party, museum: Party) -> None:
    assert cafe("POST", "/posts", json=BANANAS | {"price": "1.69"}).status_code == 201
    answer = cafe("POST", "/prices/advice", json=REDUCED, headers={"Accept-Language": "de"})
    assert answer.status_code == 200, answer.text
    first = answer.json()["data"][0]
    assert (first["field"], first["severity"], first["proposal"]) == ("lowest_price_30d", "warning", "1.69")
    assert "1,69\xa0€" in first["reason"]
    assert "Soweit wir wissen" in first["reason"]
    others = museum("POST", "/prices/advice", json=REDUCED).json()["data"]
    assert [one["proposal"] for one in others] == [None], "prices of others are nobody's business"
    assert len(cafe("GET", "/posts").json()["data"]) == 1


def test_what_is_no_reduction_gets_no_advice_and_what_is_no_draft_a_refusal(cafe: Party) -> None:
    assert cafe("POST", "/prices/advice", json=BANANAS).json() == {"data": []}
    assert cafe("POST", "/prices/advice", json={"kind": "offer"}).status_code == 422


def test_the_city_says_whose_prices_are_meant(operator: Party, cafe: Party) -> None:
    assert operator("POST", "/prices/advice", json=REDUCED).status_code == 422
    assert operator("POST", "/prices/advice?merchant=cafe", json=REDUCED).status_code == 200


def test_nobody_asks_without_a_key(client: TestClient) -> None:
    assert client.post("/api/v1/prices/advice", json=REDUCED).status_code == 401
