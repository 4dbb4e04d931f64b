"""Lists the channels: what each can express, and which settings its destinations need."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from syndication.channels import CHANNELS
from syndication.channels.contract import Abilities, Channel
from syndication.web.access import Known
from syndication.web.api.pages import Answer

router = APIRouter(prefix="/channels", tags=["channels"])


class AbilitiesAnswer(Answer):
    """What a channel can express."""

    revise: bool
    withdraw: bool
    repeatable: bool = Field(description="A repeated delivery does no harm: the outlet recognises it.")
    images: bool
    needs_picture: bool = Field(description="A post without a picture is not taken.")
    length: int | None = Field(description="Longest text in the outlet's own counting; null: no limit.")
    keeps_track: bool = Field(description="What is done depends on what stands there already.")
    corrects: bool = Field(
        description="Where it cannot edit, a correction is posted when the change matters."
    )
    finds: bool = Field(description="What may have arrived without our knowing is looked for there.")


class ChannelAnswer(Answer):
    """One kind of outlet."""

    kind: str
    label: str
    serves: Literal["destinations", "readers"]
    configurable: bool = Field(
        description="Whether destinations of it can be created; others come with the city."
    )
    connects: bool = Field(description="Its owner may give access on a page: POST /destinations/connect.")
    abilities: AbilitiesAnswer
    settings: dict[str, Any] = Field(description="JSON Schema of a destination's `settings`.")


class ChannelList(Answer):
    """All channels."""

    data: list[ChannelAnswer]


@router.get("", operation_id="listChannels")
def list_channels(_caller: Known) -> ChannelList:
    """All channels that are installed here."""
    return ChannelList(data=[_shown(channel) for channel in CHANNELS])


def _shown(channel: Channel[Any, Any]) -> ChannelAnswer:
    abilities: Abilities = channel.abilities
    return ChannelAnswer(
        kind=channel.kind,
        label=channel.label,
        serves=channel.serves,
        configurable=channel.configurable,
        connects=channel.connector is not None or bool(channel.typed),
        abilities=AbilitiesAnswer.model_validate(abilities),
        settings=channel.settings.model_json_schema(),
    )
