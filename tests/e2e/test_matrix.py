"""Posts in a room of a real homeserver (Synapse), read back with matrix-nio."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nio
import pytest
import requests

from syndication.config import Settings
from syndication.ledger import replay
from tests.e2e.networks import Poster, synapse
from tests.town import PICTURE


@dataclass
class Room:
    """A room, and the account that may write into it."""

    server: str
    token: str
    user: str
    alias: str

    def messages(self) -> list[Any]:
        """The room's events as matrix-nio parses them, the oldest first."""

        async def read() -> list[Any]:
            client = nio.AsyncClient(self.server, self.user)
            client.access_token, client.user_id = self.token, self.user
            try:
                joined = await client.join(self.alias)
                found = await client.room_messages(joined.room_id, start="", limit=100)
                return list(reversed(found.chunk))
            finally:
                await client.close()

        return asyncio.run(read())


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with synapse(tmp_path_factory.mktemp("synapse")) as server:
        owner, _ = _registered(server, "stadt")
        token, user = _registered(server, "syndication")
        made = _post(
            server, "createRoom", owner, room_alias_name="coburg", preset="private_chat", invite=[user]
        )
        assert made["room_id"]
        yield Room(server, token, user, "#coburg:matrix.test")


def _registered(server: str, name: str) -> tuple[str, str]:
    """Access token and id of a new account (Synapse admin API, shared-secret registration)."""
    url = f"{server}/_synapse/admin/v1/register"
    nonce = requests.get(url, timeout=10).json()["nonce"]
    said = b"\0".join(part.encode() for part in (nonce, name, "hunter2-hunter2", "notadmin"))
    mac = hmac.new(b"a secret of this test", said, hashlib.sha1).hexdigest()
    body = {"nonce": nonce, "username": name, "password": "hunter2-hunter2", "admin": False, "mac": mac}
    made = requests.post(url, json=body, timeout=20).json()
    return made["access_token"], made["user_id"]


def _post(server: str, method: str, token: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(
        f"{server}/_matrix/client/v3/{method}", json=body, headers=headers, timeout=20
    ).json()


def test_a_post_is_sent_replaced_and_redacted(room: Room, city: Settings) -> None:
    poster = Poster("matrix", {"server": room.server, "room": room.alias}, {"access_token": room.token})
    post = poster.publish("Weinabend & Käse 🍷", images=[PICTURE])
    message = room.messages()[-1]
    assert isinstance(message, nio.RoomMessageImage)
    assert message.body.startswith("Weinabend & Käse 🍷")
    assert message.url.startswith("mxc://matrix.test/")
    assert message.sender == room.user

    poster.revise(post, "Weinabend & Käse 🍷", images=[PICTURE], status="cancelled")
    content = room.messages()[-1].source["content"]
    assert content["m.relates_to"] == {"rel_type": "m.replace", "event_id": message.event_id}
    assert content["m.new_content"]["body"].startswith("Abgesagt: ")

    poster.withdraw(post)
    gone = [one.event_id for one in room.messages() if isinstance(one, nio.RedactedEvent)]
    assert message.event_id in gone


def test_the_same_transaction_makes_no_second_message(room: Room, city: Settings) -> None:
    poster = Poster("matrix", {"server": room.server, "room": room.alias}, {"access_token": room.token})
    poster.publish("Einmal")
    before = len(room.messages())
    first = str(poster.last.reference)
    replay.one(poster.last.id)
    poster.deliver()
    assert len(room.messages()) == before
    assert poster.last.reference == first
