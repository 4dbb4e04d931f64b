"""Posts on Bluesky's own server, read back with Bluesky's own client library."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from atproto import Client

from syndication.config import Settings
from tests.e2e.networks import Poster, bluesky
from tests.town import PICTURE


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with bluesky() as address:
        yield address


@dataclass
class Repository:
    """A new account, and its records as the network's own client library reads them."""

    client: Client
    did: str
    poster: Poster

    @property
    def records(self) -> list[Any]:
        found = self.client.com.atproto.repo.list_records(
            {"repo": self.did, "collection": "app.bsky.feed.post"}
        )
        return [one.value for one in found.records]


@pytest.fixture
def coburg(server: str, city: Settings) -> Repository:
    client, name = Client(base_url=f"{server}/xrpc"), f"coburg{uuid4().hex[:8]}.test"
    account = {"handle": name, "email": f"{name}@coburg.example", "password": "hunter2-hunter2"}
    did = client.com.atproto.server.create_account(account).did
    poster = Poster("bluesky", {"server": server, "identifier": name}, {"app_password": "hunter2-hunter2"})
    return Repository(client, did, poster)


def test_a_post_is_written_rewritten_and_deleted(coburg: Repository) -> None:
    poster = coburg.poster
    post = poster.publish("Weinabend & Käse 🍷", topics=["musik"], images=[PICTURE])
    (record,) = coburg.records
    assert record.text.startswith("Weinabend & Käse 🍷\n")
    assert record.langs == ["de"]
    assert record.embed.images[0].alt == "Zwei Gläser"
    raw = record.text.encode()
    shown = {
        raw[one.index.byte_start : one.index.byte_end].decode(): one.features[0] for one in record.facets
    }
    assert shown["#Musik"].tag == "Musik"
    assert poster.last.link == f"https://bsky.app/profile/{coburg.did}/post/{poster.last.reference}"
    (blob,) = coburg.client.com.atproto.sync.list_blobs({"did": coburg.did}).cids
    assert coburg.client.com.atproto.sync.get_blob({"did": coburg.did, "cid": blob})[:3] == b"\xff\xd8\xff", (
        "a JPEG"
    )

    poster.revise(post, "Weinabend & Käse 🍷", topics=["musik"], images=[PICTURE], status="cancelled")
    (record,) = coburg.records
    assert record.text.startswith("Abgesagt: Weinabend")
    assert record.embed.images[0].alt == "Zwei Gläser"

    poster.withdraw(post)
    assert coburg.records == []


def test_a_card_stands_where_there_is_no_picture(coburg: Repository) -> None:
    post = coburg.poster.publish("Lesung", summary="Mit Wein")
    external = coburg.records[0].embed.external
    assert (external.title, external.description) == ("Lesung", "Mit Wein")
    assert external.uri.endswith(str(post.id))
