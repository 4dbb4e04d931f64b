"""Outlets: those that people set up, and those that come with the city."""

from syndication.destinations.built_in import ensure_built_in
from syndication.destinations.owned import (
    MOST,
    create,
    delete,
    knocking,
    listed,
    of_the_city,
    pause,
    read,
    resume,
    rotate_secret,
    test,
    update,
)
from syndication.destinations.sealed import renew_secrets
from syndication.destinations.values import (
    DestinationAmendment,
    DestinationRecord,
    DestinationRequest,
    Revealed,
)

__all__ = [
    "MOST",
    "DestinationAmendment",
    "DestinationRecord",
    "DestinationRequest",
    "Revealed",
    "create",
    "delete",
    "ensure_built_in",
    "knocking",
    "listed",
    "of_the_city",
    "pause",
    "read",
    "renew_secrets",
    "resume",
    "rotate_secret",
    "test",
    "update",
]
