"""How ``listen`` shows what happens: for people, or as one JSON object a line."""

import datetime as dt
import json
import logging
from typing import Protocol

import attrs
from rich.console import Console
from rich.text import Text

from astria_async.cli.commands import PROGRAM
from astria_async.cli.listening.facts import body, event, metadata, title
from astria_async.cli.listening.forwarding import Forwarded
from astria_async.cli.session import is_local
from astria_async.cli.terminal import count, put_facts, put_json, put_line, put_stopped
from astria_async.events import EVENTS
from astria_async.protocol.callbacks import Callback
from astria_async.stores.base import Record

_LOCAL = (
    "Only what runs on this machine reaches that, such as a sandbox. For Astria,\n"
    "give --tunnel ngrok, or --public-url with the address of a tunnel of yours."
)


@attrs.frozen(kw_only=True)
class Opening:
    """
    What there is to know before the first callback.

    Attributes:
        url: Where the receiver listens on this machine.
        public_url: What Astria is to call.
        store: Where callbacks are kept, without a password.
        environment: What makes a program use all this, as variables.
        forward_to: Where callbacks are passed on to.
    """

    url: str
    public_url: str
    store: str
    environment: dict[str, str]
    forward_to: str | None


class View(Protocol):
    """Shows what happens."""

    def opened(self, opening: Opening) -> None:
        """The receiver is up."""
        ...

    def arrived(self, record: Record) -> None:
        """A callback came and was committed."""
        ...

    def forwarded(self, callback: Callback, how: Forwarded) -> None:
        """It was passed on, or not."""
        ...

    def refused(self, reason: str, client: str) -> None:
        """A request was refused."""
        ...

    def troubled(self, event: str, error: str) -> None:
        """Something went wrong on our side, such as a callback that the store would not keep."""
        ...

    def closed(self, arrived: int) -> None:
        """The receiver is down, after so many callbacks."""
        ...


@attrs.frozen
class Events:
    """For programs."""

    def opened(self, opening: Opening) -> None:
        """Tell that the receiver is up."""
        put_json({"event": "listening", **attrs.asdict(opening)})

    def arrived(self, record: Record) -> None:
        """Tell of a callback."""
        put_json(event(record))

    def forwarded(self, callback: Callback, how: Forwarded) -> None:
        """Tell how it was passed on."""
        put_json({"event": "forwarded", "wait": callback.wait, **attrs.asdict(how)})

    def refused(self, reason: str, client: str) -> None:
        """Tell of a refused request."""
        put_json({"event": "refused", "reason": reason, "client": client})

    def troubled(self, event: str, error: str) -> None:
        """Tell what went wrong."""
        put_json({"event": "trouble", "what": event, "error": error})

    def closed(self, arrived: int) -> None:
        """Tell nothing: the end of the output says it."""


@attrs.frozen
class Lines:
    """
    For people.

    Args:
        screen: Where to.
        whole: Whether bodies are shown whole.
    """

    screen: Console
    whole: bool = False

    def opened(self, opening: Opening) -> None:
        """Say where everything is, and what to put into a program."""
        facts = [
            ("Listening on", opening.url),
            ("Astria calls", opening.public_url),
            ("Kept in", opening.store),
            ("Passed on to", opening.forward_to or ""),
        ]
        put_facts((label, Text(value, style="bold")) for label, value in facts if value)
        if is_local(opening.public_url):
            self._print(Text(f"\n{_LOCAL}", "yellow"))
        put_line("\nFor your program, or another terminal:")
        for name, value in opening.environment.items():
            self._print(Text(f"  export {name}={value}", "cyan"))
        put_line("\nCtrl-C stops it. Callbacks, as they come:\n")

    def arrived(self, record: Record) -> None:
        """A line about the callback, and one of its body."""
        callback = record.callback
        again = f"  (time {record.count})" if record.count > 1 else ""
        self._print(
            Text.assemble(
                (f"{_clock(callback.received_at)}  ", "dim"),
                (title(callback), "bold"),
                (f"  {metadata(callback)}" if callback.metadata else "", "cyan"),
                ("  signature ok", "green"),
                (again, "yellow"),
            )
        )
        content = body(callback)
        if self.whole:
            self.screen.print_json(json.dumps(content), indent=2)
        else:
            text = json.dumps(content, ensure_ascii=False)
            room = max(20, self.screen.width - 10)
            cut = text if len(text) <= room else text[: room - 1] + "…"
            self._print(Text(f"          {cut}", "dim"))

    def forwarded(self, callback: Callback, how: Forwarded) -> None:
        """A line about how it was passed on."""
        colour = "green" if how.ok else "red"
        self._print(
            Text.assemble("          ", f"{title(callback)} passed on: ", (str(how), colour))
        )

    def closed(self, arrived: int) -> None:
        """Say how many came, and how to look at them again."""
        look = f"{PROGRAM} callbacks list"
        said = f"{count(arrived, 'callback')} came, and may be seen again: {look}"
        put_stopped(said if arrived else "no callback came")

    def refused(self, reason: str, client: str) -> None:
        """A line about a refused request."""
        self._warn(f"refused a request from {client or '?'}: {reason}")

    def troubled(self, event: str, error: str) -> None:
        """A line about what went wrong."""
        self._warn(f"{EVENTS[event]} {error}".rstrip())

    def _warn(self, said: str) -> None:
        self._print(Text.assemble((f"{_clock(dt.datetime.now(dt.UTC))}  ", "dim"), (said, "red")))

    def _print(self, text: Text) -> None:
        self.screen.print(text, soft_wrap=True)


def _clock(moment: dt.datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")


class ReceiverLog(logging.Handler):
    """
    Shows what the receiver's log warns of.

    Args:
        view: Where.
    """

    def __init__(self, view: View) -> None:
        super().__init__(logging.WARNING)
        self._view = view

    def emit(self, record: logging.LogRecord) -> None:
        """Show one; the receiver itself bounds how many there are of what strangers cause."""
        event, fields = getattr(record, "event", ""), getattr(record, "fields", {})
        if event == "callback.refused":
            self._view.refused(str(fields.get("reason")), str(fields.get("client") or ""))
        elif event in EVENTS:
            self._view.troubled(event, str(fields.get("error") or ""))
