"""
Asyncio-native SDK for Astria, the fine-tuning service for images of people and products.

::

    async with receiver.serve(port=8080), Astria(receiver=receiver) as astria:
        tune = await astria.tunes.create(title="Ada", name="woman", images=photos)
        tune = await tune.wait_ready()
"""

from astria_async._version import __version__
from astria_async.client import Astria
from astria_async.clock import Clock, SystemClock
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import (
    APIError,
    AstriaError,
    AuthenticationError,
    BadRequest,
    BudgetExceeded,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    Deleted,
    DownloadFailed,
    GatewayTimeout,
    InvalidInput,
    JobFailed,
    NotFound,
    OutcomeUnknown,
    PaymentRequired,
    PermissionDenied,
    PromptFailed,
    RateLimited,
    ServerError,
    StoreUnavailable,
    TuneFailed,
    ValidationError,
    WaitTimeout,
)
from astria_async.protocol.models import Prompt, Status, Tune
from astria_async.protocol.options import NOT_GIVEN
from astria_async.protocol.paging import Pager
from astria_async.protocol.params import NewPrompt, NewTune
from astria_async.protocol.retry import RetryPolicy
from astria_async.receiver import Receiver
from astria_async.waiting import WaitPolicy

__all__ = [
    "NOT_GIVEN",
    "APIError",
    "Astria",
    "AstriaError",
    "AuthenticationError",
    "BadRequest",
    "BudgetExceeded",
    "Callback",
    "ClientClosed",
    "Clock",
    "ConfigurationError",
    "ConnectionFailed",
    "DecodeError",
    "Deleted",
    "DownloadFailed",
    "GatewayTimeout",
    "InvalidInput",
    "JobFailed",
    "NewPrompt",
    "NewTune",
    "NotFound",
    "OutcomeUnknown",
    "Pager",
    "PaymentRequired",
    "PermissionDenied",
    "Prompt",
    "PromptFailed",
    "RateLimited",
    "Receiver",
    "RetryPolicy",
    "ServerError",
    "Status",
    "StoreUnavailable",
    "SystemClock",
    "Tune",
    "TuneFailed",
    "ValidationError",
    "WaitPolicy",
    "WaitTimeout",
    "__version__",
]
