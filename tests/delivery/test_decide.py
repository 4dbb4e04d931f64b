"""What is not sent, and what the merchant reads instead."""

from dataclasses import replace
from typing import Any

import pytest

from syndication.channels.contract import Abilities
from syndication.channels.settings import Settings
from syndication.delivery.decide import skip_reason
from tests.channels.samples import content, envelope

EDITS = Abilities(revise=True, withdraw=True, repeatable=True, keeps_track=True)
EDITS_UNSURE = replace(EDITS, repeatable=False)
CORRECTS = Abilities(revise=False, withdraw=False, repeatable=False, keeps_track=True, corrects=True)
CANNOT = replace(CORRECTS, corrects=False)
TOLD = Abilities(revise=True, withdraw=True, repeatable=True)  # as a webhook is


def skipped(abilities: Abilities, action: str, **changes: Any) -> tuple[str, str] | None:
    return skip_reason(replace(envelope(Settings(), action), **changes), abilities, "Chat")


THERE = {"shown": content(), "reference": "r1"}
WORDING = {"shown": content(summary="anders")}
MOVED = {"shown": content(place=None)}


@pytest.mark.parametrize("abilities", [EDITS, EDITS_UNSURE, CORRECTS, CANNOT, TOLD])
def test_a_first_version_always_goes_out(abilities: Abilities) -> None:
    assert skipped(abilities, "published") is None
    assert skipped(abilities, "published", doubtful=True) is None


@pytest.mark.parametrize("abilities", [EDITS, CORRECTS, CANNOT])
def test_a_revision_of_what_never_came_is_posted_anew(abilities: Abilities) -> None:
    assert skipped(abilities, "revised") is None


def test_what_can_be_edited_or_deleted_is() -> None:
    assert skipped(EDITS, "revised", **THERE) is None
    assert skipped(EDITS, "withdrawn", **THERE) is None
    assert skipped(TOLD, "withdrawn") is None, "a webhook is told whatever it had"


def test_what_cannot_be_edited_is_corrected_where_it_matters() -> None:
    assert skipped(CORRECTS, "revised", **MOVED) is None
    state, reason = skipped(CORRECTS, "revised", **WORDING) or ("", "")
    assert (state, "only the wording" in reason) == ("dropped", True)


def test_what_a_network_cannot_do_is_said() -> None:
    assert skipped(CANNOT, "revised", **MOVED) == (
        "dropped",
        "Chat cannot change what was posted. Please correct it there by hand.",
    )
    assert skipped(CORRECTS, "withdrawn", **THERE) == (
        "dropped",
        "Chat cannot take back what was posted. Please delete it there by hand.",
    )


def test_a_withdrawal_of_what_never_came_is_not_sent() -> None:
    state, reason = skipped(EDITS, "withdrawn") or ("", "")
    assert (state, "never had" in reason) == ("dropped", True)


@pytest.mark.parametrize("action", ["revised", "withdrawn"])
def test_where_nobody_knows_a_channel_looks_or_a_person_does(action: str) -> None:
    assert skipped(EDITS, action, doubtful=True) is None
    state, reason = skipped(EDITS_UNSURE, action, doubtful=True) or ("", "")
    assert (state, "Please look there" in reason) == ("unconfirmed", True)
