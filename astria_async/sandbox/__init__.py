"""
A stateful emulator of the Astria API, for tests, demos and work without a network.

An island: it shares no model, encoder or rule with the client, so that two independent readings of
the API catch what one would miss.
"""

from astria_async.sandbox.clock import VirtualClock
from astria_async.sandbox.faults import CallbackFault, Faults, JobFault, RequestFault
from astria_async.sandbox.records import Delivery
from astria_async.sandbox.requests import RequestRecord
from astria_async.sandbox.sandbox import Sandbox
from astria_async.sandbox.settings import Settings
from astria_async.sandbox.state import StateError
from astria_async.sandbox.transport import SandboxTransport

__all__ = [
    "CallbackFault",
    "Delivery",
    "Faults",
    "JobFault",
    "RequestFault",
    "RequestRecord",
    "Sandbox",
    "SandboxTransport",
    "Settings",
    "StateError",
    "VirtualClock",
]
