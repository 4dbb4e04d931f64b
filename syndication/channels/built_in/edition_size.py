"""How much of an edition a mail holds: programs clip long ones, and with their end the way out (Gmail behind 102 kB)."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

#: Octets of a mail at most, as it goes over the wire. Of them what stands for one reader alone, and second dots, take some.
MOST = 100_000
_OWN = 3_000
#: From this many posts on each gets a line or two.
_BRIEF_FROM = 30
#: Shorter than this no post is, so that no more of them need be tried.
_LEAST = 400


@dataclass(frozen=True)
class Length:
    """How many posts an edition tells, the first ones, and whether it tells them briefly: without their texts."""

    told: int
    brief: bool


def fitting(posts: int, octets: Callable[[Length], int]) -> Length:
    """The most that fits of so many `posts`, where `octets` says how long an edition of a Length is.

    The texts go first, then the posts at the end.
    """
    whole = Length(posts, brief=posts > _BRIEF_FROM)
    if posts * _LEAST <= MOST and octets(whole) <= MOST - _OWN:
        return whole

    @cache
    def brief(told: int) -> int:
        return octets(Length(told, brief=True))

    few = min(posts, MOST // _LEAST)
    return Length(bisect_right(range(1, few + 1), MOST - _OWN, key=brief), brief=True)
