"""The seam between us and an HTTP engine."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from astria_async.protocol.calls import Call
from astria_async.protocol.replies import Reply


class Download(Protocol):
    """An answer whose body is read in pieces."""

    @property
    def status(self) -> int:
        """HTTP status code."""
        ...

    @property
    def content_type(self) -> str | None:
        """The declared content type."""
        ...

    @property
    def length(self) -> int | None:
        """How many bytes will come, where that is known."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """
        The body; to be closed (:func:`contextlib.aclosing`) by whoever stops before its end.

        Raises:
            ConnectionFailed: It broke off.
        """
        ...


class Transport(Protocol):
    """One try of one request; knows nothing of retries or of what a status means."""

    async def send(self, call: Call) -> Reply:
        """
        Send *call* with the account's key, and read the whole answer, whatever its status.

        Raises:
            ConnectionFailed: There was no answer; ``sent`` tells whether it may have arrived.
            InvalidInput: A file of the request cannot be read.
        """
        ...

    def download(self, url: str) -> AbstractAsyncContextManager[Download]:
        """
        Open *url*, which may be anybody's, without the key; redirects are followed.

        Raises:
            ConnectionFailed: There was no answer.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections, if they are ours."""
        ...
