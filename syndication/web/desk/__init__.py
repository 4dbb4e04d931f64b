"""Pages for people who sign in: merchants at their desk, and the town hall."""

from fastapi import APIRouter

from syndication.web.desk import (
    account,
    acts,
    applications,
    business,
    check,
    editions,
    keys,
    outlet,
    outlets,
    posts,
    reader_imports,
    readers,
    sign_in,
    team,
    write,
)

router = APIRouter(include_in_schema=False)
for _part in (
    sign_in,
    account,
    posts,
    write,
    check,
    acts,
    outlets,
    outlet,
    keys,
    team,
    business,
    applications,
    editions,
    reader_imports,
    readers,
):
    router.include_router(_part.router)

__all__ = ["router"]
