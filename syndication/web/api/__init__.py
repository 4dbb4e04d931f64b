"""The HTTP API, version 1: what merchants, operators and other programs can do."""

from fastapi import APIRouter, Depends

from syndication.web.access import json_spoken
from syndication.web.api import channels, connections, deliveries, destinations, keys, merchants, posts
from syndication.web.api.pages import PREFIX

router = APIRouter(prefix=PREFIX, dependencies=[Depends(json_spoken)])
for _part in (posts, connections, destinations, deliveries, channels, merchants, keys):
    router.include_router(_part.router)

__all__ = ["PREFIX", "router"]
