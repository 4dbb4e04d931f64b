"""Rate limits, counted across all workers in the broker's Redis, or in the process where there is none."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from syndication import clock

_log = structlog.get_logger(__name__)
_PREFIX = "syndication:rate:"
#: A Redis that did not answer is left alone this long (seconds); meanwhile each process counts for itself.
_SULK = 30.0
#: Buckets one process keeps by itself before it looks for those that are full again.
_MANY = 10_000


@dataclass(frozen=True)
class Rate:
    """At most `count` in `seconds`; all of them may come at once (a token bucket that holds `count`)."""

    count: int
    seconds: float

    @property
    def interval(self) -> float:
        """Seconds in which one token grows."""
        return self.seconds / self.count


@dataclass(frozen=True)
class Bucket:
    """One rate of one account or host; `name` is the same in all workers."""

    name: str
    rate: Rate


# The generic cell rate algorithm: a bucket is one number, the moment at which it would be full again. Redis' own clock
# counts, so hosts need not agree on theirs. All buckets are looked at before any is drawn from.
_TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local longest = 0
local full = {}
local waits = {}
for index, key in ipairs(KEYS) do
  local interval, seconds = tonumber(ARGV[2 * index - 1]), tonumber(ARGV[2 * index])
  local at = math.max(tonumber(redis.call('GET', key) or '0'), now) + interval
  full[index] = at
  local wait = math.max(0, at - seconds - now)
  if wait <= 0.000001 then wait = 0 end
  waits[index] = tostring(wait)
  longest = math.max(longest, wait)
end
if longest > 0 then return waits end
for index, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.6f', full[index]), 'PX', math.ceil((full[index] - now) * 1000) + 1000)
end
return waits
"""


class Buckets:
    """Draws tokens. `url` is a Redis URL, or empty for this process alone. Safe in many threads."""

    def __init__(self, url: str = "", *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._url, self._monotonic = url, monotonic
        self._full: dict[str, float] = {}
        self._lock = threading.Lock()
        self._client: Redis | None = None
        self._sulks_until = 0.0
        self._many = _MANY

    def take(self, buckets: Sequence[Bucket]) -> float:
        """Draw one token from each and return 0, or draw none and return the seconds until that will be possible."""
        return max(self.draw(buckets), default=0.0)

    def draw(self, buckets: Sequence[Bucket]) -> list[float]:
        """The seconds until each has a token; where all have one, and all are 0, one is drawn from each, else none."""
        if not buckets:
            return []
        if self._url and self._monotonic() >= self._sulks_until:
            try:
                return self._shared(buckets)
            except (RedisError, OSError) as error:
                self._sulks_until = self._monotonic() + _SULK
                _log.warning("limits.redis_silent", error=type(error).__name__)
        return self._alone(buckets)

    def _shared(self, buckets: Sequence[Bucket]) -> list[float]:
        if self._client is None:
            self._client = Redis.from_url(self._url, socket_timeout=1, socket_connect_timeout=1)
        keys = [_PREFIX + bucket.name for bucket in buckets]
        numbers = [number for bucket in buckets for number in (bucket.rate.interval, bucket.rate.seconds)]
        answer: Any = self._client.eval(_TAKE, len(keys), *keys, *map(str, numbers))
        return [float(wait) for wait in answer]

    def _alone(self, buckets: Sequence[Bucket]) -> list[float]:
        now = self._monotonic()
        with self._lock:
            full = {
                bucket.name: max(self._full.get(bucket.name, 0.0), now) + bucket.rate.interval
                for bucket in buckets
            }
            waits = [full[bucket.name] - bucket.rate.seconds - now for bucket in buckets]
            if max(waits) > 1e-6:
                return [max(0.0, wait) for wait in waits]
            self._full.update(full)
            if len(self._full) > self._many:
                self._full = {name: at for name, at in self._full.items() if at > now}
                self._many = max(_MANY, 2 * len(self._full))
            return [0.0] * len(waits)


def redis_url(broker_url: str) -> str:
    """The broker's Redis as redis-py spells it; empty for a broker of another kind."""
    if broker_url.startswith("redis+socket://"):
        return "unix://" + broker_url.removeprefix("redis+socket://")
    return broker_url if broker_url.startswith(("redis://", "rediss://")) else ""
