"""Parts that need an extra, and the line that names it."""

import importlib.util

from astria_async.cli.exits import CommandError

_MODULES = {
    "sandbox": {"PIL": "Pillow", "jinja2": "Jinja2", "python_multipart": "python-multipart"},
    "images": {"PIL": "Pillow"},
}


def need(extra: str, what: str) -> None:
    """
    Make sure that what *extra* installs is there.

    Args:
        extra: Its name.
        what: Who needs it, to begin the message with.

    Raises:
        CommandError: A module of it is missing.
    """
    for module, distribution in _MODULES[extra].items():
        if importlib.util.find_spec(module) is None:
            raise CommandError(f"{what} needs {distribution}: pip install 'astria-async[{extra}]'")
