"""What a call sends: bytes, or an upload that is read while it is sent; and under which headers."""

import attrs

from astria_async.protocol.calls import Call
from astria_async.protocol.forms import has_files, urlencoded
from astria_async.transport.uploads import Upload


@attrs.frozen(kw_only=True)
class Body:
    """
    A request's body.

    Attributes:
        headers: What tells the server of it.
        content: All of it, where there is no file in it.
        upload: It, where there is one.
    """

    headers: dict[str, str]
    content: bytes | None = None
    upload: Upload | None = None


async def body_of(call: Call) -> Body:
    """
    The body of *call*, in the least encoding that holds it.

    Raises:
        InvalidInput: A file cannot be read, or the content is not JSON.
    """
    if call.parts is None:
        content = call.body
        kind = {} if content is None else {"Content-Type": "application/json"}
        return Body(headers=kind, content=content)
    if not has_files([getattr(part, "source", None) for part in call.parts]):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Body(headers=kind, content=urlencoded(call.parts))
    upload = await Upload.prepare(call.parts)
    headers = {"Content-Type": upload.content_type}
    if upload.length is not None:
        headers["Content-Length"] = str(upload.length)
    return Body(headers=headers, upload=upload)
