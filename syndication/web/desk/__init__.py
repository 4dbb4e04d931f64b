"""Pages for people who sign in: merchants at their desk, and the town hall."""

from fastapi import APIRouter

from syndication.web.desk import (
    account,
    acts,
    applications,
    business,
    check,
    city,
    city_posts,
    editions,
    files,
    keys,
    log,
    outlet,
    outlets,
    posts,
    reader_imports,
    readers,
    reports,
    results,
    sign_in,
    team,
    weekly,
    write,
)

router = APIRouter(include_in_schema=False)
for _part in (
    sign_in,
    account,
    posts,
    results,
    write,
    check,
    acts,
    weekly,
    files,
    outlets,
    outlet,
    keys,
    team,
    business,
    applications,
    city,
    city_posts,
    editions,
    log,
    reader_imports,
    readers,
    reports,
):
    router.include_router(_part.router)

__all__ = ["router"]
