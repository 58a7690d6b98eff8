"""The only part that speaks HTTP: one request at a time, then with a gate, retries and uploads."""

from astria_async.transport.base import Download, Transport
from astria_async.transport.engine import HttpxTransport, client_over
from astria_async.transport.sender import Sender

__all__ = ["Download", "HttpxTransport", "Sender", "Transport", "client_over"]
