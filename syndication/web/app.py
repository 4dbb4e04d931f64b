"""The web app: every route of the service behind one set of limits, headers and problem documents."""

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from syndication import __version__
from syndication.config import Settings
from syndication.web import api, feeds, health, problems, readers_api, site
from syndication.web.api import schema
from syndication.web.bodies import ApiHeaders, BodyLimit
from syndication.web.site import frame

#: A router each; they are tried in this order, so the one that is asked most, by programs that poll, stands first.
ROUTERS = (feeds.router, api.router, readers_api.router, health.router, site.router)


def create_app(cfg: Settings) -> FastAPI:
    """The app of the city in `cfg`. The process has already connected its database and hung its bell."""
    app = FastAPI(
        title=f"Syndication API of {cfg.city_name}",
        summary="Post once, arrive everywhere.",
        version=__version__,
        openapi_url=f"{api.PREFIX}/openapi.json",
        # Their pages load scripts from elsewhere, which would tell others who reads them.
        docs_url=None,
        redoc_url=None,
    )
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app, frame.trouble)
    app.add_middleware(BodyLimit)
    app.add_middleware(ApiHeaders)
    app.openapi = lambda: _described(app, cfg)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _described(app: FastAPI, cfg: Settings) -> schema.Document:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        bare = get_openapi(
            title=app.title,
            summary=app.summary,
            version=app.version,
            description=schema.DESCRIPTION,
            routes=app.routes,
            servers=[{"url": cfg.base_url}],
            tags=schema.TAGS,
        )
        app.openapi_schema = schema.completed(bare)
    return app.openapi_schema
