"""The only part that speaks HTTP: one request at a time, then with a gate, retries and uploads."""

from astria_async.transport.base import Download, Transport
from astria_async.transport.choosing import open_transport
from astria_async.transport.httpx_engine import client_over
from astria_async.transport.sender import Sender

__all__ = ["Download", "Sender", "Transport", "client_over", "open_transport"]
