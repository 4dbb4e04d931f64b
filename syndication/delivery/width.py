"""How many connections to a mail server are worth it: more while that brings more, fewer when it asks for fewer."""

_FIRST = 2
#: Seconds over which throughput is measured.
_WINDOW = 0.5
#: By how much throughput must have grown for another step of the same kind.
_WORTH = 1.1
#: Seconds until the next try where growing brought nothing, and where the server asked for less.
_AGAIN, _AFTER_REFUSAL = 10.0, 30.0


class Width:
    """The number of connections to use now, at most `most`. `at` is in monotonic seconds. Pure but for its memory."""

    def __init__(self, most: int) -> None:
        self._most, self.now = most, min(_FIRST, most)
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
        if rate > self._best * _WORTH:
            self._best = rate
            self.now = min(self._most, self.now + max(1, self.now // 2))
        else:
            self._best, self._not_before = max(rate, self._best), at + _AGAIN
            self.now = min(self._most, self.now + 1)
        return self.now

    def refused(self, at: float) -> None:
        """The server asked for less, or did not take one more connection."""
        self.now = max(1, self.now // 2)
        self._best, self._not_before = 0.0, at + _AFTER_REFUSAL
