"""Queries bound offline, and what came of them."""

from pathlib import Path

from ivmc.bind import Bound, bind
from ivmc.catalog import Catalog
from ivmc.diagnostics import CompileError
from ivmc.identity import verify
from ivmc.ir import Project
from ivmc.parse import parse
from ivmc.scalar import Scalar

CATALOG = Catalog.from_sql((Path(__file__).parent / "schema.sql").read_text())


def bound(query: str) -> Bound:
    """The typed algebra of a query that is maintained, verified."""
    found, context = bind(parse(query), CATALOG)
    assert [reason.message for reason in context.reasons] == []
    assert found is not None
    verify(found.rel)
    return found


def columns(query: str) -> list[tuple[str, str]]:
    """Names and types of the output."""
    return [(name, CATALOG.format(column.type)) for name, column in bound(query).columns()]


def scalar(expression: str, tables: str = "orders") -> Scalar:
    """One expression over the tables of the schema."""
    rel = bound(f"SELECT {expression} AS x FROM {tables}").rel
    assert isinstance(rel, Project)
    return rel.outputs[0][1]


def mistakes(query: str) -> list[str]:
    """The codes of what is wrong with a query."""
    try:
        bind(parse(query), CATALOG)
    except CompileError as error:
        return [diagnostic.code for diagnostic in error.diagnostics]
    return []


def reasons(query: str) -> list[str]:
    """The codes that say why a query is not maintained."""
    return [reason.code for reason in bind(parse(query), CATALOG)[1].reasons]
