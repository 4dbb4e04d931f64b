"""The frame of all pages of the desk: in the person's language, with the way to their other pages."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.accounts import sessions
from syndication.accounts.people import Account
from syndication.insight.to_do import ToDo, to_do
from syndication.publishing import merchants
from syndication.web import signed_in
from syndication.web.site import links
from syndication.web.site.layout import page


def desk_page(request: Request, known: Account, template: str, *, at: str = "", **values: Any) -> Response:
    """A page for whoever is signed in; each form in it holds `token`. `at`: where it stands, if not where it was asked for."""
    if "to_do" not in values:
        values["to_do"] = to_do_of(known)
    answer = page(
        request,
        f"desk/{template}",
        private=True,
        language=known.language,
        at=at or request.url.path,
        known=known,
        path=request.url.path,
        merchants=[merchants.by_slug(slug) for slug in _slugs(known)],
        token=sessions.form_token(known),
        **values,
    )
    return signed_in.read_on(request, answer)


def to_do_of(known: Account) -> ToDo:
    """What waits for somebody in the town hall, as far as this person is shown it."""
    if known.role is None:
        return ToDo()
    found = to_do()
    return found if known.role == "operator" else ToDo(alerts=found.alerts, messages=found.messages)


def _slugs(known: Account) -> list[str]:
    """The merchants whose pages somebody may open; first the one in whose name they act."""
    acting = [known.acting.slug] if known.acting else []
    return [*acting, *(slug for slug in known.merchants if slug not in acting)]


def onward(path: str, *segments: str, **query: str) -> Response:
    """After a form was taken: the page that shows what became of it, which can be loaded again."""
    return RedirectResponse(links.to(path, *segments, **query), 303)
