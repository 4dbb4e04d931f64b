"""The HTTP API, version 1, for merchants, operators and other programs."""

from fastapi import APIRouter, Depends

from syndication.web.access import json_heard, json_spoken
from syndication.web.api import (
    channels,
    connections,
    deliveries,
    destinations,
    keys,
    log,
    merchants,
    pictures,
    posts,
    prices,
    series,
)
from syndication.web.api.pages import PREFIX

router = APIRouter(prefix=PREFIX)
for _part in (posts, series, prices, connections, destinations, deliveries, channels, merchants, keys, log):
    router.include_router(_part.router, dependencies=[Depends(json_spoken)])
router.include_router(pictures.router, dependencies=[Depends(json_heard)])

__all__ = ["PREFIX", "router"]
