"""What a sandbox can be told to do differently; the defaults are how Astria behaves."""

from decimal import Decimal
from typing import Literal

import attrs

MEBIBYTE = 1024 * 1024
_MOST_SECONDS = 1e9

CallbackShape = Literal["wrapped", "bare", "array"]
Profile = Literal["current", "2022"]


@attrs.frozen(kw_only=True)
class Settings:
    """
    The switches of one sandbox.

    Attributes:
        api_key: The key of the default account; ``None`` takes any key.
        seed: What durations, ids, keys and pictures derive from.
        pace: Divides the time that jobs take, leaving the clock alone. With a clock at its natural
            speed, timestamps stay those of the wall while a training takes a second.
        balance: What a new account holds, in USD.
        profile: ``"2022"`` answers with the fields and prices of the 2022 documentation.
        idempotent: Whether new accounts have Astria's idempotency setting on
            (docs.astria.ai/docs/api/overview).
        merge_text_seed: Whether prompts of one tune with equal text and seed are merged, as other
            texts of the vendor say; independent of ``idempotent``.
        callback_shape: ``"wrapped"`` as received in life, ``"bare"`` as the documentation words it,
            ``"array"`` a list of one.
        failure_callbacks: Whether failed jobs call back too.
        faceid_callbacks: Whether a FaceID tune, which is ready at once, calls back.
        allow_private_callbacks: Whether callbacks may go to plain http and private hosts.
        callback_timeout: Real seconds that a callback's receiver has to answer.
        image_url_lifetime: Virtual seconds that a picture's URL works; ``None`` is for as long as
            the picture exists.
        checkpoint_url_lifetime: Virtual seconds that a checkpoint's URL works.
        rate_limit: Requests that an account may send per virtual minute; ``None`` has no limit.
        retry_after: Whether an answer 429 from that limit says how long to wait.
        plain_unauthorized: Whether 401 is always plain text, also for clients that take JSON.
        max_upload: Bytes of one uploaded file.
        max_request: Bytes of a whole multipart request.
        max_text: Bytes of a JSON or urlencoded body, and of all text fields of a multipart one.
    """

    api_key: str | None = attrs.field(default="sd_sandbox", repr=False)
    seed: int = 0
    pace: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    balance: Decimal = Decimal(100_000)
    profile: Profile = "current"
    idempotent: bool = False
    merge_text_seed: bool = False
    callback_shape: CallbackShape = "wrapped"
    failure_callbacks: bool = False
    faceid_callbacks: bool = False
    allow_private_callbacks: bool = True
    callback_timeout: float = 10.0
    image_url_lifetime: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.le(_MOST_SECONDS))
    )
    checkpoint_url_lifetime: float = attrs.field(
        default=3600.0, validator=attrs.validators.le(_MOST_SECONDS)
    )
    rate_limit: int | None = None
    retry_after: bool = True
    plain_unauthorized: bool = False
    max_upload: int = 20 * MEBIBYTE
    max_request: int = 512 * MEBIBYTE
    max_text: int = 32 * MEBIBYTE
