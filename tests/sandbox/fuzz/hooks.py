"""What schemathesis does to each request before it sends it; loaded by its name."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Make a text of each header: an id that came from an earlier answer is a number."""
    for name, value in list((case.headers or {}).items()):
        case.headers[name] = str(value)
