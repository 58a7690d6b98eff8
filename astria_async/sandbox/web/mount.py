"""Under which path of somebody else's app the sandbox stands."""

from starlette.types import Scope

MOUNT = "astria.mount"


def unmounted(scope: Scope) -> Scope:
    """The scope as if the app stood at the root of its host; ``MOUNT`` keeps where it stands."""
    root = scope.get("root_path", "").rstrip("/")
    if not root or not scope["path"].startswith(root):
        return {**scope, MOUNT: ""}
    return {**scope, "path": scope["path"][len(root) :] or "/", "root_path": "", MOUNT: root}
