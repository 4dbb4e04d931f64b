"""Puts acts on many deliveries into words, and the filters that say which."""

from typing import Any

from syndication import insight
from syndication.content.reason import Reason
from syndication.errors import NotFound
from syndication.infra.reasons import translated_reason
from syndication.ledger.bulk import Act, ActRecord
from syndication.ledger.selection import Selection
from syndication.publishing import merchants
from syndication.web.desk.city.names import network
from syndication.web.desk.posts import STATES

#: What an act is called on its button.
ACTS: dict[Act, Reason] = {
    "retry": Reason("Try now"),
    "replay": Reason("Send again"),
    "there": Reason("Mark as arrived"),
    "drop": Reason("Set aside"),
}
#: What it does, before somebody does it.
MEANS: dict[Act, Reason] = {
    "retry": Reason(
        "What waits for its next try is tried now. An outlet that still fails lets one through and goes on if that arrives; "
        "quiet hours and what a network allows are kept."
    ),
    "replay": Reason(
        "It goes out again, in the order in which it was made, and under the name by which its receiver recognises a repeat. "
        "What is over by now is left alone."
    ),
    "there": Reason("Somebody looked, and it is there. Nothing is sent."),
    "drop": Reason(
        "Nothing is sent any more. It stays in the list, as left out, and can be sent again later."
    ),
}
_STANDS = {
    "running": Reason("is being done"),
    "stopped": Reason("was stopped"),
    "done": Reason("is done"),
}


def shown_act(one: ActRecord, language: str) -> dict[str, Any]:
    """What the templates show of an act."""
    return {
        "id": one.id,
        "label": translated_reason(ACTS[one.act], language),
        "state": one.state,
        "stands": translated_reason(_STANDS[one.state], language),
        "look": {"running": "waits", "stopped": "off", "done": "sent"}[one.state],
        "by": one.by,
        "total": one.total,
        "done": one.done,
        "asked_at": one.asked_at,
        "ended_at": one.ended_at,
        "meant": meant(one.selection, language),
    }


def meant(wanted: Selection, language: str) -> list[str]:
    """A filter in words, part by part."""
    said = [", ".join(translated_reason(STATES[one], language) for one in wanted.states if one in STATES)]
    if wanted.channel:
        said.append(network(wanted.channel))
    if wanted.destination_id:
        try:
            said.append(insight.destination(wanted.destination_id).name)
        except NotFound:
            said.append(translated_reason(Reason("an outlet that is gone"), language))
    if wanted.merchant_id:
        said.append(merchants.read(wanted.merchant_id).name)
    if wanted.cause:
        said.append(translated_reason(Reason("of one cause"), language))
    if wanted.since:
        said.append(translated_reason(Reason("not older than {}", f"{wanted.since:%Y-%m-%d}"), language))
    return [one for one in said if one]
