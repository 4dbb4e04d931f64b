"""Stamps of forms that strangers fill in: they tell robots from people, and count how often one form is sent."""

import secrets
from collections.abc import Mapping

from syndication import clock
from syndication.config import settings
from syndication.infra.signing import Tokens
from syndication.web import throttle
from syndication.web.site.choices import Typed

#: Nobody fills in a form faster (seconds), and nobody leaves it open longer.
_FASTEST, _SLOWEST = 2, 24 * 3600
OLD = "This form was open for too long, or was sent before. Please send it once more."


def new() -> str:
    """A stamp for a form's field `stamp`. Its random part makes each form another one, so that its uses can be counted."""
    return _stamps().make([int(clock.now().timestamp()), secrets.token_urlsafe(9)])


def by_a_robot(form: Typed) -> bool:
    """Whether no person sent a form: a field that people do not see holds something, or it was sent within two seconds."""
    made = _made(form)
    return bool(form.text("website")) or made is None or clock.now().timestamp() - made < _FASTEST


def used_up(form: Typed, faults: Mapping[str, str]) -> bool:
    """Whether a form was open for too long, or was sent too often; one with `faults` is not counted."""
    made = _made(form) or 0
    return clock.now().timestamp() - made > _SLOWEST or (
        not faults and not throttle.fresh(form.text("stamp"))
    )


def _stamps() -> Tokens:
    return Tokens(settings().keys, "form")


def _made(form: Typed) -> int | None:
    """When a form was made (seconds of Unix time); None for what is no stamp of ours."""
    match _stamps().read(form.text("stamp")):
        case [int(moment), str()]:
            return moment
        case _:
            return None
