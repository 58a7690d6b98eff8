"""How many requests an account may send: off by default, because Astria publishes no figures."""

import collections
import datetime as dt

from astria_async.sandbox.refusals import too_many
from astria_async.sandbox.world import World

_WINDOW = dt.timedelta(minutes=1)


class Limits:
    """
    Counts requests per account in a sliding minute of virtual time.

    Args:
        world: Whose settings and clock.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._times: dict[int, collections.deque[dt.datetime]] = {}

    def count(self, account_id: int) -> None:
        """
        Count one request.

        Raises:
            Refusal: 429, if there were too many; a refused request does not count.
        """
        limit = self._world.settings.rate_limit
        if limit is None:
            return
        now = self._world.now()
        times = self._times.setdefault(account_id, collections.deque())
        while times and times[0] <= now - _WINDOW:
            times.popleft()
        if len(times) >= limit:
            wait = (times[0] + _WINDOW - now).total_seconds() if times else 60.0
            raise too_many(wait if self._world.settings.retry_after else None)
        times.append(now)
