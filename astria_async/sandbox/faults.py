"""
Faults on demand: what may go wrong, by rule or by seeded chance.

Each fault is a frozen rule. ``probability`` makes it a chance, drawn from the sandbox's seed;
``times`` ends it; ``skip`` lets the first ones pass.
"""

import fnmatch
import itertools
from collections.abc import Callable
from random import Random
from typing import Any, Literal, TypeVar, get_args

import attrs

from astria_async.sandbox.records import Prompt, Tune

RequestKind = Literal[
    "invalid", "rate_limited", "server_error", "gateway_timeout", "slow", "reset", "html"
]
CallbackKind = Literal["drop", "delay", "duplicate", "reorder", "early", "truncate", "blank"]
JobKind = Literal["tune", "prompt"]
_MOST_SECONDS = 1e9
_PAGES = frozenset(range(200, 600)) - {204, 205, 304}
_UNLESS_NAMED = ("/files/", "/openapi.json", "/_sandbox")


def _must(fits: Callable[[Any], bool], words: str) -> Callable[[Any, Any, Any], None]:
    """A validator that says in words what a value has to be: it may come from a person."""

    def check(_fault: Any, field: Any, value: Any) -> None:
        if not fits(value):
            raise ValueError(f"{field.name!r} must be {words}, not {value!r}")

    return check


def _one_of(choices: tuple[str, ...]) -> Callable[[Any, Any, Any], None]:
    return _must(lambda it: it in choices, f"one of {', '.join(choices)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TEXT = _must(lambda it: isinstance(it, str), "a text")
_FLAG = _must(lambda it: isinstance(it, bool), "true or false")
_COUNT = _must(lambda it: type(it) is int and it >= 0, "a whole number")
_CHANCE = _must(lambda it: _is_number(it) and 0 <= it <= 1, "a number from 0 to 1")
_SECONDS = _must(lambda it: _is_number(it) and 0 <= it <= _MOST_SECONDS, "seconds from 0 to 1e9")
_STATUS = _must(lambda it: type(it) is int and it in _PAGES, "a status that comes with a page")
_optional = attrs.validators.optional


@attrs.frozen(kw_only=True)
class Fault:
    """
    What all faults have.

    Attributes:
        times: How often it is played at most; ``None`` is always.
        probability: How likely it is, each time that it fits.
        skip: How many fitting occasions pass before the first.
    """

    times: int | None = attrs.field(default=None, validator=_optional(_COUNT))
    probability: float = attrs.field(default=1.0, validator=_CHANCE)
    skip: int = attrs.field(default=0, validator=_COUNT)


@attrs.frozen(kw_only=True)
class RequestFault(Fault):
    """
    A request that goes wrong.

    Attributes:
        kind: ``invalid`` answers 422, ``rate_limited`` 429, ``server_error`` 500,
            ``gateway_timeout`` 504, ``html`` a gateway's error page; ``reset`` cuts the connection;
            ``slow`` answers late.
        method: Of requests that it fits; ``None`` is any.
        path: A pattern for the path, such as ``/tunes/*``; files and the sandbox's own addresses
            only where it names them.
        processed: Whether the request is carried out all the same (504, 500, HTML, reset).
        seconds: Virtual. For ``slow``, before the answer; for one that is processed, how long
            after the answer that happens.
        retry_after: Seconds for the ``Retry-After`` of a 429; ``None`` sends no such header.
        status: Of the HTML page.
        message: In the body.
    """

    kind: RequestKind = attrs.field(validator=_one_of(get_args(RequestKind)))
    method: str | None = attrs.field(default=None, validator=_optional(_TEXT))
    path: str = attrs.field(default="*", validator=_TEXT)
    processed: bool = attrs.field(default=False, validator=_FLAG)
    seconds: float = attrs.field(default=0.0, validator=_SECONDS)
    retry_after: float | None = attrs.field(default=None, validator=_optional(_SECONDS))
    status: int = attrs.field(default=502, validator=_STATUS)
    message: str = attrs.field(default="The sandbox was told to refuse this.", validator=_TEXT)

    def fits(self, method: str, path: str) -> bool:
        """Whether it may be played on such a request."""
        if self.method is not None and self.method.upper() != method:
            return False
        if path.startswith(_UNLESS_NAMED) and not self.path.startswith(_UNLESS_NAMED):
            return False
        return fnmatch.fnmatchcase(path, self.path)


@attrs.frozen(kw_only=True)
class CallbackFault(Fault):
    """
    A callback that goes wrong.

    Attributes:
        kind: ``drop`` never sends it; ``delay`` sends it *seconds* later; ``duplicate`` sends it
            twice; ``reorder`` sends it after the next one (or after *seconds*); ``early`` sends it
            before the create's answer; ``truncate`` cuts the body; ``blank`` sends no times, as
            the vendor's starter types a tune's callback.
        subject: ``"tune"``, ``"prompt"`` or ``"prompts"``; ``None`` is any.
        match: A part of its URL.
        seconds: Virtual.
    """

    kind: CallbackKind = attrs.field(validator=_one_of(get_args(CallbackKind)))
    subject: str | None = attrs.field(
        default=None,
        validator=_optional(_one_of(("tune", "prompt", "prompts"))),
    )
    match: str = attrs.field(default="", validator=_TEXT)
    seconds: float = attrs.field(default=60.0, validator=_SECONDS)

    def fits(self, subject: str, url: str) -> bool:
        """Whether it may be played on such a callback."""
        return self.subject in {None, subject} and self.match in url


@attrs.frozen(kw_only=True)
class JobFault(Fault):
    """
    A job that fails when it would have ended well.

    Attributes:
        kind: Which jobs.
        match: A part of the tune's title or the prompt's text, without case; empty fits all.
        reason: What the object says as ``user_error``; empty leaves the job hanging for ever.
    """

    kind: JobKind = attrs.field(validator=_one_of(get_args(JobKind)))
    match: str = attrs.field(default="", validator=_TEXT)
    reason: str = attrs.field(default="The sandbox was told to fail this.", validator=_TEXT)

    def fits(self, kind: str, text: str) -> bool:
        """Whether it may be played on such a job."""
        return self.kind == kind and self.match.lower() in text.lower()


_F = TypeVar("_F", bound=Fault)
KINDS: dict[str, type[Fault]] = {
    "request": RequestFault,
    "callback": CallbackFault,
    "job": JobFault,
}


@attrs.define(eq=False)
class ActiveFault:
    """
    A fault that is switched on.

    Attributes:
        id: What it is switched off by.
        seen: How many occasions fitted.
        played: How many of them went wrong.
    """

    id: int
    fault: Fault
    dice: Random
    seen: int = 0
    played: int = 0

    def strikes(self) -> bool:
        """Whether it is played on this occasion, which fits."""
        self.seen += 1
        if self.seen <= self.fault.skip:
            return False
        if self.fault.times is not None and self.played >= self.fault.times:
            return False
        if self.dice.random() >= self.fault.probability:
            return False
        self.played += 1
        return True


class Faults:
    """
    The faults that are switched on, the first added first asked.

    Args:
        seed: Of the chances; each fault draws its own, so that one does not shift another's.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._numbers = itertools.count(1)
        self._active: dict[int, ActiveFault] = {}

    @property
    def active(self) -> list[ActiveFault]:
        """What is switched on."""
        return list(self._active.values())

    def add(self, fault: Fault) -> int:
        """Switch a fault on; the number switches it off."""
        number = next(self._numbers)
        dice = Random(f"{self._seed}:fault:{number}")  # noqa: S311 - has to repeat
        self._active[number] = ActiveFault(number, fault, dice)
        return number

    def remove(self, number: int) -> None:
        """Switch a fault off; one that is off already is no error."""
        self._active.pop(number, None)

    def clear(self) -> None:
        """Switch all off."""
        self._active.clear()

    def on_request(self, method: str, path: str) -> RequestFault | None:
        """What goes wrong with a request."""
        return self._first(RequestFault, lambda fault: fault.fits(method, path))

    def on_callback(self, subject: str, url: str, *, early: bool = False) -> CallbackFault | None:
        """What goes wrong with a callback; *early* asks at creation, and otherwise at its time."""
        return self._first(
            CallbackFault,
            lambda fault: (fault.kind == "early") is early and fault.fits(subject, url),
        )

    def on_job(self, kind: str, record: Tune | Prompt) -> str | None:
        """Why a job fails; ``None`` if it does not, ``""`` if it hangs."""
        text = record.title if isinstance(record, Tune) else record.text
        fault = self._first(JobFault, lambda fault: fault.fits(kind, text))
        return None if fault is None else fault.reason

    def _first(self, kind: type[_F], fits: Any) -> _F | None:
        for active in self._active.values():
            fault = active.fault
            if isinstance(fault, kind) and fits(fault) and active.strikes():
                return fault
        return None
