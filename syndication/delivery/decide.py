"""Decides whether a claimed delivery needs to be sent, and what the merchant is told if not. Pure."""

from syndication.channels.contract import Abilities
from syndication.channels.envelope import Envelope
from syndication.content.reason import Reason

NEVER_THERE = Reason("{} never had this post, so there is nothing to take back.")
CANNOT_CHANGE = Reason("{} cannot change what was posted. Please correct it there by hand.")
_MERE_WORDING = Reason(
    "{} cannot change what was posted, and only the wording is new, so nothing more was posted."
)
CANNOT_WITHDRAW = Reason("{} cannot take back what was posted. Please delete it there by hand.")
_DOUBTFUL = Reason(
    "Nobody knows whether {} has the earlier version. Please look there; then send this again, or let it be."
)


def skip_reason(envelope: Envelope, abilities: Abilities, label: str) -> tuple[str, Reason] | None:
    """The state and reason of a delivery that is not to be sent; None where it is.

    What an outlet never had is posted anew by a revision, and needs no withdrawal. Where it is not known whether an
    outlet has it, a channel that recognises its own repeats goes and looks; another asks a person.
    """
    if envelope.action == "published":
        return None
    has = envelope.shown is not None or envelope.reference is not None
    if not has and envelope.doubtful and not abilities.repeatable:
        return "unconfirmed", Reason(_DOUBTFUL, label)
    if not has and not envelope.doubtful and abilities.keeps_track and envelope.action == "withdrawn":
        return "dropped", Reason(NEVER_THERE, label)
    if envelope.action == "withdrawn":
        return None if abilities.withdraw else ("dropped", Reason(CANNOT_WITHDRAW, label))
    if abilities.revise or (abilities.keeps_track and not has):
        return None
    if abilities.corrects:
        return None if envelope.changed else ("dropped", Reason(_MERE_WORDING, label))
    return "dropped", Reason(CANNOT_CHANGE, label)
