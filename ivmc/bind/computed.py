"""Columns for what a query computes."""

from __future__ import annotations

from collections.abc import Mapping

from ivmc.bind.collation import collation
from ivmc.catalog import Catalog
from ivmc.ir import Project, Rel
from ivmc.scalar import Col, Scalar, fresh


def column_of(catalog: Catalog, name: str, value: Scalar) -> Col:
    """A new column with all that is known of the value."""
    return fresh(name, value, collation=collation(catalog, value))


def extended(rel: Rel, values: Mapping[Col, Scalar]) -> Rel:
    """`rel` with further columns."""
    if not values:
        return rel
    passed = tuple((column, column) for column in rel.schema)
    return Project(rel, (*passed, *values.items()))
