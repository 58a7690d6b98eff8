"""
Where callbacks are kept until someone has read them.

Four stores keep to one contract, :class:`Store`, and so may one of your own: subclass
``astria_async.testing.stores.StoreConformance`` to find out whether it does.
"""

from astria_async.stores.base import MISSED, Expectation, Record, State, Store
from astria_async.stores.choosing import open_store
from astria_async.stores.memory import MemoryStore

__all__ = ["MISSED", "Expectation", "MemoryStore", "Record", "State", "Store", "open_store"]
