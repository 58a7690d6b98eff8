"""What a user calls: the verbs of each kind of object."""

from astria_async.resources.account import Images, Themes, Users, Workspaces
from astria_async.resources.checking import Finding
from astria_async.resources.core import Core
from astria_async.resources.costs import Costs
from astria_async.resources.drafts import Draft
from astria_async.resources.pack_runs import PackRun
from astria_async.resources.packs import Gallery, Packs
from astria_async.resources.prompts import Prompts
from astria_async.resources.tunes import Tunes

__all__ = [
    "Core",
    "Costs",
    "Draft",
    "Finding",
    "Gallery",
    "Images",
    "PackRun",
    "Packs",
    "Prompts",
    "Themes",
    "Tunes",
    "Users",
    "Workspaces",
]
