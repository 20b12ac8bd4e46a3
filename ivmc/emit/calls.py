"""Aggregate calls as SQL: as the query has them, or as running counts and sums over signed rows."""

from __future__ import annotations

from collections.abc import Sequence

from ivmc.emit.block import Block
from ivmc.ir import Call
from ivmc.names import identifier
from ivmc.scalar import MULTIPLICATIVE, Scalar, is_present


def printed(call: Call, block: Block) -> str:
    """An aggregate call as the query has it, or as a running state."""
    where = [] if call.filter is None else [block.sql(call.filter, 3)]
    ordered = ", ".join(block.sql(item) + words for item, words in call.order)
    if call.state:
        return _state(call, block, where, ordered)
    inside = "*" if call.star else ", ".join(block.sql(arg) for arg in call.args)
    inside = f"DISTINCT {inside}" if call.distinct else inside
    inside = f"VARIADIC {inside}" if call.variadic else inside
    within = f") WITHIN GROUP (ORDER BY {ordered}" if call.within_group else ""
    plainly = f" ORDER BY {ordered}" if ordered and not within else ""
    return _filtered(f"{_function(call)}({inside}{plainly}{within})", where)


def _state(call: Call, block: Block, where: list[str], ordered: str) -> str:
    """A running count or sum: over signed rows, it counts and adds with the weights."""
    weight = block.weight if block.signed else ""
    match call.function.name, call.args:
        case "array_agg", _:
            return f"(array_agg({weight or '1'} ORDER BY {ordered}))[1]"
        case "count", args:
            present = [block.sql(is_present(arg), 3) for arg in args]
            counted = _filtered(f"sum({weight})" if weight else "count(*)", [*where, *present])
        case _, args:
            counted = _filtered(f"sum({_weighed(weight, args[0], block)})", where)
    return f"coalesce({counted}, 0)" if "sum(" in counted else counted


def _function(call: Call) -> str:
    name = identifier(call.function.name)
    return name if call.function.schema == "pg_catalog" else f"{identifier(call.function.schema)}.{name}"


def _weighed(weight: str, argument: Scalar, block: Block) -> str:
    """weight · value, in a type that cannot overflow where the sum does not (law 11)."""
    wide = {"int2": "bigint", "int4": "bigint", "int8": "numeric"}.get(argument.type.name)
    if not weight:
        return block.sql(argument)
    factor = f"({weight})" if weight.startswith("-") else weight
    value = f"({block.sql(argument)})::{wide}" if wide else block.sql(argument, MULTIPLICATIVE + 1)
    return f"{factor} * {value}"


def _filtered(sql: str, where: Sequence[str]) -> str:
    return f"{sql} FILTER (WHERE {' AND '.join(where)})" if where else sql
