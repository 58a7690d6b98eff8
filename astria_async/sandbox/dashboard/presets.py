"""Bad days to choose from: faults that go together."""

from collections.abc import Mapping

import attrs

from astria_async.sandbox.faults import CallbackFault, Fault, JobFault, RequestFault


@attrs.frozen
class Preset:
    """
    Faults that are switched on with one click.

    Attributes:
        title: What it is called.
        about: What a program should live with.
        faults: The rules.
    """

    title: str
    about: str
    faults: tuple[Fault, ...]


PRESETS: Mapping[str, Preset] = {
    "lost-callbacks": Preset(
        "Callbacks get lost",
        "No callback is sent: waiters have to find out by polling.",
        (CallbackFault(kind="drop"),),
    ),
    "double-callbacks": Preset(
        "Callbacks come twice",
        "Each callback is sent two times.",
        (CallbackFault(kind="duplicate"),),
    ),
    "late-callbacks": Preset(
        "Callbacks come late",
        "Each callback is sent ten minutes after the end of its job.",
        (CallbackFault(kind="delay", seconds=600),),
    ),
    "early-callbacks": Preset(
        "Callbacks come early",
        "A job is done, and has called back, before its create is answered.",
        (CallbackFault(kind="early"),),
    ),
    "created-504": Preset(
        "Next create: 504, but created",
        "The gateway gives up on the next POST, which is carried out all the same.",
        (RequestFault(kind="gateway_timeout", method="POST", processed=True, times=1),),
    ),
    "reset": Preset(
        "Next create: connection cut",
        "The connection breaks after the next POST was carried out.",
        (RequestFault(kind="reset", method="POST", processed=True, times=1),),
    ),
    "rate-limited": Preset(
        "Rate limit, five times",
        "The next five requests get 429 with Retry-After of two seconds.",
        (RequestFault(kind="rate_limited", retry_after=2, times=5),),
    ),
    "slow": Preset(
        "Slow API",
        "Each answer takes three virtual seconds.",
        (RequestFault(kind="slow", seconds=3),),
    ),
    "failing-jobs": Preset(
        "Every third job fails",
        "A third of all trainings and generations end badly.",
        (JobFault(kind="tune", probability=1 / 3), JobFault(kind="prompt", probability=1 / 3)),
    ),
    "bad-day": Preset(
        "A bad day",
        "A little of everything: errors, time-outs, cut connections, lost and doubled callbacks.",
        (
            RequestFault(kind="server_error", probability=0.05),
            RequestFault(kind="gateway_timeout", probability=0.05, processed=True),
            RequestFault(kind="reset", probability=0.03),
            RequestFault(kind="html", probability=0.03),
            RequestFault(kind="rate_limited", probability=0.05, retry_after=1),
            CallbackFault(kind="drop", probability=0.2),
            CallbackFault(kind="duplicate", probability=0.2),
            CallbackFault(kind="reorder", probability=0.1),
        ),
    ),
}
