"""Types of options that several commands have."""

import math
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number


def _finite(kind: Any, value: float) -> None:
    del kind
    if not math.isfinite(value):
        raise ValueError("Must be a finite number.")


Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""Something to switch on."""

Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]
"""A TCP port; 0 takes a free one."""

Factor = Annotated[float, Parameter(validator=(_finite, Number(gt=0)))]
"""A number to multiply or divide by."""

Limit = Annotated[int, Parameter(help="How many at most.", validator=Number(gte=1))]
"""How long a list may be."""

Seconds = Annotated[
    float | None,
    Parameter(
        name="--timeout",
        help="Seconds to wait at most. Default: three hours for a tune, 30 minutes for a prompt.",
        validator=Number(gt=0),
    ),
]
"""How long to wait."""

Out = Annotated[Path, Parameter(help="Directory for the files; made if it does not exist.")]
"""Where files go."""

Sure = Annotated[
    bool,
    Parameter(
        name=["--yes", "-y"], negative="", show_default=False, help="Do not ask whether to delete."
    ),
]
"""Whether to go on without asking."""

Id = Annotated[int, Parameter(help="Its id.", validator=Number(gt=0))]
"""One object."""

Ids = Annotated[list[int], Parameter(help="Their ids.", validator=Number(gt=0))]
"""One object or more."""
