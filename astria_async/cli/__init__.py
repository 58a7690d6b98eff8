"""
The command line: ``astria-async``.

What a person does with Astria at a terminal. :func:`main` is what the installed script calls; it
imports without the libraries of the extra ``astria-async[cli]``, and says so when they are missing.
"""

from astria_async.cli.entry import main

__all__ = ["main"]
