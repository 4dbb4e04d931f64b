"""The OpenAPI document against the running service: no answer that it does not describe, and no failure of ours."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from starlette.testclient import TestClient

from syndication.config import Settings
from syndication.delivery import fanout
from syndication.infra import db
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest, Scope
from syndication.web.app import create_app
from tests import factories
from tests.conftest import FULL, settings_for
from tests.web.serving import served

#: Operations that may refuse what their schema lets through, each for what no schema says; docs/api.md tells it.
UNSAID = {
    "advisePrices": "fields that must fit each other; a merchant, with a key of the city",
    "createPost": "fields that must fit each other; a merchant, with a key of the city; a source_ref that is taken",
    "revisePost": "the same",
    "amendPost": "the same; which kind the post is of",
    "createSeries": "whether the post can come every week, and on which dates",
    "changeSeries": "which dates it has; fields that must fit each other",
    "succeedSeries": "the same; a first date that is still to come",
    "createMerchant": "a slug that is taken",
    "createDestination": "settings, which GET /channels describes for each channel; merchants that there are",
    "changeDestination": "the same",
    "connect": "the same",
    "reconnect": "whether its channel is connected so",
    "replayDestination": "since and until in their order",
    "createKey": "an end in the future; scopes that go with each other",
    "createMerchantKey": "the same",
    "addPicture": "whether the bytes are a picture; a merchant, with a key of the city",
    "changeMerchant": "the grammar of opening hours, the digits of a phone number, links by https, whose picture a logo is",
    "suspendMerchant": "an end that lies ahead",
    "signUp": "whether mail to an address can be sent: its domain, the length of its parts",
}
#: How schemathesis asks. A precondition is looked at before the body (RFC 9110 section 13.2.1), so 412 says nothing of it.
SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "429", "5xx"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "429", "5xx"]
"""
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
#: Invented requests for each operation, beside the examples and the limits of each field, which are always tried: all of
#: them where .ci/run asks for it, and elsewhere the first of the same.
MOST = "12" if FULL else "2"


@pytest.fixture
def document(tmp_path: Path) -> Any:
    """The OpenAPI document."""
    return create_app(settings_for(tmp_path)).openapi()


def operations(document: Any) -> list[tuple[str, str, Any]]:
    """Path, method and description of each operation."""
    return [
        (path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()
    ]


def test_the_document_is_served_where_it_is_looked_for(client: TestClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


def test_every_operation_has_a_name_a_sentence_and_problem_answers(document: Any) -> None:
    names = [one["operationId"] for _, _, one in operations(document)]
    assert len(names) == len(set(names))
    for path, method, one in operations(document):
        assert one["description"], (path, method)
        assert {"406", "422", "503"} <= set(one["responses"]), (path, method)
        for status, answer in one["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (path, method, status)
        # A reader's token in the address is the secret there; everything else needs a key.
        needs_key = not path.startswith("/api/v1/readers")
        assert one.get("security") == ([{"key": []}] if needs_key else None), (path, method)
        assert ({"401", "403"} <= set(one["responses"])) == needs_key, (path, method)


def test_only_the_api_is_in_the_document(document: Any) -> None:
    assert [path for path, _, _ in operations(document) if not path.startswith("/api/v1/")] == []


def test_every_reference_in_the_document_leads_somewhere(document: Any) -> None:
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]


def test_the_examples_are_accepted_by_their_own_schema(document: Any) -> None:
    checked = 0
    for _, _, one in operations(document):
        media = one.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in media.get("examples", {}).values():
            schema = media["schema"] | {"components": document["components"]}
            jsonschema.validate(example["value"], schema)
            checked += 1
    assert checked >= 5


def test_every_route_and_scope_stands_in_the_papers_and_none_that_is_not(document: Any) -> None:
    papers = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", papers, re.MULTILINE))
    assert told == {f"{method.upper()} {path[7:]}" for path, method, _ in operations(document)}
    keys = papers.split("\n## Keys\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z:]+)` \|", keys, re.MULTILINE)) == set(get_args(Scope))
    statuses = {
        status for _, _, one in operations(document) for status in one["responses"] if status >= "400"
    }
    rows = re.findall(r"^\| ((?:\d{3}(?:, )?)+) \|", papers, re.MULTILINE)
    # 405 belongs to no operation.
    assert {status for row in rows for status in row.split(", ")} == statuses | {"405"}


def test_what_the_document_cannot_say_stands_in_the_papers(document: Any) -> None:
    papers = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    table = papers.split("## What the OpenAPI document cannot say")[1].split("\n## ")[0]
    assert set(re.findall(r"`([a-z]+[A-Z][A-Za-z]+|connect|reconnect)`(?=[,\w `]* \|)", table)) == set(UNSAID)
    assert set(UNSAID) <= {one["operationId"] for _, _, one in operations(document)}


def test_every_text_that_is_handed_in_has_an_end_and_every_number_a_bound(document: Any) -> None:
    loose = [f"{where}: {schema}" for where, schema in handed_in(document) if not bounded(schema)]
    assert loose == []


def handed_in(document: Any) -> Iterator[tuple[str, Any]]:
    """Every schema of a text, number or list that a request may hold, and where."""

    def walk(where: str, schema: Any, seen: frozenset[str]) -> Iterator[tuple[str, Any]]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in seen:
                yield from walk(f"{where} {name}", document["components"]["schemas"][name], seen | {name})
            return
        yield where, schema
        for part in ("anyOf", "oneOf", "allOf"):
            for one in schema.get(part, ()):
                yield from walk(where, one, seen)
        if "items" in schema:
            yield from walk(f"{where}[]", schema["items"], seen)
        for part in ("properties", "patternProperties"):
            for name, one in schema.get(part, {}).items():
                yield from walk(f"{where}.{name}", one, seen)

    for path, method, one in operations(document):
        where = f"{method} {path}"
        for parameter in one.get("parameters", ()):
            yield from walk(f"{where} {parameter['name']}", parameter["schema"], frozenset())
        for media_type, media in one.get("requestBody", {}).get("content", {}).items():
            if media_type.endswith("json"):
                yield from walk(where, media["schema"], frozenset())


def bounded(schema: Any) -> bool:
    """Whether a schema says how much there may be."""
    if "enum" in schema or "const" in schema:
        return True
    match schema.get("type"):
        case "string":
            return bool(schema.keys() & {"maxLength", "pattern", "format"})
        case "integer" | "number":
            return {"minimum", "maximum"} <= schema.keys()
        case "array":
            return "maxItems" in schema
    return True


@pytest.mark.timeout(1600)
@pytest.mark.parametrize(
    # Each of them at one database: what differs between databases has its own tests.
    ("who", "database_url"),
    [("operator", "sqlite"), ("merchant", "postgresql")],
    indirect=["database_url"],
)
def test_schemathesis_finds_no_undocumented_answer_and_no_failure(
    who: str, database: str, settings: Settings, tmp_path: Path
) -> None:
    with db.transaction() as session:
        merchant = factories.merchant(session, posts_per_day=None)
        hook = factories.destination(
            session, merchant_id=merchant.id, settings={"url": "http://127.0.0.1:9/"}
        ).id
        merchant_id = merchant.id
    post = factories.post(merchant_id)
    fanout.fan_out(1)
    excluded = ["revokeKey"]  # it would revoke the key in use, and every later answer would be a 401
    said = SETTINGS + "".join(
        f'[[operations]]\ninclude-operation-id = "{name}"\n[operations.checks.positive_data_acceptance]\nenabled = false\n'
        for name in UNSAID
    )
    if who == "merchant":
        # The city's run guesses identifiers; this one knows what there is, so that work is done, not only refused.
        known = {"post_id": str(post.id), "destination_id": str(hook), "delivery_id": 1, "slug": "cafe"}
        lines = [f'"path.{name}" = {json.dumps(value)}' for name, value in known.items()]
        said = "\n".join(["[parameters]", *lines, said])
        excluded += ["withdrawPost", "deleteDestination"]
    request = KeyRequest(name="all", scopes=("operator",)) if who == "operator" else KeyRequest(name="all")
    key = api_keys.create(None if who == "operator" else merchant_id, request).text
    (tmp_path / "schemathesis.toml").write_text(said, encoding="utf-8")
    with served(settings) as address:
        found = subprocess.run(
            [
                str(SCHEMATHESIS), "run", f"{address}/api/v1/openapi.json", "--url", address,
                "-H", f"Authorization: Bearer {key}", "--max-examples", MOST,
                "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color",
                # More threads break Python 3.11's parser, which hypothesis uses to describe its strategies.
                "--workers", "1", "--generation-database", "none",
                *(argument for name in excluded for argument in ("--exclude-operation-id", name)),
            ],
            capture_output=True, text=True, timeout=1500, check=False, cwd=tmp_path,
        )  # fmt: skip
    print(found.stdout)
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
