"""What may be done next with what an operation made, and examples to try things on."""

import attrs


@attrs.frozen
class Link:
    """
    One way on.

    Attributes:
        operation: What may be done next.
        takes: Its parameters, each from a field of what was made.
    """

    operation: str
    takes: tuple[tuple[str, str], ...]


def _all(operations: str, *takes: tuple[str, str]) -> tuple[Link, ...]:
    return tuple(Link(operation, takes) for operation in operations.split())


_TUNE = _all("getTune updateTune deleteTune createPrompt listTunePrompts", ("tune_id", "id"))
_PROMPT = (
    *_all("getPrompt updatePrompt deletePrompt", ("tune_id", "tune_id"), ("prompt_id", "id")),
    *_all(
        "getPrompt_1 updatePrompt_1 deletePrompt_1 duplicatePrompt likePrompt likePrompt_1 "
        "unlikePrompt unlikePrompt_1",
        ("prompt_id", "id"),
    ),
)
_PACK = _all("getPack runPack", ("pack", "slug"))
_WORKSPACE = _all("getWorkspace updateWorkspace", ("workspace_id", "id"))

LINKS: dict[str, tuple[Link, ...]] = {
    "createTune": _TUNE,
    "createPrompt": _PROMPT,
    "duplicatePrompt": _PROMPT,
    "createPack": _PACK,
    "createWorkspace": _WORKSPACE,
}
# Public objects of every sandbox.
EXAMPLES: dict[str, int | str] = {"tune_id": 1504944, "pack": "studio-portraits"}
