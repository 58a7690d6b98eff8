"""One side of the comparison: an API, what was made there, and how to make it go away."""

import contextlib
import io
from collections.abc import Mapping
from typing import Any

import anyio
import attrs
import httpx
from PIL import Image
from steps import STEPS, Step

TOO_MANY = 429
GONE = 404
PROMPTS = {step.keep for step in STEPS if step.keep and step.path.endswith("/prompts")}
_TRIES = 5


@attrs.frozen
class Answer:
    """
    What came back.

    Attributes:
        status: Of HTTP.
        kind: The content type, without its options; ``""`` for an empty body.
        body: Decoded JSON, else ``None``.
    """

    status: int
    kind: str
    body: Any


class NeverDone(Exception):
    """A job did not end in time."""


@attrs.define
class Side:
    """
    An API that speaks like Astria's.

    Args:
        http: Knows its address.
        key: Authorises.
        run: A text of this run's own, the same on both sides.
        pause: Seconds between two looks at a job, and before asking again after a 429.
        patience: Seconds that a job may take.
        ids: What was made, by the name that its step gave.
    """

    http: httpx.AsyncClient
    key: str = attrs.field(repr=False)
    run: str
    pause: float
    patience: float = 900.0
    ids: dict[str, int] = attrs.field(factory=dict)

    async def ask(self, step: Step) -> Answer:
        """
        Carry a step out, to its end if it is to be done.

        Raises:
            NeverDone: If the job takes longer than the side's patience.
        """
        answer = await self._patiently(step)
        if step.keep and isinstance(answer.body, dict) and isinstance(answer.body.get("id"), int):
            self.ids[step.keep] = answer.body["id"]
        with anyio.move_on_after(self.patience):
            while step.done and _is_running(answer):
                await anyio.sleep(self.pause)
                answer = await self._patiently(step)
        if step.done and _is_running(answer):
            raise NeverDone(f"{step.does}: not after {self.patience:.0f} s")
        return answer

    async def tidy(self) -> list[str]:
        """Delete what is still there of what was made; the paths of what could not be deleted."""
        left = [
            f"/{'prompts' if name in PROMPTS else 'tunes'}/{number}"
            for name, number in sorted(self.ids.items())
        ]
        with anyio.move_on_after(60, shield=True), contextlib.suppress(httpx.TransportError):
            for path in list(left):
                answer = await self.http.delete(path, headers=self._headers(key=True))
                if answer.is_success or answer.status_code == GONE:
                    left.remove(path)
        return left

    async def _patiently(self, step: Step) -> Answer:
        answer = await self._send(step)
        for _ in range(_TRIES):
            if answer.status != TOO_MANY:
                break
            await anyio.sleep(self.pause)
            answer = await self._send(step)
        return answer

    async def _send(self, step: Step) -> Answer:
        files = {step.photo: ("photo.jpg", _photo(), "image/jpeg")} if step.photo else None
        response = await self.http.request(
            step.method,
            self._fill(step.path),
            headers=self._headers(key=step.key),
            json=self._fill(step.json),
            data=self._fill(step.form),
            files=files,
        )
        kind = response.headers.get("content-type", "").partition(";")[0]
        is_json = kind.endswith("json") and bool(response.content.strip())
        return Answer(
            response.status_code,
            kind if response.content.strip() else "",
            response.json() if is_json else None,
        )

    def _headers(self, *, key: bool) -> dict[str, str]:
        authorisation = {"Authorization": f"Bearer {self.key}"} if key else {}
        return {"Accept": "application/json", **authorisation}

    def _fill(self, value: Any) -> Any:
        """The value with ids and the run's text in place of their names."""
        if isinstance(value, Mapping):
            return {key: self._fill(it) for key, it in value.items()}
        if not isinstance(value, str):
            return value
        # What could not be made has no id, and nothing has this one.
        ids = {"tune": 0, "prompt": 0, **self.ids}
        return value.format(run=self.run, **ids)


def _is_running(answer: Answer) -> bool:
    return isinstance(answer.body, dict) and answer.body.get("trained_at", "") is None


def _photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 640), "teal").save(file, "JPEG")
    return file.getvalue()
