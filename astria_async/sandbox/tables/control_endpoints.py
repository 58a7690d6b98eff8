"""The sandbox's own addresses, for tests in any language; no part of Astria's API."""

from astria_async.sandbox.params import Param
from astria_async.sandbox.tables.endpoint import Endpoint

_REASON = Param(name="reason", default="The sandbox was told to fail this.", doc="user_error.")
_ROOT = "/_sandbox"

CONTROL = (
    Endpoint(
        operation="status",
        method="GET",
        paths=(f"{_ROOT}/status",),
        summary="The clock, and how much there is of everything.",
    ),
    Endpoint(
        operation="advance",
        method="POST",
        paths=(f"{_ROOT}/advance",),
        summary="Move time ahead; answers when all that was due is done, callbacks included.",
        body=(
            Param(name="seconds", kind="float", required=True, low=0, high=1e10, doc="Virtual."),
        ),
    ),
    Endpoint(
        operation="setSpeed",
        method="PATCH",
        paths=(f"{_ROOT}/clock",),
        summary="Let time run faster, slower, or stand still.",
        body=(Param(name="speed", kind="float", low=0, high=1e9, doc="Virtual per real second."),),
    ),
    Endpoint(operation="reset", method="POST", paths=(f"{_ROOT}/reset",), summary="Begin anew."),
    Endpoint(
        operation="snapshot",
        method="GET",
        paths=(f"{_ROOT}/snapshot",),
        summary="All that is known, as JSON.",
    ),
    Endpoint(
        operation="restore",
        method="POST",
        paths=(f"{_ROOT}/snapshot",),
        summary="Go back to a snapshot.",
        body=(Param(name="snapshot", kind="any", required=True, doc="As GET gave it."),),
    ),
    Endpoint(operation="listFaults", method="GET", paths=(f"{_ROOT}/faults",), summary="Faults."),
    Endpoint(
        operation="addFault",
        method="POST",
        paths=(f"{_ROOT}/faults",),
        summary="Switch a fault on.",
        body=(Param(name="fault", kind="any", required=True, doc="on, kind, and the rest."),),
        success=201,
    ),
    Endpoint(
        operation="clearFaults",
        method="DELETE",
        paths=(f"{_ROOT}/faults",),
        summary="Switch all faults off.",
    ),
    Endpoint(
        operation="removeFault",
        method="DELETE",
        paths=(f"{_ROOT}/faults/{{fault_id}}",),
        summary="Switch one fault off.",
    ),
    Endpoint(
        operation="listDeliveries",
        method="GET",
        paths=(f"{_ROOT}/deliveries",),
        summary="Callbacks, and how they went.",
    ),
    Endpoint(
        operation="replay",
        method="POST",
        paths=(f"{_ROOT}/deliveries/{{delivery_id}}/replay",),
        summary="Send a callback again.",
    ),
    Endpoint(
        operation="listRequests",
        method="GET",
        paths=(f"{_ROOT}/requests",),
        summary="The latest requests.",
    ),
    Endpoint(
        operation="listLedger", method="GET", paths=(f"{_ROOT}/ledger",), summary="All movements."
    ),
    Endpoint(
        operation="updateAccount",
        method="PATCH",
        paths=(f"{_ROOT}/account",),
        summary="Change money and settings.",
        body=(
            Param(name="balance_mc", kind="int", low=0, doc="Millicents."),
            Param(name="top_off_amount", kind="int", low=1, doc="USD; null switches it off."),
            Param(name="card_declines", kind="bool", doc="Whether top-offs are declined."),
            Param(name="auto_extend_tunes", kind="bool", doc="Keeps tunes past their expiry."),
            Param(name="idempotent", kind="bool", doc="Merges equal creates."),
            Param(name="merge_text_seed", kind="bool", doc="Merges prompts by text and seed."),
        ),
    ),
    Endpoint(
        operation="failTune",
        method="POST",
        paths=(f"{_ROOT}/tunes/{{tune_id}}/fail",),
        summary="End a training badly.",
        body=(_REASON,),
    ),
    Endpoint(
        operation="failPrompt",
        method="POST",
        paths=(f"{_ROOT}/prompts/{{prompt_id}}/fail",),
        summary="End a generation badly.",
        body=(_REASON,),
    ),
)
