"""Types of options that several commands have."""

import math
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number


def _finite(kind: Any, value: float) -> None:
    del kind
    if not math.isfinite(value):
        raise ValueError("Must be a finite number.")


Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]
"""A TCP port; 0 takes a free one."""

Factor = Annotated[float, Parameter(validator=(_finite, Number(gt=0)))]
"""A number to multiply or divide by."""
