"""Builds the web process: `uvicorn syndication.asgi:create --factory`."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from syndication.config import settings
from syndication.delivery import restore_mark
from syndication.errors import Conflict
from syndication.infra import db, logs, private_files, wakeups
from syndication.ops import alerts
from syndication.ops.celery_wakeups import sender
from syndication.web.app import create_app

#: Seconds: nobody waits longer for a page. Workers have no such end, since what they do for many takes as long as it takes;
#: the time limits of their tasks end it.
_LONGEST_STATEMENT = 30.0


def create() -> FastAPI:
    """The app, connected to its database and with wake-ups through the broker."""
    private_files.process()
    cfg = settings()
    logs.configure(cfg.log_level, cfg.log_format)
    # Its lines would hold people's network addresses, and in paths the tokens of readers' links.
    logging.getLogger("uvicorn.access").disabled = True
    db.connect(cfg.resolved_database_url, pool_size=cfg.database_pool, statement_timeout=_LONGEST_STATEMENT)
    try:
        restore_mark.require_settled(cfg)
    except Conflict as error:
        raise SystemExit(f"syndication: {error}") from error  # a line, no traceback
    wakeups.use(sender(cfg))
    app = create_app(cfg, lifespan=_watched)
    # What stays for good is left out of every search for garbage, for which large pages would wait.
    gc.collect()
    gc.freeze()
    return app


@asynccontextmanager
async def _watched(app: FastAPI) -> AsyncIterator[None]:
    """What runs beside the answers, from the first to the last."""
    with alerts.watching(settings()):
        yield
