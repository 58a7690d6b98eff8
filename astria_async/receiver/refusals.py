"""Bad requests in the log: some of them, and how many the others were."""

import logging

import attrs

from astria_async.clock import Clock
from astria_async.receiver.log import log_event

WINDOW = 60.0
_CLIENT = 64


@attrs.define(eq=False)
class Refusals:
    """
    Logs what was refused, at most *per_minute* lines a minute, however many a stranger sends.

    What was left out is counted, and the count is told by the first line of the next minute in
    which something is refused, or by :meth:`flush`.
    """

    clock: Clock
    per_minute: int = 10
    _since: float | None = None
    _lines: int = 0
    _hidden: int = 0

    def note(self, reason: str, *, client: str = "") -> None:
        """Log that *client* (an address) was refused for *reason*, or count it."""
        now = self.clock.monotonic()
        if self._since is None or now - self._since >= WINDOW:
            self._since, self._lines = now, 0
            self.flush()
        if self._lines >= self.per_minute:
            self._hidden += 1
            return
        self._lines += 1
        log_event(logging.WARNING, "callback.refused", reason=reason, client=client[:_CLIENT])

    def flush(self) -> None:
        """Tell the count of what was left out, if any was."""
        if self._hidden:
            log_event(logging.WARNING, "callback.refused.more", count=self._hidden)
            self._lines += 1
            self._hidden = 0
