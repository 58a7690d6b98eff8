"""``python -m astria_async.cli``: the same as ``astria-async``."""

import sys

from astria_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
