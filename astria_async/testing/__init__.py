"""
What tests of programs on this package need: a sandbox with a client, offline and in milliseconds.

The sandbox needs ``pip install 'astria-async[sandbox]'``. Where pytest is, its fixtures
``astria_sandbox`` and ``astria`` are there without an import.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from astria_async.sandbox import CallbackFault, JobFault, RequestFault
    from astria_async.testing.cases import AstriaTestCase
    from astria_async.testing.factories import make_callback, make_pack, make_prompt, make_tune
    from astria_async.testing.hosting import Hosted
    from astria_async.testing.sandbox import Sandbox

__all__ = [
    "AstriaTestCase",
    "CallbackFault",
    "Hosted",
    "JobFault",
    "RequestFault",
    "Sandbox",
    "make_callback",
    "make_pack",
    "make_prompt",
    "make_tune",
]

_HOMES = {
    "AstriaTestCase": "astria_async.testing.cases",
    "CallbackFault": "astria_async.testing.sandbox",
    "Hosted": "astria_async.testing.hosting",
    "JobFault": "astria_async.testing.sandbox",
    "RequestFault": "astria_async.testing.sandbox",
    "Sandbox": "astria_async.testing.sandbox",
    "make_callback": "astria_async.testing.factories",
    "make_pack": "astria_async.testing.factories",
    "make_prompt": "astria_async.testing.factories",
    "make_tune": "astria_async.testing.factories",
}
"""
Where each name is. pytest imports the plugin beside this in every run, so nothing is imported
before it is asked for; and what needs no sandbox works without its extra.
"""

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
