"""Who asks for something to be made."""

import attrs

from astria_async.sandbox.records import Account


@attrs.frozen(kw_only=True)
class Asker:
    """
    On whose behalf a request acts.

    Attributes:
        account: Who will own what is made.
        payer: Who pays for it.
        workspace_id: Where it belongs; ``None`` is the personal space.
        origin: The base URL under which the client reached us, for links in callbacks.
    """

    account: Account
    payer: Account
    workspace_id: int | None = None
    origin: str = ""
