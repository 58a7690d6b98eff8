"""What a user calls: the verbs of each kind of object."""

from astria_async.resources.core import Core
from astria_async.resources.prompts import Prompts
from astria_async.resources.tunes import Tunes

__all__ = ["Core", "Prompts", "Tunes"]
