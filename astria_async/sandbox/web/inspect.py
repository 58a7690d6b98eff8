"""``POST /images/inspect``."""

import anyio.to_thread

from astria_async.sandbox.inspection import inspect
from astria_async.sandbox.refusals import invalid
from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.replies import Reply


async def show(call: Call) -> Reply:
    """What an image shows; the image is not kept."""
    storage, name = call.services.storage, call.body["name"]
    (key,) = await storage.take("file", [call.body["file"]], call.spool, call.origin)
    try:
        file = call.services.world.files[key]
        source = storage.path(file) or await storage.content(file)
        found = await anyio.to_thread.run_sync(inspect, source, name)
    finally:
        storage.release([key])
    if found is None:
        raise invalid({"file": ["is not an image"]})
    return Reply(found)
