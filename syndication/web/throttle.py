"""Rate limits for forms that strangers send, counted across all web processes.

Counted in the broker's Redis under names that tell nobody an address; docs/decisions/0010-sign-ups.md has the reasons.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

from syndication.config import settings
from syndication.errors import QuotaExceeded, Unavailable
from syndication.infra.rate_limits import Bucket, Buckets, Rate, redis_url
from syndication.infra.signing import veiled

_HOUR = 3600
_CROWDED = "Very many people sign up at the moment. Please try again in a minute."


@dataclass(frozen=True)
class City:
    """What all visitors together may do.

    A network's first visits within an hour (`first`) count against `newcomers`; what it sends beyond them counts against
    `others`. So whoever sends often uses up what those share who send often.
    """

    first: Rate
    newcomers: Rate
    others: Rate


@dataclass(frozen=True)
class Brake:
    """Lets so many visits through from one household, and from one network around it; says `sentence` to those beyond."""

    name: str
    household: Rate
    network: Rate
    sentence: str
    city: City | None = None

    def count(self, request: Request) -> None:
        """Count a visit. Raises QuotaExceeded where too many came from there, and Unavailable where too many came at all."""
        household, network = places(request.client.host if request.client else "")
        own = [
            self._bucket("household", household, self.household),
            self._bucket("network", network, self.network),
        ]
        buckets, city = _buckets(settings().resolved_broker_url), self.city
        if city is None:
            waits = buckets.draw(own)
        else:
            newcomer = self._bucket("first", network, city.first)
            waits = buckets.draw([*own, newcomer, self._bucket("newcomers", "", city.newcomers)])
            if any(waits):
                waits = buckets.draw([*own, self._bucket("others", "", city.others)])
        if any(waits[: len(own)]):
            raise QuotaExceeded(self.sentence, max(waits[: len(own)]))
        if any(waits):
            raise Unavailable(_CROWDED, max(waits))

    def _bucket(self, scope: str, place: str, rate: Rate) -> Bucket:
        return Bucket(_name(f"{self.name} {scope} {place} {rate.count}/{rate.seconds:g}"), rate)


SIGN_UPS = Brake(
    "sign-up",
    Rate(5, _HOUR),
    Rate(60, _HOUR),
    "There were too many sign-ups from here. Please try again in an hour.",
    City(first=Rate(3, _HOUR), newcomers=Rate(1000, 60), others=Rate(100, 60)),
)
#: As sign-ups, and fewer in all: a city has some hundred businesses.
APPLICATIONS = Brake(
    "application",
    Rate(5, _HOUR),
    Rate(30, _HOUR),
    "There were too many applications from here. Please try again in an hour.",
    City(first=Rate(3, _HOUR), newcomers=Rate(100, 60), others=Rate(10, 60)),
)
#: As applications; whoever reports several posts is not held up at once.
REPORTS = Brake(
    "report",
    Rate(10, _HOUR),
    Rate(60, _HOUR),
    "There were too many reports from here. Please try again in an hour.",
    City(first=Rate(3, _HOUR), newcomers=Rate(100, 60), others=Rate(20, 60)),
)
#: Counted before anything of a form with a file is read; a business mistypes something, and sends its file again.
PROOFS = Brake(
    "proof",
    Rate(15, _HOUR),
    Rate(90, _HOUR),
    APPLICATIONS.sentence,
)
#: More than sign-ups: whoever tries out what interests them saves a few times.
NOTICES = Brake(
    "notices",
    Rate(20, _HOUR),
    Rate(240, _HOUR),
    "Notices were changed too often from here. Please try again in an hour.",
)
#: Somebody who mistypes their address tries again; a household has several people.
SIGN_INS = Brake(
    "sign-in",
    Rate(10, _HOUR),
    Rate(120, _HOUR),
    "There were too many tries to sign in from here. Please try again in an hour.",
)
#: More than by mail: a browser asks each time that the page is used.
SIGN_INS_BY_DEVICE = Brake(
    "passkey",
    Rate(60, _HOUR),
    Rate(600, _HOUR),
    SIGN_INS.sentence,
)
#: Each try takes a turn at the database, and a device that is somebody's answers at once.
PASSKEYS = Brake(
    "passkey answer",
    Rate(30, _HOUR),
    Rate(300, _HOUR),
    SIGN_INS.sentence,
)
#: How often one form may be sent, by whoever: a typing error or two, and no more.
_PER_FORM = Rate(3, 24 * _HOUR)


def fresh(stamp: str) -> bool:
    """Count one use of a form's stamp; False where it was used up."""
    return not _buckets(settings().resolved_broker_url).take([Bucket(_name(f"stamp {stamp}"), _PER_FORM)])


def places(host: str) -> tuple[str, str]:
    """The household and the network of an address: IPv4 itself and its /24, IPv6 its /64 and its /48."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return host, host
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    household, network = (32, 24) if isinstance(address, IPv4Address) else (64, 48)
    number = int(address)  # without the zone of a link-local address
    plain = type(address)(number)
    return (
        str(ip_network((plain, household), strict=False)),
        str(ip_network((plain, network), strict=False)),
    )


def _name(text: str) -> str:
    return veiled(settings().keys[0], "brake", text)


@lru_cache(maxsize=4)
def _buckets(broker_url: str) -> Buckets:
    return Buckets(redis_url(broker_url))
