"""What schemathesis does to each request before it sends it; loaded by its name."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """
    Take headers out that are no texts.

    They are ids of earlier answers: schemathesis gives any id that it finds to the workspace's
    header, whose answer to the id of a tune is that there is no such workspace.
    """
    for name, value in list((case.headers or {}).items()):
        if not isinstance(value, str):
            del case.headers[name]
