"""The sandbox's dashboard: pages for people, beside the API for programs."""

from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.gate import Dashboard
from astria_async.sandbox.dashboard.paths import HOME

__all__ = ["HOME", "Dashboard", "Desk"]
