"""Where callbacks go: the public URL, which may be known only once something serves it."""

from collections.abc import Collection

import attrs

from astria_async.protocol.addresses import check_metadata, check_public_url
from astria_async.protocol.errors import ConfigurationError, InvalidInput
from astria_async.receiver import settings


@attrs.define(eq=False, kw_only=True)
class Endpoint:
    """
    The receiver's URL.

    Attributes:
        url: As given, or as a tunnel or a local server told; ``None`` while unknown.
        path: Path to add to the URL of a tunnel or of a local server.
        trailing_slash: Whether callback URLs get a slash at the end of their path.
        allow_http: Whether plain http is accepted for hosts other than this machine.
        fixed: Names of the query parameters that the given URL itself has.
    """

    url: str | None
    path: str
    trailing_slash: bool
    allow_http: bool
    fixed: Collection[str] = ()

    @classmethod
    def given(
        cls, url: str | None, *, path: str, trailing_slash: bool, allow_http: bool
    ) -> "Endpoint":
        """
        The endpoint that the user named, or the environment.

        Raises:
            ConfigurationError: Astria could never call it.
        """
        url = settings.read_url(url)
        if url is not None:
            check_public_url(url, allow_http=allow_http)
        return cls(
            url=url,
            path=path if path.startswith("/") else f"/{path}",
            trailing_slash=trailing_slash,
            allow_http=allow_http,
            fixed=frozenset(settings.parameter_names(url)),
        )

    def __str__(self) -> str:
        """Without its query, which may hold a secret of the user's."""
        return settings.without_query(self.url) if self.url else "no URL yet"

    def known(self) -> str:
        """
        The URL.

        Raises:
            ConfigurationError: Nothing told it yet.
        """
        if self.url is None:
            raise ConfigurationError(
                "the receiver has no public URL: pass Receiver('https://…'), set "
                f"{settings.URL}, or create tunes and prompts inside 'async with receiver.serve()'"
            )
        return self.url

    def target(self) -> str:
        """
        The URL that callback URLs begin with.

        Raises:
            ConfigurationError: Nothing told it yet.
        """
        return settings.with_slash(self.known()) if self.trailing_slash else self.known()

    def move(self, base: str) -> None:
        """
        Go to a server or tunnel at *base*.

        Raises:
            ConfigurationError: Astria could never call it, or it has a query, which is not signed.
        """
        if settings.parameter_names(base):
            raise ConfigurationError("a tunnel's URL may not have a query")
        url = base.rstrip("/") + self.path
        self.url = check_public_url(url, allow_http=self.allow_http)

    def check_names(self, metadata: dict[str, str]) -> None:
        """
        Accept *metadata* that can be told from the URL's own parameters.

        Raises:
            InvalidInput: A name is in both, or the metadata is not usable.
        """
        taken = sorted(check_metadata(metadata).keys() & set(self.fixed))
        if taken:
            raise InvalidInput(
                f"metadata may not use the name {taken[0]!r}: the public URL has it already",
                parameter="metadata",
            )
