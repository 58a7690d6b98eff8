"""Every endpoint of the API that the sandbox emulates."""

from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.tables.other_endpoints import ACCOUNT, CATALOGS, PACKS, WORKSPACES
from astria_async.sandbox.tables.prompt_endpoints import PROMPTS, TUNES

ENDPOINTS: tuple[Endpoint, ...] = (
    *TUNES,
    *PROMPTS,
    *PACKS,
    *WORKSPACES,
    *ACCOUNT,
    *CATALOGS,
)
