"""Tables and their invariants; no I/O."""

from syndication.models.base import Base
from syndication.models.dispatch import (
    Attempt,
    DeadLetter,
    Delivery,
    Edition,
    FeedDocument,
    Heartbeat,
    Lease,
    Tally,
)
from syndication.models.outlets import ConnectLink, Consent, Destination, InterestRow, Reader
from syndication.models.publishing import (
    ApiKey,
    Change,
    IdempotencyKey,
    Merchant,
    PictureUse,
    Post,
    PostTopic,
    Revision,
    StoredPicture,
)

__all__ = [
    "ApiKey",
    "Attempt",
    "Base",
    "Change",
    "ConnectLink",
    "Consent",
    "DeadLetter",
    "Delivery",
    "Destination",
    "Edition",
    "FeedDocument",
    "Heartbeat",
    "IdempotencyKey",
    "InterestRow",
    "Lease",
    "Merchant",
    "PictureUse",
    "Post",
    "PostTopic",
    "Reader",
    "Revision",
    "StoredPicture",
    "Tally",
]
