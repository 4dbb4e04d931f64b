"""The web app in this process, and people with keys who call it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest, Scope
from syndication.web.app import create_app
from tests import factories


@dataclass(frozen=True)
class Party:
    """Somebody with a key."""

    client: TestClient
    merchant_id: UUID | None
    key: str

    def __call__(self, method: str, path: str, **request: Any) -> Any:
        """A request to /api/v1 with this party's key."""
        headers = {"Authorization": f"Bearer {self.key}"} | request.pop("headers", {})
        return self.client.request(method, f"/api/v1{path}", headers=headers, **request)


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    """Somebody without a key. Errors of the server come back as answers, as over a wire."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def admitted(client: TestClient, slug: str, *scopes: Scope, **fields: Any) -> Party:
    """A merchant with a key."""
    with db.transaction() as session:
        merchant_id = factories.merchant(session, slug, **fields).id
    request = KeyRequest(name="shop", scopes=scopes) if scopes else KeyRequest(name="shop")
    return Party(client, merchant_id, api_keys.create(merchant_id, request).text)


@pytest.fixture
def cafe(client: TestClient) -> Party:
    """A merchant."""
    return admitted(client, "cafe")


@pytest.fixture
def museum(client: TestClient) -> Party:
    """Another merchant."""
    return admitted(client, "museum")


@pytest.fixture
def operator(client: TestClient) -> Party:
    """The town hall."""
    return Party(client, None, api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text)


@pytest.fixture
def an_event() -> dict[str, Any]:
    """The body of a post that is accepted."""
    return factories.event().model_dump(mode="json", exclude_unset=True)
