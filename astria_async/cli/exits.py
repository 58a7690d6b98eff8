"""
What the exit code of a command means: one table, for people, programs and the documentation.

Codes are never renumbered; new ones are added at the end.
"""

import enum
from typing import Self


class Exit(enum.IntEnum):
    """The exit codes, each with its meaning as text."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a member that is its code, and knows what that means."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "done; for sandbox and listen: stopped by Ctrl-C, as they are meant to be"
    BUG = 1, "an error that nobody foresaw: a bug of this program"
    USAGE = 2, "unknown command or option, or a value that can never be right"
    SETUP = 3, "no key, a broken setting, a missing extra, a port in use, a file not writable"
    DENIED = 4, "the key is wrong, or the object belongs to someone else (401, 403)"
    NOT_FOUND = 5, "no such object: never there, deleted or expired (404)"
    PAYMENT = 6, "the balance or the budget does not suffice (402)"
    REFUSED = 7, "what was asked was refused (400, 422), or a callback that was sent"
    NO_ANSWER = 8, "no connection, or it broke"
    SERVER = 9, "the API failed, is busy, or answered nonsense (429, 5xx): try later"
    JOB_FAILED = 10, "Astria gave the training or the generation up"
    TIMEOUT = 11, "the deadline came first; the job goes on: wait again"
    UNKNOWN_OUTCOME = 12, "whether something was created is not known: look before trying again"
    DOWNLOAD = 13, "a result could not be fetched whole"
    STORE = 14, "the callback store did not answer"
    UNSOUND = 15, "doctor found something to mend"
    INTERRUPTED = 130, "stopped by Ctrl-C; how to resume is on stderr"
    CLOSED_PIPE = 141, "whoever read the output went away, as head does"


_BY_ERROR = {
    "ConfigurationError": Exit.SETUP,
    "InvalidInput": Exit.USAGE,
    "ConnectionFailed": Exit.NO_ANSWER,
    "OutcomeUnknown": Exit.UNKNOWN_OUTCOME,
    "AuthenticationError": Exit.DENIED,
    "PermissionDenied": Exit.DENIED,
    "PaymentRequired": Exit.PAYMENT,
    "BudgetExceeded": Exit.PAYMENT,
    "NotFound": Exit.NOT_FOUND,
    "BadRequest": Exit.REFUSED,
    "ValidationError": Exit.REFUSED,
    "APIError": Exit.SERVER,
    "DecodeError": Exit.SERVER,
    "JobFailed": Exit.JOB_FAILED,
    "WaitTimeout": Exit.TIMEOUT,
    "DownloadFailed": Exit.DOWNLOAD,
    "StoreUnavailable": Exit.STORE,
    "OSError": Exit.SETUP,
}


class CommandError(Exception):
    """
    A command that cannot go on, in one line for the user.

    Attributes:
        exit: The exit code.
    """

    def __init__(self, message: str, exit: Exit = Exit.SETUP) -> None:  # noqa: A002
        super().__init__(message)
        self.exit = exit


def exit_for(error: BaseException) -> Exit:
    """The exit code of an error, by its own class or the nearest one above it."""
    if isinstance(error, CommandError):
        return error.exit
    # By name, so that telling an error apart imports nothing.
    names = [cls.__name__ for cls in type(error).__mro__]
    if "CycloptsError" in names:  # below it are names that our own errors have too
        return Exit.USAGE
    return next((_BY_ERROR[name] for name in names if name in _BY_ERROR), Exit.BUG)


def sole(error: BaseException) -> BaseException:
    """The one error in a group of one, however deep; any other error as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
