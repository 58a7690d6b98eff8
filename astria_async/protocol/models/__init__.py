"""The objects of the API, as frozen facts bound to their client through a small protocol."""

from astria_async.protocol.models.account import Catalog, Inspection, User, Workspace
from astria_async.protocol.models.base import Binding, Job, Resource, Status
from astria_async.protocol.models.pack import Pack
from astria_async.protocol.models.prompt import Prompt
from astria_async.protocol.models.tune import Tune, TunePrompts

__all__ = [
    "Binding",
    "Catalog",
    "Inspection",
    "Job",
    "Pack",
    "Prompt",
    "Resource",
    "Status",
    "Tune",
    "TunePrompts",
    "User",
    "Workspace",
]
