"""Whether a claimed delivery needs to go out at all, or which words tell the merchant why it does not. Pure."""

from syndication.channels.contract import Abilities
from syndication.channels.envelope import Envelope

NEVER_THERE = "{} never had this post, so there is nothing to take back."
_CANNOT_CHANGE = "{} cannot change what was posted. Please correct it there by hand."
_MERE_WORDING = "{} cannot change what was posted, and only the wording is new, so nothing more was posted."
_CANNOT_WITHDRAW = "{} cannot take back what was posted. Please delete it there by hand."
_DOUBTFUL = (
    "Nobody knows whether {} has the earlier version. Please look there; then send this again, or let it be."
)


def staying(envelope: Envelope, abilities: Abilities, label: str) -> tuple[str, str] | None:
    """The state and reason of a delivery that is not to be sent; None where it is.

    What an outlet never had is posted anew by a revision, and needs no withdrawal. Where it is not known whether an
    outlet has it, a channel that recognises its own repeats goes and looks; another asks a person.
    """
    if envelope.action == "published":
        return None
    has = envelope.shown is not None or envelope.reference is not None
    if not has and envelope.doubtful and not abilities.repeatable:
        return "unconfirmed", _DOUBTFUL.format(label)
    if not has and not envelope.doubtful and abilities.keeps_track and envelope.action == "withdrawn":
        return "dropped", NEVER_THERE.format(label)
    if envelope.action == "withdrawn":
        return None if abilities.withdraw else ("dropped", _CANNOT_WITHDRAW.format(label))
    if abilities.revise or (abilities.keeps_track and not has):
        return None
    if abilities.corrects:
        return None if envelope.changed else ("dropped", _MERE_WORDING.format(label))
    return "dropped", _CANNOT_CHANGE.format(label)
