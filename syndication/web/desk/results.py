"""What came of a merchant's posts, a month at a time."""

import re
from datetime import date, datetime, time, timedelta

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.config import settings
from syndication.infra import db
from syndication.infra.rendering import month_name
from syndication.insight import feed_audience, results
from syndication.publishing import merchants, posts
from syndication.web import signed_in
from syndication.web.desk.frame import desk_page
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}/results", dependencies=[Depends(signed_in.allowed)])
_MONTH = re.compile(r"(?P<year>20\d\d)-(?P<month>0[1-9]|1[0-2])")


@router.get("")
def month(request: Request, known: Visitor, slug: str, month: str = "") -> Response:
    """The posts of a month, this one where none is named that there was; and who follows the merchant's feeds."""
    own, zone = merchants.by_slug(slug), settings().zone
    today = clock.now().astimezone(zone).date()
    first = _first_day(month, today)
    following = (first + timedelta(days=31)).replace(day=1)
    since, until = (datetime.combine(day, time.min, zone) for day in (first, following))
    found = results.of_posts(own.id, since, until)
    with db.reading() as session:
        feeds = feed_audience.of_merchant(session, slug, first, following - timedelta(days=1))
    before = (first - timedelta(days=1)).replace(day=1)
    return desk_page(
        request,
        known,
        "results.html",
        merchant=own,
        name=month_name(first, known.language),
        lines=[(one, posts.read(one.post_id, merchant_id=own.id).content) for one in found],
        total=results.summed([one.echo for one in found]),
        people=sum(one.people for one in found),
        feeds=feeds,
        before=(f"{before:%Y-%m}", month_name(before, known.language)),
        after=(f"{following:%Y-%m}", month_name(following, known.language)) if following <= today else None,
    )


def _first_day(said: str, today: date) -> date:
    found = _MONTH.fullmatch(said)
    wanted = date(int(found["year"]), int(found["month"]), 1) if found else today
    return min(wanted, today).replace(day=1)
