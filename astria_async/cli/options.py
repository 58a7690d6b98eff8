"""Types of options that several commands have."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]
"""A TCP port; 0 takes a free one."""
