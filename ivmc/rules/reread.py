"""GROUP BY, touched groups read again.

    K  =  δ π_keys(ΔR)          A(R′)  =  A(R) − A(R) ⋉ K  +  γ(R′ ⋉ K)

For aggregates that cannot be taken back: holistic ones (string_agg, percentiles, DISTINCT), sums of
floats, user-defined ones. K is of the *net* change: an update of columns that the aggregate does
not read touches no group.

Where only the groups that pass HAVING are kept, and it asks for more than some c ≥ 0 of a sum or
count s, a group that is not kept passes now only if s has risen. No sum counts as 0, so that with a
negative c a group could appear by a fall:

    σ[s > c]:  K  =  δ π_keys(ΔR) ∩ (A ∪ σ[Δs > 0] γ(ΔR))
    INSERT INTO t VALUES (1, -3)      -- SELECT g FROM t GROUP BY g HAVING sum(x) > -5

State   one row per group: the result itself, no counters.
Cost    O(Δ) for K, O(rows of the touched groups) to read them through an index on the key.
Class   re-evaluated by key.
Source  Gupta, Mumick 1995, "Maintenance of Materialized Views", §3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from ivmc.ir import Aggregate, Call, Filter, Match, Net, Project, Rel, Scan, same
from ivmc.rules.netting import safe
from ivmc.scalar import (
    BIGINT,
    BOOLEAN,
    COMPARISON,
    Col,
    Expression,
    Logic,
    Scalar,
    binary,
    columns,
    equals,
    fresh,
    literal,
)

ZERO: Final = literal("0", BIGINT)
EXACT: Final = frozenset({"int2", "int4", "int8", "numeric"})


def touched(change: Rel, op: Aggregate, key: Sequence[Col]) -> Rel:
    """K: the keys of the groups with a net change in what the aggregate reads."""
    read = columns(*op.keys, *(scalar for _, one in op.calls for scalar in one.scalars()))
    return Aggregate(Net(Project(change, same(c for c in change.schema if c in read))), tuple(key), ())


def crossing(change: Rel, op: Aggregate, key: Sequence[Col], kept: Scan, rising: Call) -> Rel:
    """K where `rising` must have risen for a group that is not `kept`, in the columns of `op`."""
    copies = {column: fresh(column.name, column) for column in op.schema}
    risen, known = fresh("risen", rising.type, nullable=False), fresh("known", BOOLEAN, nullable=False)
    sums = Aggregate(safe(change, rising.scalars()), tuple(key), ((risen, rising),))
    on = tuple(equals(column, copies[column]) for column in key)
    marked = Match(sums, replace(kept, schema=tuple(copies.values())), on, mark=known)
    more = binary(">", risen, ZERO, BOOLEAN, COMPARISON, nullable=False, fallible=False)
    return Project(Filter(marked, (Logic("OR", (more, known)),)), same(key))


def rising(op: Aggregate, having: Iterable[Scalar]) -> Call | None:
    """The running sum or count of which a predicate of HAVING asks for more than some c ≥ 0."""
    calls = dict(op.calls)
    for predicate in having:
        match predicate:
            case Expression(name=">" | ">=", args=(Col() as column, Expression() as limit)):
                pass
            case Expression(name="<" | "<=", args=(Expression() as limit, Col() as column)):
                pass
            case _:
                continue
        found = calls.get(column)
        if found and _is_additive(found) and _is_positive(limit, strictly=predicate.name.endswith("=")):
            return replace(found, nullable=False, state=True)
    return None


def _is_additive(one: Call) -> bool:
    """Is it a count, or an exact sum?"""
    if one.function.schema != "pg_catalog" or one.distinct or one.type.name not in EXACT:
        return False
    exact = all(argument.type.name in EXACT for argument in one.args)
    return one.function.name == "count" or (one.function.name == "sum" and exact)


def _is_positive(limit: Expression, *, strictly: bool) -> bool:
    """Is it a number written out that is not negative; and not zero either?"""
    text = limit.template[0] if limit.name == "literal" and limit.type.name in EXACT else ""
    number = re.fullmatch(r"\d+(\.\d*)?|\.\d+", text)
    return bool(number) and (not strictly or bool(re.search("[1-9]", text)))
