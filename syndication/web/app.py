"""The web app: every route of the service behind one set of limits, headers and problem documents."""

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import Lifespan, Receive, Scope, Send

from syndication import __version__
from syndication.audit import acting
from syndication.config import Settings
from syndication.publishing import views
from syndication.web import api, desk, feeds, headers, health, problems, rules, site
from syndication.web.api import readers, schema
from syndication.web.body_limits import BodyLimit
from syndication.web.same_site import SameSite
from syndication.web.site import layout

#: They are tried in this order, so what is asked most, by programs that poll, stands first. Read into one router once for
#: each process: looking at the parameters of so many functions takes longer than most pages.
_ALL = APIRouter()
for _router in (feeds.router, api.router, readers.router, health.router, site.router, desk.router):
    _ALL.include_router(_router)


class _App(FastAPI):
    """The app, around which every answer is completed: also those that are made outside of its middleware."""

    cfg: Settings
    rules: rules.Rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            send = headers.completed(self.cfg, scope, send)
            if scope["method"] == "HEAD":
                scope, send = {**scope, "method": "GET"}, headers.alone(send)
        with acting.entering("api" if scope.get("path", "").startswith(f"{api.PREFIX}/") else "page"):
            await super().__call__(scope, receive, send)


def create_app(cfg: Settings, *, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The app of the city in `cfg`. The process has already connected its database and named what wakes its workers.

    `lifespan` is entered when a server begins to serve, and left when it ends.
    """
    app = _App(
        title="Syndication API",
        summary="Post once, arrive everywhere.",
        version=__version__,
        openapi_url=f"{api.PREFIX}/openapi.json",
        # Their pages load scripts from elsewhere, which would tell others who reads them.
        docs_url=None,
        redoc_url=None,
        routes=list(_ALL.routes),
        lifespan=lifespan,
    )
    app.cfg = cfg
    app.rules = rules.of(app)
    refusal = problems.install(app, layout.trouble)
    app.add_middleware(BodyLimit, refusal=refusal)
    app.add_middleware(SameSite, base_url=cfg.base_url, refusal=refusal)
    app.openapi = lambda: _described(app, cfg)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _described(app: FastAPI, cfg: Settings) -> schema.Document:
    """The OpenAPI document, made once, under the name that the city has now."""
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
    known = app.openapi_schema
    return {**known, "info": {**known["info"], "title": f"Syndication API of {views.city(cfg).name}"}}
