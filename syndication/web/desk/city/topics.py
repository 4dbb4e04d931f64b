"""Topics in use: how many posts and readers each has; one is called otherwise, filed under another, or taken apart again."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.people import Account
from syndication.audience import topic_acts
from syndication.audience.topic_acts import TopicRow
from syndication.content.topics import name as topic_name
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra.reasons import translated_error
from syndication.web import signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city/topics", dependencies=[Depends(signed_in.allowed)])


@router.get("")
def listed(request: Request, known: Visitor, done: str = "", topic: str = "") -> Response:
    """All topics. `done` and `topic`: what was just done."""
    rows = topic_acts.listed()
    about = next((one for one in rows if one.slug == topic), None)
    done = done if about and done in ("renamed", "merged", "split") else ""
    return city_page(request, known, "topics.html", topics=rows, done=done, about=about)


@router.get("/{topic}")
def one(request: Request, known: Visitor, topic: str, into: str = "") -> Response:
    """One topic with its forms; with `into` what filing it there would come to. Raises NotFound."""
    return _page(request, known, topic, into=into)


@router.post("/{topic}")
def act(request: Request, known: Visitor, topic: str, form: Form) -> Response:
    """Do it; or the page again, with what is wrong. Raises NotFound."""
    name, into = form.get("name", ""), form.get("into", "")
    try:
        match form.get("act"):
            case "rename":
                return onward("/desk/city/topics", done="renamed", topic=topic_acts.rename(topic, name))
            case "merge":
                topic_acts.merge(topic, into)
                return onward("/desk/city/topics", done="merged", topic=into)
            case "split":
                topic_acts.split(topic)
                return onward("/desk/city/topics", done="split", topic=topic)
    except Invalid as error:
        faults = {one.field or "form": translated_error(one.message, known.language) for one in error.faults}
    except Conflict as error:
        faults = {"name": translated_error(str(error), known.language)}
    else:
        faults = {}
    return _page(request, known, topic, name=name, faults=faults)


def _page(
    request: Request,
    known: Account,
    slug: str,
    *,
    into: str = "",
    name: str | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    values: dict[str, Any] = {}
    rows: list[TopicRow] = []
    row: TopicRow | None = None
    if into:
        try:
            values["weighed"] = found = topic_acts.weigh(slug, into)
            row = found.first
        except Invalid as error:
            faults = {"into": translated_error(error.faults[0].message, known.language)}
    if row is None:
        rows = topic_acts.listed()
        row = next((one for one in rows if one.slug == slug), None)
    if row is None:
        raise NotFound("There is nothing at this address.")
    return city_page(
        request,
        known,
        "topic.html",
        status=422 if faults else 200,
        at=f"/desk/city/topics/{slug}",
        row=row,
        others=[(one.slug, one.name) for one in rows if one.slug != slug],
        also=[(one, topic_name(one, None)) for one in row.also],
        into=into,
        name=row.name if name is None else name,
        faults=faults or {},
        **values,
    )
