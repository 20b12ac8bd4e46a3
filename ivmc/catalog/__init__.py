"""Tables, types, functions and operators: what the names of a query mean.

`Catalog.from_sql` reads DDL, `Catalog.from_database` a live database; both answer as PostgreSQL
would, from its own catalogs (shipped as a snapshot) and the user's objects.
"""

from ivmc.catalog.catalog import Catalog
from ivmc.catalog.model import (
    Cast,
    Column,
    ForeignKey,
    Function,
    Operator,
    Relation,
    Type,
    Unresolved,
)

__all__ = [
    "Cast",
    "Catalog",
    "Column",
    "ForeignKey",
    "Function",
    "Operator",
    "Relation",
    "Type",
    "Unresolved",
]
