"""Endpoints for monitoring: alive, ready, metrics."""

from collections.abc import Callable

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy.exc import SQLAlchemyError

from syndication import insight, migrations
from syndication.config import settings
from syndication.errors import SyndicationError, Unavailable
from syndication.infra import db
from syndication.ops import broker

router = APIRouter(include_in_schema=False)
_log = structlog.get_logger(__name__)
_NEVER_KEPT = {"cache-control": "no-store"}


@router.get("/healthz")
def alive() -> PlainTextResponse:
    """200 as long as this process answers at all; asks no other part."""
    return PlainTextResponse("ok\n", headers=_NEVER_KEPT)


@router.get("/readyz")
def ready() -> JSONResponse:
    """200 where database, tables and broker are there; else 503 that names the part, and the log has the cause."""
    parts = {name: _state(name, look) for name, look in _PARTS.items()}
    fine = all(state == "ok" for state in parts.values())
    return JSONResponse({"ready": fine, "parts": parts}, 200 if fine else 503, headers=_NEVER_KEPT)


@router.get("/metrics")
def metrics() -> Response:
    """The tables in figures, in the text format of Prometheus."""
    try:
        text = insight.exposition()
    except SQLAlchemyError as error:
        raise Unavailable("The database does not answer, so there is nothing to count.") from error
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4, headers=_NEVER_KEPT)


def _state(name: str, look: Callable[[], None]) -> str:
    # The cause may name hosts: it goes to the log, not to whoever asks.
    try:
        look()
    except _Old:
        return "not migrated"
    except (SyndicationError, SQLAlchemyError, OSError) as error:
        _log.warning("part.unavailable", part=name, reason=str(error))
        return "does not answer"
    return "ok"


class _Old(Exception):
    """The tables are not those of this version."""


def _migrated() -> None:
    if not migrations.at_head():
        raise _Old


_PARTS: dict[str, Callable[[], None]] = {
    "database": db.check,
    "migrations": _migrated,
    "broker": lambda: broker.check(settings().resolved_broker_url),
}
