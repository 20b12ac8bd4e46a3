"""Constraints of tables and columns.

Source: PostgreSQL manual, CREATE TABLE, "Parameters"; 18 adds NOT ENFORCED and named NOT NULL.
"""

from __future__ import annotations

from typing import Any

from pglast import enums
from pglast.stream import RawStream

from ivmc.catalog.ddl_script import Draft, Script
from ivmc.catalog.model import ForeignKey

Kind = enums.ConstrType


def column_constraints(script: Script, draft: Draft, node: Any, created: bool) -> None:
    """The constraints behind a column's type."""
    for constraint in node.constraints or ():
        match constraint.contype:
            case Kind.CONSTR_NOTNULL | Kind.CONSTR_IDENTITY:
                draft.change(node.colname, not_null=True)
            case Kind.CONSTR_GENERATED:
                generate(script, draft, node.colname, constraint)
            case _:
                apply_constraint(script, draft, constraint, created, (node.colname,))


def generate(script: Script, draft: Draft, column: str, node: Any) -> None:
    """GENERATED ALWAYS AS (…): stored before PostgreSQL 18, there virtual unless it says stored."""
    kind = node.generated_kind if script.version >= 18 else "s"
    draft.change(column, generated=kind, expression=RawStream()(node.raw_expr))


def apply_constraint(
    script: Script,
    draft: Draft,
    node: Any,
    created: bool,
    column: tuple[str, ...] = (),
) -> None:
    """A table constraint, or one behind `column`; `created`: in CREATE TABLE, so rows obey it."""
    columns = column or tuple(k.sval for k in node.keys or ())
    match node.contype:
        case Kind.CONSTR_NOTNULL:
            for each in columns:
                draft.change(each, not_null=True)
        case Kind.CONSTR_PRIMARY if node.indexname:
            draft.set_primary(draft.unique.pop(node.indexname, ()), node.indexname)
        case Kind.CONSTR_PRIMARY if not node.deferrable:
            draft.set_primary(columns, node.conname or f"{draft.name}_pkey")
        case Kind.CONSTR_UNIQUE if not node.indexname and not node.without_overlaps:
            name = node.conname or "_".join([draft.name, *columns, "key"])
            draft.indexes[name] = columns
            if not node.deferrable:
                draft.unique[name] = columns
        case Kind.CONSTR_FOREIGN:
            refer(script, draft, node, created, column)
        case _:
            pass


def refer(script: Script, draft: Draft, node: Any, created: bool, column: tuple[str, ...]) -> None:
    """A foreign key; NOT VALID counts only on a table that has rows."""
    if node.fk_with_period:
        return
    columns = column or tuple(k.sval for k in node.fk_attrs)
    target = script.draft(node.pktable)
    schema, table = (target.schema, target.name) if target else script.place(node.pktable)
    valid = bool(node.is_enforced and (created or not node.skip_validation))
    name = node.conname or "_".join([draft.name, *columns, "fkey"])
    targets = tuple(k.sval for k in node.pk_attrs or ())
    draft.foreign[name] = ForeignKey(columns, schema, table, targets, valid, bool(node.deferrable))


def index_columns(elements: Any) -> tuple[str, ...]:
    """The plain columns that an index begins with."""
    columns: list[str] = []
    for element in elements:
        if element.name is None:
            break
        columns.append(element.name)
    return tuple(columns)
