"""Lets in whoever is signed in and may do what a route is for, and sends everybody else to where they can sign in."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import sessions
from syndication.accounts.people import Account
from syndication.audit import acting
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import Forbidden, NotFound
from syndication.infra.languages import LANGUAGES
from syndication.web.language import asked
from syndication.web.rules import Rule

#: The prefix binds it to this very host (RFC 6265bis section 4.1.3.2); browsers take it over https only.
_COOKIE, _BOUND_COOKIE = "session", "__Host-session"
#: The language in which somebody reads their pages in this browser, until it is closed.
_LANGUAGE = "lang"
_FORM_TOKEN, _FORM_HEADER = "token", "x-form-token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
#: A form of ours has far fewer fields, none longer (bytes), and no more pictures than a post.
MOST_FIELDS, _MOST_TEXT, MOST_FILES = 200, 200_000, 10
_ELSEWHERE = Reason(
    "This page was open for too long, or was sent from elsewhere. Nothing was done; please try once more."
)
_NOT_YOURS = Reason("There is nothing at this address.")
NOT_IN_THEIR_NAME = Reason(
    "Who belongs to a business, its keys and the accesses to its outlets are its own affair: nobody changes them in its name."
)
_NOT_ALLOWED = Reason("You may look at this, but not change it. Please ask somebody who may.")


class SignInFirst(HTTPException):
    """Nobody is signed in: the way leads to the sign-in page, and from there back to a page that was asked for."""

    def __init__(self, request: Request) -> None:
        back = f"?to={quote(request.url.path)}" if request.method in ("GET", "HEAD") else ""
        super().__init__(303, headers={"Location": f"/sign-in{back}"})


def _somebody(request: Request) -> Account:
    """Whoever is signed in, where the table of rules lets them: known before anything of a body is read."""
    known = visitor(request)
    if known is None:
        raise SignInFirst(request)
    # What is put together for a page speaks as its frame does.
    known = replace(known, language=asked(request) or _read_in(request) or known.language)
    request.state.visitor = known  # for the page that says that something did not work
    rule: Rule = request.app.rules[request.scope["endpoint"]]
    slug = request.path_params.get("slug", "") if rule.merchant else ""
    behalf = known.acting.name if known.acting and known.acts_for(slug) else ""
    acting.become(f"person {known.person_id}", known.name, behalf)
    _hold(rule, known, slug)
    return known


async def _form_token(request: Request, _known: Annotated[Account, Depends(_somebody)]) -> str:
    """What came with a form, or with a call of a page's script."""
    if request.headers.get("content-type", "").startswith(_FORMS):
        form = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=_MOST_TEXT)
        return str(form.get(_FORM_TOKEN, ""))
    return request.headers.get(_FORM_HEADER, "")


def allowed(
    request: Request,
    known: Annotated[Account, Depends(_somebody)],
    token: Annotated[str, Depends(_form_token)],
) -> Account:
    """A dependency: whoever is signed in, where the table of rules lets them. Raises SignInFirst, NotFound and Forbidden."""
    if request.method not in ("GET", "HEAD") and not sessions.is_form_token(known, token):
        raise Forbidden(_ELSEWHERE)
    return known


Visitor = Annotated[Account, Depends(allowed)]


def brings_session(headers: Headers) -> bool:
    """Whether a request looks as if somebody signed in sent it; whether that is so costs a look into the database."""
    return f"{_COOKIE}=" in headers.get("cookie", "")


def already_let_in(request: Request) -> Account | None:
    """Who is signed in, where the way to the route has found out; nobody is looked up."""
    found: Account | None = getattr(request.state, "visitor", None)
    return found


def visitor(request: Request) -> Account | None:
    """Who is signed in; None where nobody is."""
    return sessions.account(request.cookies.get(_cookie(), ""))


def keep(answer: Response, secret: str) -> Response:
    """The answer, with which the browser keeps a session."""
    answer.set_cookie(
        _cookie(), secret, max_age=int(sessions.LASTS.total_seconds()), path="/", secure=_over_https(),
        httponly=True, samesite="lax",
    )  # fmt: skip
    return answer


def forget(answer: Response) -> Response:
    """The answer, with which the browser forgets its session."""
    answer.delete_cookie(_cookie(), path="/", secure=_over_https(), httponly=True, samesite="lax")
    return forget_language(answer)


def read_on(request: Request, answer: Response) -> Response:
    """The answer, with which the browser shows the next pages in the language that was asked for in this one, too."""
    if language := asked(request):
        answer.set_cookie(
            _LANGUAGE, language, path="/desk", secure=_over_https(), httponly=True, samesite="lax"
        )
    return answer


def forget_language(answer: Response) -> Response:
    """The answer, with which pages are in the language again that a person has chosen for good."""
    answer.delete_cookie(_LANGUAGE, path="/desk", secure=_over_https(), httponly=True, samesite="lax")
    return answer


def _read_in(request: Request) -> str:
    language = request.cookies.get(_LANGUAGE, "")
    return language if language in LANGUAGES else ""


def _hold(rule: Rule, known: Account, slug: str) -> None:
    """Raise where the rule does not let somebody: NotFound where they may not even look, else Forbidden."""
    assert rule.needs == "a session"
    if rule.city and not known.may(rule.city):
        raise Forbidden(_NOT_ALLOWED) if known.role else NotFound(_NOT_YOURS)
    if rule.merchant and not known.may_for(slug, rule.merchant):
        raise Forbidden(_NOT_ALLOWED) if known.may_for(slug, "member") else NotFound(_NOT_YOURS)
    if rule.theirs and known.acts_for(slug):
        raise Forbidden(NOT_IN_THEIR_NAME)


def _over_https() -> bool:
    return settings().base_url.startswith("https:")


def _cookie() -> str:
    return _BOUND_COOKIE if _over_https() else _COOKIE
