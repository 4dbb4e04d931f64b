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
    Outage,
    Tally,
)
from syndication.models.outlets import ConnectLink, Consent, Destination, InterestRow, Reader, SignUp
from syndication.models.publishing import (
    ApiKey,
    Change,
    IdempotencyKey,
    Merchant,
    PictureUse,
    PictureWant,
    Post,
    PostTopic,
    PreparedPicture,
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
    "Outage",
    "PictureUse",
    "PictureWant",
    "Post",
    "PostTopic",
    "PreparedPicture",
    "Reader",
    "Revision",
    "SignUp",
    "StoredPicture",
    "Tally",
]
