"""
Receiving callbacks: what Astria calls.

:class:`Receiver` is the whole of it for most programs; the other names serve those that bring a
tunnel or a sender of probes of their own, or that tune how handlers are run.
"""

from astria_async.receiver.checking import Resolve, SendProbe
from astria_async.receiver.evidence import CheckResult, Fault, ProbeReply
from astria_async.receiver.handlers import Handler, HandlerLimits
from astria_async.receiver.receiver import Listening, Receiver
from astria_async.receiver.tunnel import NgrokTunnel, Tunnel

__all__ = [
    "CheckResult",
    "Fault",
    "Handler",
    "HandlerLimits",
    "Listening",
    "NgrokTunnel",
    "ProbeReply",
    "Receiver",
    "Resolve",
    "SendProbe",
    "Tunnel",
]
