"""
The contract of a store as tests, for our four and for one of your own.

Subclass :class:`StoreConformance` in a module that pytest collects, and say how a store is made::

    class TestMine(StoreConformance):
        @pytest.fixture
        def make_store(self, tmp_path):
            return lambda clock: MyStore(tmp_path / "callbacks", clock=clock)

anyio's pytest plugin runs them on each loop that its ``anyio_backend`` fixture names.
"""

from astria_async.testing.store_callbacks import CallbackConformance
from astria_async.testing.store_fixtures import HandClock, MakeStore, opened
from astria_async.testing.store_leases import LeaseConformance
from astria_async.testing.store_lifetime import LifetimeConformance
from astria_async.testing.store_watching import WatchConformance

__all__ = ["HandClock", "MakeStore", "StoreConformance", "opened"]


class StoreConformance(
    CallbackConformance, LeaseConformance, WatchConformance, LifetimeConformance
):
    """
    Every rule of :class:`~astria_async.stores.Store`, a test for each.

    A subclass gives the fixture ``make_store``: a function of a clock. Each call gives another
    store over the same data, as another process would have it, and the data is new in each test. A
    store that is not durable has no others: there each call gives the same one.
    """
