"""CREATE TYPE and CREATE DOMAIN."""

from __future__ import annotations

from typing import Any

from pglast import enums

from ivmc.catalog.ddl_script import Script
from ivmc.catalog.symbols import TypeEntry


def create_composite(script: Script, node: Any) -> None:
    """CREATE TYPE … AS (fields)."""
    schema, name = script.place(node.typevar)
    fields = tuple([(c.colname, script.type_of(c.typeName)) for c in node.coldeflist or ()])
    script.symbols.add_type(TypeEntry(schema, name, "c", "C", fields=fields))


def create_enum(script: Script, node: Any) -> None:
    """CREATE TYPE … AS ENUM."""
    schema, name = script.qualified(node.typeName)
    script.symbols.add_type(TypeEntry(schema, name, "e", "E"))


def create_range(script: Script, node: Any) -> None:
    """CREATE TYPE … AS RANGE, its multirange and the functions that construct them."""
    schema, name = script.qualified(node.typeName)
    options = {p.defname: p.arg for p in node.params}
    subtype = script.entry_of(options["subtype"])
    entry = script.symbols.add_type(TypeEntry(schema, name, "r", "R", subtype=subtype))
    named = options.get("multirange_type_name")
    other = script.qualified(named.names) if named else (schema, multirange_name(name))
    multirange = TypeEntry(*other, "m", "R", subtype=entry)
    entry.multirange = script.symbols.add_type(multirange)
    script.symbols.add_range_functions(entry)


def multirange_name(name: str) -> str:
    """`floatrange` → `floatmultirange`, else `_multirange` behind."""
    before, found, after = name.partition("range")
    return f"{before}multirange{after}" if found else f"{name}_multirange"


def create_domain(script: Script, node: Any) -> None:
    """CREATE DOMAIN; its checks make a cast to it fallible."""
    schema, name = script.qualified(node.domainname)
    of = script.type_of(node.typeName)
    base = script.catalog.entry(of)
    kinds = [c.contype for c in node.constraints or ()]
    script.symbols.add_type(
        TypeEntry(
            schema,
            name,
            "d",
            base.category,
            collatable=base.collatable,
            base=base,
            base_typmod=of.typmod,
            input_volatility=base.input_volatility,
            output_volatility=base.output_volatility,
            checked=enums.ConstrType.CONSTR_NOTNULL in kinds,
        )
    )
