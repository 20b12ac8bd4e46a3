"""CREATE, ALTER and DROP of tables, views and indexes.

Source: PostgreSQL manual, CREATE TABLE, ALTER TABLE, CREATE INDEX, CREATE VIEW;
parse_utilcmd.c for what LIKE, INHERITS and PARTITION OF copy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pglast import ast, enums

from ivmc.catalog.ddl_constraints import apply_constraint, column_constraints, index_columns
from ivmc.catalog.ddl_script import Draft, Script
from ivmc.catalog.model import Column, Type
from ivmc.catalog.typmod import quote

SERIAL = {
    "smallserial": "int2", "serial2": "int2", "serial": "int4", "serial4": "int4",
    "bigserial": "int8", "serial8": "int8",
}  # fmt: skip
LIKE_GENERATED = enums.TableLikeOption.CREATE_TABLE_LIKE_GENERATED
LIKE_INDEXES = enums.TableLikeOption.CREATE_TABLE_LIKE_INDEXES
Alter = enums.AlterTableType


def create_table(script: Script, node: Any) -> None:
    """CREATE TABLE in all its forms."""
    place = script.place(node.relation)
    if node.if_not_exists and place in script.drafts:
        return
    draft = Draft(*place, kind="p" if node.partspec else "r")
    draft.persistence = node.relation.relpersistence
    script.add(draft)
    for parent in node.inhRelations or ():
        inherit(script, draft, parent, partition=node.partbound is not None)
    if node.ofTypename:
        for name, type_ in script.entry_of(node.ofTypename).fields:
            draft.columns[name] = Column(name, type_)
    add_elements(script, draft, node.tableElts or ())
    script.refresh_fields(draft)


def add_elements(script: Script, draft: Draft, elements: Any) -> None:
    """The columns, LIKE clauses and constraints between the parentheses, constraints last."""
    for element in elements:
        if isinstance(element, ast.ColumnDef):
            add_column(script, draft, element)
        elif isinstance(element, ast.TableLikeClause):
            copy_like(script, draft, element)
    for element in elements:
        if isinstance(element, ast.Constraint):
            apply_constraint(script, draft, element, created=True)


def add_column(script: Script, draft: Draft, node: Any, created: bool = True) -> None:
    """One column and the constraints behind it; a typed or inherited one is completed."""
    known = draft.columns.get(node.colname)
    type_, serial = column_type(script, node)
    column = known or Column(node.colname, type_ or Type("pg_catalog", "text"))
    collation = node.collClause and collation_name(node.collClause.collname)
    column = replace(column, type=type_ or column.type, not_null=column.not_null or serial)
    draft.columns[node.colname] = replace(column, collation=collation or column.collation)
    column_constraints(script, draft, node, created)


def collation_name(names: Any) -> str:
    """A collation as SQL spells it, unqualified in pg_catalog."""
    parts = [quote(n.sval) for n in names]
    return ".".join(parts[1:] if parts[0] == "pg_catalog" else parts)


def column_type(script: Script, node: Any) -> tuple[Type | None, bool]:
    """A column's type, and whether it is one of the serials; no type in CREATE TABLE OF."""
    if node.typeName is None:
        return None, False
    names = [n.sval for n in node.typeName.names]
    if len(names) == 1 and names[0] in SERIAL:
        return Type("pg_catalog", SERIAL[names[0]]), True
    return script.type_of(node.typeName), False


def inherit(script: Script, draft: Draft, parent: Any, partition: bool) -> None:
    """Take a parent's columns; a partition also its keys."""
    source = script.draft(parent)
    if source is None:
        return
    for column in source.columns.values():
        draft.columns.setdefault(column.name, column)
    if partition:
        attach(draft, source)
    else:
        source.has_children = True
        script.refresh_fields(source)


def attach(partition: Draft, parent: Draft) -> None:
    """A partition has the keys of its parent."""
    partition.primary = partition.primary or parent.primary
    partition.unique = parent.unique | partition.unique
    partition.foreign = parent.foreign | partition.foreign
    partition.indexes = parent.indexes | partition.indexes


def copy_like(script: Script, draft: Draft, node: Any) -> None:
    """LIKE: names, types and NOT NULL always; generation and indexes where asked."""
    source = script.draft(node.relation)
    if source is None:
        return
    plain = {} if node.options & LIKE_GENERATED else {"generated": "", "expression": None}
    for column in source.columns.values():
        draft.columns[column.name] = replace(column, **plain)  # type: ignore[arg-type]
    if node.options & LIKE_INDEXES:
        if source.primary:
            draft.set_primary(source.primary, f"{draft.name}_pkey")
        draft.unique |= source.unique
        draft.indexes |= source.indexes


def create_foreign_table(script: Script, node: Any) -> None:
    """CREATE FOREIGN TABLE."""
    create_table(script, node.base)
    draft = script.draft(node.base.relation)
    if draft is not None:
        draft.kind = "f"


def create_index(script: Script, node: Any) -> None:
    """CREATE INDEX: its leading plain columns; a key where it is unique, whole and plain."""
    draft = script.draft(node.relation)
    if draft is None or node.accessMethod not in ("btree", "hash"):
        return
    columns = index_columns(node.indexParams)
    name = node.idxname or "_".join([draft.name, *columns, "idx"])
    if columns and node.whereClause is None:
        draft.indexes[name] = columns
        if node.unique and len(columns) == len(node.indexParams):
            draft.unique[name] = columns
    script.refresh_fields(draft)


def alter_table(script: Script, node: Any) -> None:
    """ALTER TABLE: what changes columns, keys or kinds."""
    draft = script.draft(node.relation)
    if draft is None:
        return
    for command in node.cmds or ():
        alter(script, draft, command)
    script.refresh_fields(draft)


def alter(script: Script, draft: Draft, command: Any) -> None:
    """One command of an ALTER TABLE."""
    match command.subtype:
        case Alter.AT_AddColumn:
            add_column(script, draft, command.def_, created=False)
        case Alter.AT_DropColumn:
            drop_column(draft, command.name)
        case Alter.AT_AlterColumnType:
            draft.change(command.name, type=script.type_of(command.def_.typeName))
        case Alter.AT_SetNotNull | Alter.AT_AddIdentity:
            draft.change(command.name, not_null=True)
        case Alter.AT_DropNotNull:
            draft.change(command.name, not_null=False)
        case Alter.AT_AddConstraint:
            apply_constraint(script, draft, command.def_, created=False)
        case Alter.AT_DropConstraint:
            drop_constraint(draft, command.name)
        case Alter.AT_ValidateConstraint if command.name in draft.foreign:
            key = draft.foreign[command.name]
            draft.foreign[command.name] = replace(key, validated=True)
        case Alter.AT_EnableRowSecurity | Alter.AT_DisableRowSecurity:
            draft.row_security = command.subtype == Alter.AT_EnableRowSecurity
        case Alter.AT_AttachPartition:
            partition = script.draft(command.def_.name)
            if partition is not None:
                attach(partition, draft)
        case Alter.AT_AddInherit:
            parent = script.draft(command.def_)
            if parent is not None:
                parent.has_children = True
        case _:
            pass


def drop_column(draft: Draft, name: str) -> None:
    """A column goes, with everything that mentions it."""
    draft.columns.pop(name, None)
    if name in draft.primary:
        draft.primary = ()
    draft.unique = {k: v for k, v in draft.unique.items() if name not in v}
    draft.indexes = {k: v for k, v in draft.indexes.items() if name not in v}
    draft.foreign = {k: v for k, v in draft.foreign.items() if name not in v.columns}


def drop_constraint(draft: Draft, name: str) -> None:
    """A key or foreign key goes."""
    gone = draft.indexes.pop(name, None)
    if gone is not None and gone == draft.primary and name not in draft.unique:
        draft.primary = ()
    draft.unique.pop(name, None)
    draft.foreign.pop(name, None)


def rename(script: Script, node: Any) -> None:
    """ALTER … RENAME of a table or of a column."""
    draft = script.draft(node.relation) if node.relation else None
    if draft is None:
        return
    if node.renameType == enums.ObjectType.OBJECT_COLUMN:
        rename_column(draft, node.subname, node.newname)
        script.refresh_fields(draft)
    elif node.subname is None:
        move(script, draft, draft.schema, node.newname)


def rename_column(draft: Draft, old: str, new: str) -> None:
    """Rename a column wherever it is mentioned."""

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple([new if n == old else n for n in names])

    columns = draft.columns.values()
    draft.columns = {c.name: c for c in (replace(c, name=new) if c.name == old else c for c in columns)}
    draft.primary = renamed(draft.primary)
    draft.unique = {k: renamed(v) for k, v in draft.unique.items()}
    draft.indexes = {k: renamed(v) for k, v in draft.indexes.items()}
    draft.foreign = {k: replace(v, columns=renamed(v.columns)) for k, v in draft.foreign.items()}


def set_schema(script: Script, node: Any) -> None:
    """ALTER … SET SCHEMA of a relation."""
    draft = script.draft(node.relation) if node.relation else None
    if draft is not None:
        move(script, draft, node.newschema, draft.name)


def move(script: Script, draft: Draft, schema: str, name: str) -> None:
    """Give a relation another name or schema; foreign keys follow it."""
    old = (draft.schema, draft.name)
    forget(script, old)
    draft.schema, draft.name = schema, name
    script.add(draft)
    for each in script.drafts.values():
        each.foreign = {
            n: replace(f, schema=schema, table=name) if (f.schema, f.table) == old else f
            for n, f in each.foreign.items()
        }


def forget(script: Script, place: tuple[str, str]) -> None:
    """Remove a relation and its row type."""
    script.drafts.pop(place, None)
    script.symbols.relations.pop(place, None)
    script.symbols.types.pop(place, None)


def drop(script: Script, node: Any) -> None:
    """DROP of tables and views."""
    relations = (
        enums.ObjectType.OBJECT_TABLE,
        enums.ObjectType.OBJECT_VIEW,
        enums.ObjectType.OBJECT_MATVIEW,
        enums.ObjectType.OBJECT_FOREIGN_TABLE,
    )
    for names in node.objects if node.removeType in relations else ():
        parts = [n.sval for n in names]
        target = ast.RangeVar(relname=parts[-1], schemaname=parts[-2] if parts[1:] else None)
        draft = script.draft(target)
        if draft is not None:
            forget(script, (draft.schema, draft.name))
