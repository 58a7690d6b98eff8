"""What the sandbox's own addresses, and a dashboard, may do with it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from astria_async.sandbox.clock import VirtualClock
from astria_async.sandbox.faults import KINDS, ActiveFault, Fault, Faults
from astria_async.sandbox.records import Account, Delivery
from astria_async.sandbox.requests import RequestLog, RequestRecord
from astria_async.sandbox.settings import Settings
from astria_async.sandbox.views import stamp


class Control(Protocol):
    """The sandbox, as its own HTTP addresses see it."""

    settings: Settings
    clock: VirtualClock

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        ...

    @property
    def requests(self) -> RequestLog:
        """The latest requests."""
        ...

    @property
    def deliveries(self) -> list[Delivery]:
        """The latest callbacks."""
        ...

    async def advance(self, seconds: float) -> None:
        """Move virtual time ahead."""
        ...

    async def replay(self, delivery: Delivery) -> Delivery:
        """Send a callback again."""
        ...

    async def reset(self) -> None:
        """Begin anew."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """All that is known, as JSON."""
        ...

    async def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go back to a snapshot."""
        ...

    def fail_tune(self, tune_id: int, reason: str) -> None:
        """End a training badly."""
        ...

    def fail_prompt(self, prompt_id: int, reason: str) -> None:
        """End a generation badly."""
        ...

    def update_account(self, **changes: Any) -> Account:
        """Change the default account's money or settings."""
        ...


def fault_from_json(value: Mapping[str, Any]) -> Fault:
    """
    A fault from ``{"on": "request", "kind": "reset", …}``.

    Args:
        value: ``on`` is ``request``, ``callback`` or ``job``; the rest are the fault's attributes.

    Raises:
        ValueError: If there is no such fault.
    """
    fields = dict(value)
    kind = KINDS.get(str(fields.pop("on", "")))
    if kind is None:
        raise ValueError(f"'on' must be one of {', '.join(KINDS)}")
    try:
        return kind(**fields)
    except (TypeError, ValueError) as error:
        # A validator's error carries its message and everything else that it knows.
        raise ValueError(str(error.args[0]).rpartition("() ")[2]) from error


def fault_to_json(active: ActiveFault) -> dict[str, Any]:
    """A fault that is switched on, with how often it was met and played."""
    on = next(name for name, kind in KINDS.items() if type(active.fault) is kind)
    return {
        "id": active.id,
        "on": on,
        **attrs.asdict(active.fault),
        "seen": active.seen,
        "played": active.played,
    }


def request_to_json(record: RequestRecord) -> dict[str, Any]:
    """The record of a request."""
    return {
        "id": record.request_id,
        "method": record.method,
        "path": record.path,
        "query": record.query,
        "status": record.status,
        "received_at": stamp(record.received_at),
        "answered_at": stamp(record.answered_at),
        "body_size": record.body_size,
        "summary": record.summary,
        "fault": record.fault,
    }


def plain(record: Any) -> dict[str, Any]:
    """A record's fields as JSON."""
    return {
        name: stamp(value) if isinstance(value, dt.datetime) else value
        for name, value in attrs.asdict(record, recurse=False).items()
    }
