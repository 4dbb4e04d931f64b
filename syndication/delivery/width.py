"""Decides how many connections to open to a mail server: more while throughput grows, fewer when it complains."""

_FIRST = 2
#: Seconds over which throughput is measured.
_WINDOW = 0.25
#: By how much throughput must have grown for another step of the same kind.
_WORTH = 1.1
#: While it doubles: by how much for each connection that came, as a share of what each brought before.
_WORTH_EACH = 0.1
#: At the start: how many windows a new connection has until its mails must show in the throughput.
_LAG = 2
#: Seconds until the next try where growing brought nothing, and where the server asked for less.
_AGAIN, _AFTER_REFUSAL = 10.0, 30.0


class Width:
    """The number of connections to use now, at most `most`. `at` is in monotonic seconds. Pure but for its memory.

    It doubles at the start, as TCP does, until twice as many bring no more; from then on it feels its way.
    """

    def __init__(self, most: int) -> None:
        self._most, self.now = most, min(_FIRST, most)
        #: Width and throughput of the windows so far, while it doubles; None afterwards.
        self._start: list[tuple[int, float]] | None = []
        self._best = 0.0
        self._since, self._sent = 0.0, 0
        self._not_before = 0.0

    def look(self, sent: int, busy: int, at: float) -> int:
        """How many to use from now on, when `sent` mails have gone out in all and `busy` connections are in use."""
        if self._since == 0.0 or sent < self._sent:
            self._since, self._sent = at, sent
        if at - self._since < _WINDOW:
            return self.now
        rate = (sent - self._sent) / (at - self._since)
        self._since, self._sent = at, sent
        if busy < self.now or at < self._not_before:  # it does not tell what another connection would bring
            return self.now
        if self._start is not None:
            self.now = self._double(self._start, rate, at)
        elif rate > self._best * _WORTH:
            self._best = rate
            self.now = min(self._most, self.now + max(1, self.now // 2))
        else:
            self._best, self._not_before = max(rate, self._best), at + _AGAIN
            self.now = min(self._most, self.now + 1)
        return self.now

    def _double(self, past: list[tuple[int, float]], rate: float, at: float) -> int:
        if rate == 0.0:  # the first mail is still on its way
            return self.now
        past.append((self.now, rate))
        del past[: -1 - _LAG]
        if len(past) <= _LAG:
            return min(self._most, 2 * self.now)
        then, brought = past[-1 - _LAG]
        if rate >= brought * (1 + _WORTH_EACH * (self.now / then - 1)):
            return min(self._most, 2 * self.now)
        self._start, self._best, self._not_before = None, rate, at + _AGAIN
        return then  # as many as brought the same

    def refused(self, at: float) -> None:
        """The server asked for less, or did not take one more connection."""
        self.now = max(1, self.now // 2)
        self._start, self._best, self._not_before = None, 0.0, at + _AFTER_REFUSAL
