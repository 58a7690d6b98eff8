"""Decides how a callback leaves: as it should, or as a fault wants it."""

import datetime as dt
from typing import Any

import attrs

from astria_async.sandbox import callbacks
from astria_async.sandbox.courier import Courier
from astria_async.sandbox.faults import CallbackFault, Faults
from astria_async.sandbox.records import Delivery
from astria_async.sandbox.world import World

SUBJECTS = {"tune.callback": "tune", "prompt.callback": "prompt", "order.callback": "prompts"}
_TIMES = ("trained_at", "started_training_at", "expires_at")


@attrs.define(eq=False)
class Mailroom:
    """
    Turns what is due into deliveries for the courier.

    Args:
        world: Where deliveries are recorded.
        courier: Who composes and sends them.
        faults: What may go wrong.
    """

    world: World
    courier: Courier
    faults: Faults
    _held: list[Delivery] = attrs.field(factory=list)

    def call_back(self, kind: str, subject: int, at: dt.datetime) -> None:
        """Send the callback of *kind* (``"tune"``, ``"prompt"``, ``"prompts"``) for *subject*."""
        letter = self.courier.compose(kind, subject)
        if letter is None:
            return
        url, body = letter
        fault = self.faults.on_callback(kind, url)
        delivery = self._delivery(kind, subject, url, body, at)
        if fault is None:
            self._post(delivery)
        else:
            self._play(fault, attrs.evolve(delivery, fault=fault.kind), body)

    def release(self, delivery_id: int) -> None:
        """Send a callback that was kept back till now."""
        delivery = self.world.deliveries.get(delivery_id)
        if delivery is None or delivery.sent_at is not None:
            return
        self._held = [held for held in self._held if held.id != delivery_id]
        self.courier.post(delivery)

    def forget(self) -> None:
        """Let go of callbacks that were kept back."""
        self._held.clear()

    def wants_early(self, kind: str, url: str | None) -> bool:
        """Whether a fault wants this callback before the create is answered."""
        return bool(url) and self.faults.on_callback(kind, url or "", early=True) is not None

    def early(self, kind: str, subject: int) -> Delivery | None:
        """That delivery, recorded; the courier has not been told of it."""
        letter = self.courier.compose(kind, subject)
        if letter is None:
            return None
        delivery = self._delivery(kind, subject, *letter, self.world.now())
        return self.world.deliveries.put(attrs.evolve(delivery, fault="early"))

    def _delivery(self, kind: str, subject: int, url: str, body: Any, at: dt.datetime) -> Delivery:
        return Delivery(
            id=self.world.deliveries.next_id(),
            kind=kind,
            object_id=subject,
            url=url,
            body=callbacks.encode(body),
            due_at=at,
        )

    def _post(self, delivery: Delivery) -> None:
        held, self._held = self._held, []
        self.courier.post(delivery, *held)

    def _play(self, fault: CallbackFault, delivery: Delivery, body: Any) -> None:
        if fault.kind == "drop":
            self.world.deliveries.put(delivery)
        elif fault.kind == "duplicate":
            self._post(delivery)
            self._post(attrs.evolve(delivery, id=self.world.deliveries.next_id()))
        elif fault.kind == "truncate":
            self._post(attrs.evolve(delivery, body=delivery.body[: len(delivery.body) // 2]))
        elif fault.kind == "blank":
            self._post(attrs.evolve(delivery, body=callbacks.encode(_blank(body))))
        else:
            self._keep_back(fault, delivery)

    def _keep_back(self, fault: CallbackFault, delivery: Delivery) -> None:
        self.world.deliveries.put(delivery)
        if fault.kind == "reorder":
            self._held.append(delivery)
        until = delivery.due_at + dt.timedelta(seconds=fault.seconds)
        self.world.schedule("callback.release", delivery.id, until)


def _blank(body: Any) -> Any:
    if isinstance(body, list):
        return [_blank(item) for item in body]
    if isinstance(body, dict):
        return {key: None if key in _TIMES else _blank(value) for key, value in body.items()}
    return body
