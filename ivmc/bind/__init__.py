"""Names and types: a syntax tree and a catalog become typed algebra."""

from ivmc.bind.select import bind
from ivmc.bind.tables import Bound

__all__ = ["Bound", "bind"]
