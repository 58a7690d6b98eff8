"""
Asyncio-native SDK for Astria, the fine-tuning service for images of people and products.

::

    async with receiver.serve(port=8080), Astria(receiver=receiver) as astria:
        tune = await astria.tunes.create(title="Ada", name="woman", images=photos)
        tune = await tune.wait_ready()
"""

import importlib
import logging
import typing

from astria_async._version import __version__

if typing.TYPE_CHECKING:
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
        PackFailed,
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
    from astria_async.protocol.models import (
        Catalog,
        Inspection,
        Pack,
        Prompt,
        Status,
        Tune,
        User,
        Workspace,
    )
    from astria_async.protocol.options import NOT_GIVEN
    from astria_async.protocol.paging import Pager
    from astria_async.protocol.params import NewPrompt, NewTune
    from astria_async.protocol.retry import RetryPolicy
    from astria_async.receiver import Receiver
    from astria_async.resources import Draft, Finding, PackRun
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
    "Catalog",
    "ClientClosed",
    "Clock",
    "ConfigurationError",
    "ConnectionFailed",
    "DecodeError",
    "Deleted",
    "DownloadFailed",
    "Draft",
    "Finding",
    "GatewayTimeout",
    "Inspection",
    "InvalidInput",
    "JobFailed",
    "NewPrompt",
    "NewTune",
    "NotFound",
    "OutcomeUnknown",
    "Pack",
    "PackFailed",
    "PackRun",
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
    "User",
    "ValidationError",
    "WaitPolicy",
    "WaitTimeout",
    "Workspace",
    "__version__",
]

_HOMES = {
    "Astria": "astria_async.client",
    "Clock": "astria_async.clock",
    "SystemClock": "astria_async.clock",
    "Callback": "astria_async.protocol.callbacks",
    "APIError": "astria_async.protocol.errors",
    "AstriaError": "astria_async.protocol.errors",
    "AuthenticationError": "astria_async.protocol.errors",
    "BadRequest": "astria_async.protocol.errors",
    "BudgetExceeded": "astria_async.protocol.errors",
    "ClientClosed": "astria_async.protocol.errors",
    "ConfigurationError": "astria_async.protocol.errors",
    "ConnectionFailed": "astria_async.protocol.errors",
    "DecodeError": "astria_async.protocol.errors",
    "Deleted": "astria_async.protocol.errors",
    "DownloadFailed": "astria_async.protocol.errors",
    "GatewayTimeout": "astria_async.protocol.errors",
    "InvalidInput": "astria_async.protocol.errors",
    "JobFailed": "astria_async.protocol.errors",
    "NotFound": "astria_async.protocol.errors",
    "OutcomeUnknown": "astria_async.protocol.errors",
    "PackFailed": "astria_async.protocol.errors",
    "PaymentRequired": "astria_async.protocol.errors",
    "PermissionDenied": "astria_async.protocol.errors",
    "PromptFailed": "astria_async.protocol.errors",
    "RateLimited": "astria_async.protocol.errors",
    "ServerError": "astria_async.protocol.errors",
    "StoreUnavailable": "astria_async.protocol.errors",
    "TuneFailed": "astria_async.protocol.errors",
    "ValidationError": "astria_async.protocol.errors",
    "WaitTimeout": "astria_async.protocol.errors",
    "Catalog": "astria_async.protocol.models",
    "Inspection": "astria_async.protocol.models",
    "Pack": "astria_async.protocol.models",
    "Prompt": "astria_async.protocol.models",
    "Status": "astria_async.protocol.models",
    "Tune": "astria_async.protocol.models",
    "User": "astria_async.protocol.models",
    "Workspace": "astria_async.protocol.models",
    "NOT_GIVEN": "astria_async.protocol.options",
    "Pager": "astria_async.protocol.paging",
    "NewPrompt": "astria_async.protocol.params",
    "NewTune": "astria_async.protocol.params",
    "RetryPolicy": "astria_async.protocol.retry",
    "Receiver": "astria_async.receiver",
    "Draft": "astria_async.resources",
    "Finding": "astria_async.resources",
    "PackRun": "astria_async.resources",
    "WaitPolicy": "astria_async.waiting",
}
"""
Where each name is. It is imported when it is asked for, so that what needs a part of this package,
such as the command line's help, does not wait for all of it.
"""

# Libraries keep quiet unless the program wants to hear them.
logging.getLogger(__name__).addHandler(logging.NullHandler())

if not typing.TYPE_CHECKING:  # a checker would take every name for defined

    def __getattr__(name: str) -> object:
        """Import a public name from its home."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
