"""
What tests of programs on this package need: a sandbox with a client, offline and in milliseconds.

Needs ``pip install 'astria-async[sandbox]'``.
"""

from astria_async.testing.sandbox import Sandbox

__all__ = ["Sandbox"]
