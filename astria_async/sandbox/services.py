"""The parts of a sandbox, put together for whoever answers requests."""

from collections.abc import Awaitable, Callable

import attrs

from astria_async.sandbox.billing import Billing
from astria_async.sandbox.control import Control
from astria_async.sandbox.courier import Courier
from astria_async.sandbox.engine import Engine
from astria_async.sandbox.holds import Holds
from astria_async.sandbox.jobs import Jobs
from astria_async.sandbox.limits import Limits
from astria_async.sandbox.packs import Packs
from astria_async.sandbox.prompts import Prompts
from astria_async.sandbox.records import Prompt, Tune
from astria_async.sandbox.runs import Runs
from astria_async.sandbox.storage import Storage
from astria_async.sandbox.tunes import Tunes
from astria_async.sandbox.uploads import Spool
from astria_async.sandbox.world import World


@attrs.frozen(kw_only=True)
class Services:
    """
    What handlers may use.

    Attributes:
        control: The sandbox itself, for its own addresses.
        rush: Calls back before the create is answered, where a fault wants that.
        commit: Keeps all changes and sends what they gave rise to; awaited before an answer.
        spool: A place for the uploads of one request.
        base_url: The origin of links when a request does not tell.
    """

    world: World
    tunes: Tunes
    prompts: Prompts
    billing: Billing
    storage: Storage
    jobs: Jobs
    courier: Courier
    engine: Engine
    packs: Packs
    runs: Runs
    control: Control
    holds: Holds
    limits: Limits
    rush: Callable[[Tune | Prompt], Awaitable[None]]
    commit: Callable[[], Awaitable[None]]
    spool: Callable[[], Spool]
    base_url: Callable[[], str]
