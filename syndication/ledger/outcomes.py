"""Why a delivery was not sent although nothing failed."""

from syndication.content.reason import Reason

SUPERSEDED = Reason("It was replaced by a newer version before it was sent.")
WITHDRAWN = Reason("The post was withdrawn before this was sent.")
OVER = Reason("It was over before it could be sent, so it was not sent late.")
