"""
Every error that this package raises, as one tree.

.. code-block:: text

    AstriaError
    ├── ConfigurationError        set up wrongly; nothing was sent
    ├── InvalidInput              an argument that can never be right; nothing was sent
    ├── ClientClosed              the client was left while this was under way
    ├── ConnectionFailed          no answer: DNS, TLS, refused, reset, timed out
    ├── OutcomeUnknown            a create may or may not have happened
    ├── DecodeError               an answer that is not what the API describes
    ├── APIError                  an answer with an error status
    │   ├── BadRequest            400
    │   ├── AuthenticationError   401
    │   ├── PaymentRequired       402, or the words "not enough balance"
    │   ├── PermissionDenied      403
    │   ├── NotFound              404
    │   │   └── Deleted           it was there, and is gone
    │   ├── ValidationError       422
    │   ├── RateLimited           429
    │   └── ServerError           5xx
    │       └── GatewayTimeout    504
    ├── JobFailed                 Astria gave the job up
    │   ├── TuneFailed
    │   ├── PromptFailed
    │   └── PackFailed
    ├── WaitTimeout               the deadline came first (also a TimeoutError)
    ├── DownloadFailed            a result could not be fetched whole
    ├── BudgetExceeded            a create would have passed the budget; nothing was sent
    ├── StoreUnavailable          the callback store did not answer in time
    └── InvalidCallback           a callback that was refused

All pickle, none holds a key, a signature or the query of a URL, and each message says what to do.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self


class AstriaError(Exception):
    """The root: catch this to catch everything of ours."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the attributes, since constructors here take keywords."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[AstriaError], args: tuple[Any, ...], state: dict[str, Any]) -> AstriaError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(AstriaError):
    """The client, receiver or store is set up in a way that cannot work."""


class InvalidInput(AstriaError, ValueError):
    """
    An argument that the API could never accept; nothing was sent.

    Attributes:
        parameter: Name of the argument, such as ``images[2]``.
    """

    def __init__(self, message: str, *, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class ClientClosed(AstriaError):
    """The client's ``async with`` block ended (or never began) while a call needed it."""


class ConnectionFailed(AstriaError):
    """
    The request got no answer.

    Attributes:
        method: HTTP method.
        path: Path of the request, without its query.
        sent: False when the request surely never reached the server whole.
    """

    def __init__(self, message: str, *, method: str, path: str, sent: bool) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.sent = sent


class OutcomeUnknown(AstriaError):
    """
    A create may have happened, and looking for it did not settle the question.

    Attributes:
        kind: ``tune``, ``prompt`` or ``pack``.
        sent: What identifies the request: its wait id, title or text.
        candidates: Ids of objects that may be it.
    """

    def __init__(
        self, message: str, *, kind: str, sent: Mapping[str, str], candidates: Sequence[int] = ()
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.sent: dict[str, str] = dict(sent)
        self.candidates: tuple[int, ...] = tuple(candidates)


class DecodeError(AstriaError):
    """
    An answer whose fields do not have the types that the API describes.

    Attributes:
        problems: One line for each bad field, with its path.
    """

    def __init__(self, message: str, *, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[str, ...] = tuple(problems)


class APIError(AstriaError):
    """
    The API answered with an error status.

    Attributes:
        status: HTTP status code.
        body: The decoded JSON, or the text, as received.
        method: HTTP method of the request.
        path: Path of the request, without its query.
        request_id: The server's ``X-Request-Id``, to quote to Astria's support.
        headers: The answer's headers, names in lower case.
        retry_after: Seconds that the server asked to wait, if it said so.
    """

    hint = "See docs.astria.ai/docs/api/overview for what this status means."

    def __init__(
        self,
        message: str,
        *,
        status: int,
        body: Any = None,
        method: str = "",
        path: str = "",
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        where = f"{method} {path}".strip()
        request = f" [request {request_id}]" if request_id else ""
        super().__init__(f"{status} on {where}: {message}{request} {self.hint}".strip())
        self.status = status
        self.body = body
        self.method = method
        self.path = path
        self.request_id = request_id
        self.headers: dict[str, str] = dict(headers or {})
        self.retry_after = retry_after


class BadRequest(APIError):
    """400: malformed, or an ``offset`` beyond what the API pages; do not send it again."""

    hint = "The request itself is at fault; sending it again will not help."


class AuthenticationError(APIError):
    """401: the key is missing, mistyped or revoked."""

    hint = "Check ASTRIA_API_KEY against the API settings of your Astria account."


class PaymentRequired(APIError):
    """402, or any status whose message says that the balance does not suffice."""

    hint = "Top up the account's balance, or use branch='fast', which is free."


class PermissionDenied(APIError):
    """403: the object belongs to another account or workspace."""

    hint = "Check whose object it is, and workspace_id."


class NotFound(APIError):
    """404: no such object, or one that expired or was deleted."""

    hint = "It may have been deleted, or have expired 30 days after training."


class Deleted(NotFound):
    """The object was there and is gone: deleted, or expired, while something waited for it."""

    hint = "It was deleted, or it expired 30 days after training; create it again if needed."


class ValidationError(APIError):
    """
    422: the server refused the parameters; never sent again.

    Attributes:
        errors: Messages by field. Those of no field in particular are under ``base``.
    """

    hint = "Mend the parameters it names; the same request will be refused again."

    def __init__(
        self, message: str, *, errors: Mapping[str, Sequence[str]] | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.errors: dict[str, list[str]] = {
            field: list(texts) for field, texts in (errors or {}).items()
        }


class RateLimited(APIError):
    """429: too many requests, most often from polling."""

    hint = "Wait (see retry_after) and prefer callbacks over polling."


class ServerError(APIError):
    """5xx: the server failed; whether a create was processed is not certain."""

    hint = "Astria's fault; try later."


class GatewayTimeout(ServerError):
    """504: over 30 s at the gateway; the work was probably done all the same."""

    hint = "The server may have done the work: look before creating again."


class JobFailed(AstriaError):
    """
    Astria gave the job up.

    Attributes:
        reason: The server's words, or ours where it gave none.
        object: The object as last fetched, with whatever images it has.
    """

    def __init__(self, message: str, *, reason: str, object: Any) -> None:  # noqa: A002
        super().__init__(message)
        self.reason = reason
        self.object = object


class TuneFailed(JobFailed):
    """Training ended without a model."""


class PromptFailed(JobFailed):
    """Generation ended with an error, or with no image."""


class PackFailed(JobFailed):
    """A pack run ended with prompts that failed."""


class WaitTimeout(AstriaError, TimeoutError):
    """
    The deadline came before the object was ready. It may still become ready: wait again.

    Attributes:
        object: The object as seen by one last look.
    """

    def __init__(self, message: str, *, object: Any) -> None:  # noqa: A002
        super().__init__(message)
        self.object = object


class DownloadFailed(AstriaError):
    """
    A result could not be fetched whole; no partial file is left.

    Attributes:
        status: HTTP status, or ``None`` when there was no answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BudgetExceeded(AstriaError):
    """A create was refused here, before it was sent, because it would pass the budget."""


class StoreUnavailable(AstriaError):
    """The callback store did not answer within its bound."""


class InvalidCallback(AstriaError):
    """
    A request to the callback URL that was refused.

    Attributes:
        status: The HTTP status to answer with.
    """

    def __init__(self, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.status = status

    @classmethod
    def unsigned(cls) -> Self:
        """The one answer to every bad signature, so that it teaches a forger nothing."""
        return cls("the callback URL does not carry a valid signature")
