"""The page that turns notices on a reader's device on and off, and the calls of its script.

No key and no token: a device's endpoint is the secret. A JSON body from another site would need our leave (CORS), which
nobody gets, so only our own page can ask.
"""

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from syndication.destinations import devices
from syndication.destinations.devices import DeviceAddress, DeviceRequest
from syndication.errors import NotFound
from syndication.kinds.reading import KindName
from syndication.publishing import topics
from syndication.web import throttle
from syndication.web.access import json_spoken
from syndication.web.site import choices
from syndication.web.site.layout import page

router = APIRouter(prefix="/notices")
_JSON = [Depends(json_spoken)]


class StateAnswer(BaseModel):
    """Whether a device gets notices, and what interests its owner."""

    on: bool
    kinds: tuple[KindName, ...]
    topics: tuple[str, ...]


@router.get("")
def ask(request: Request) -> Response:
    """The page with its ticks and its button. Raises NotFound where the city has no key for notices."""
    key = devices.public_key()
    if not key:
        raise NotFound("There is nothing at this address.")
    return page(
        request,
        "notices.html",
        scripted=True,
        key=key,
        topics=topics.known(),
        chosen=choices.NOTHING,
    )


@router.post("", status_code=204, dependencies=_JSON)
def turn_on(request: Request, wanted: DeviceRequest) -> None:
    """Notices for this device from now on, or another choice for them."""
    throttle.NOTICES.count(request)
    devices.turn_on(wanted)


@router.post("/state", dependencies=_JSON)
def state(device: DeviceAddress) -> StateAnswer:
    """Whether they are on."""
    found = devices.state(device)
    return StateAnswer(on=found.on, kinds=found.interest.kinds, topics=found.interest.topics)


@router.post("/off", status_code=204, dependencies=_JSON)
def turn_off(device: DeviceAddress) -> None:
    """No more of them. Nothing holds up whoever wants this."""
    devices.turn_off(device)
