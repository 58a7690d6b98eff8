"""Faults in words, for lists of them and for the forms that make them."""

from collections.abc import Mapping

from astria_async.sandbox.dashboard.formats import span
from astria_async.sandbox.faults import CallbackFault, Fault, JobFault, RequestFault

REQUEST_KINDS: Mapping[str, str] = {
    "invalid": "422, refused as invalid",
    "rate_limited": "429, too many requests",
    "server_error": "500, server error",
    "gateway_timeout": "504, gateway time-out",
    "html": "An HTML error page",
    "slow": "A slow answer",
    "reset": "The connection is cut",
}
CALLBACK_KINDS: Mapping[str, str] = {
    "drop": "Never sent",
    "delay": "Sent late",
    "duplicate": "Sent twice",
    "reorder": "Sent after the next one",
    "early": "Sent before the create is answered",
    "truncate": "Body cut in half",
    "blank": "Times left empty",
}
JOB_KINDS: Mapping[str, str] = {"tune": "A training", "prompt": "A generation"}
SUBJECTS: Mapping[str, str] = {
    "": "Any",
    "tune": "Of tunes",
    "prompt": "Of prompts",
    "prompts": "Of whole runs",
}


def title(fault: Fault) -> str:
    """What goes wrong."""
    if isinstance(fault, RequestFault):
        name = REQUEST_KINDS[fault.kind]
        return f"{name} ({fault.status})" if fault.kind == "html" else name
    if isinstance(fault, CallbackFault):
        return f"Callback: {CALLBACK_KINDS[fault.kind].lower()}"
    if isinstance(fault, JobFault):
        return f"{JOB_KINDS[fault.kind]} {'fails' if fault.reason else 'never ends'}"
    return type(fault).__name__


def scope(fault: Fault) -> str:
    """What it is played on."""
    if isinstance(fault, RequestFault):
        return f"{fault.method or 'any method'} {fault.path}"
    if isinstance(fault, CallbackFault):
        whose = {None: "any", "prompts": "whole runs"}.get(fault.subject, f"{fault.subject}s")
        return f"{whose}, address with “{fault.match}”" if fault.match else whose
    if isinstance(fault, JobFault):
        field = "title" if fault.kind == "tune" else "text"
        return f"{field} with “{fault.match}”" if fault.match else "any"
    return ""


def manner(fault: Fault) -> list[str]:
    """How, how often and when, where that is out of the ordinary."""
    said = []
    if isinstance(fault, RequestFault):
        if fault.processed:
            late = f" {span(fault.seconds)} later" if fault.seconds else ""
            said.append(f"carried out all the same{late}")
        elif fault.kind == "slow":
            said.append(f"after {span(fault.seconds)}")
        if fault.retry_after is not None:
            said.append(f"Retry-After: {fault.retry_after:g}")
    elif isinstance(fault, CallbackFault) and fault.kind in {"delay", "reorder"}:
        said.append(f"by {span(fault.seconds)}")
    elif isinstance(fault, JobFault) and fault.reason:
        said.append(f"“{fault.reason}”")
    if fault.probability < 1:
        said.append(f"{fault.probability:.0%} of the time")
    if fault.skip:
        said.append("not the first" if fault.skip == 1 else f"not the first {fault.skip}")
    if fault.times is not None:
        said.append("once" if fault.times == 1 else f"{fault.times} times at most")
    return said
