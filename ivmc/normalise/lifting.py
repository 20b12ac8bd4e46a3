"""What a relation reads from around it, lifted out of it.

    R(l)  =  π outputs (σ predicates (R′))          R′ reads nothing of l; outputs and predicates do

through filters, projections, inner joins, the preserved side of outer joins and matches, and through
groups where the predicates only say which groups are meant:

    γ_G (σ k = e(l) (R))  =  σ k = e(l) (γ_G,k (R))

What can raise an error is lifted along with a predicate below it, and stops a group from being
lifted: it would meet rows that no l asks for.

    SELECT (SELECT sum(x / y) FROM r WHERE r.k = l.k) FROM l      -- y = 0 where no l.k is

Source  Kim 1982, "On Optimizing an SQL-like Nested Query"; Galindo-Legaria, Joshi 2001,
        "Orthogonal Optimization of Subqueries and Aggregation", §2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ivmc.identity import free
from ivmc.ir import Aggregate, Call, Expand, Filter, Join, Match, Outer, Project, Rel, Values, bottom_up, same
from ivmc.predicate import conjuncts
from ivmc.properties import keys
from ivmc.scalar import (
    BIGINT,
    Col,
    Expression,
    Scalar,
    columns,
    equals,
    fresh,
    is_fallible,
    literal,
    substitute,
    walk,
)

# Types whose `=` is one and the same, within a set and across it.
FAMILIES: Final = (frozenset({"int2", "int4", "int8", "numeric"}), frozenset({"text", "varchar"}))


@dataclass(frozen=True, slots=True)
class Lifted:
    """π outputs (σ predicates (rel)); only outputs and predicates read columns from around."""

    rel: Rel
    predicates: tuple[Scalar, ...]
    outputs: Mapping[Col, Scalar]

    def where(self, predicates: Iterable[Scalar], around: frozenset[Col]) -> Lifted:
        """Filtered: what reads `around` is lifted; so is what can fail and comes after that."""
        told = [part for p in predicates for part in conjuncts(substitute(p, self.outputs))]
        dependent = bool(self.predicates) or bool(columns(*told) & around)
        up = [p for p in told if columns(p) & around or (dependent and is_fallible(p))]
        stay = tuple(p for p in told if p not in up)
        rel = Filter(self.rel, stay) if stay else self.rel
        return replace(self, rel=rel, predicates=(*self.predicates, *up))

    def covers_a_key(self) -> bool:
        """Do the predicates let at most one row through?"""
        own = frozenset(self.rel.schema)
        sides = [side for p in self.predicates if (pair := _sides(p, own)) for side in pair[1:]]
        return any(
            key <= frozenset(side for side in sides if isinstance(side, Col)) for key in keys(self.rel)
        )


def lifted(rel: Rel, around: frozenset[Col]) -> Lifted | None:
    """`rel`, which holds no dependent join, with all that reads `around` on top; None if it cannot be."""
    if not free(rel) & around:
        return Lifted(rel, (), dict(same(rel.schema)))
    match rel:
        case Filter(input, predicates):
            inner = lifted(input, around)
            return inner and inner.where(predicates, around)
        case Project(input, outputs):
            inner = lifted(input, around)
            return inner and replace(inner, outputs={c: substitute(s, inner.outputs) for c, s in outputs})
        case Join(left, right, on):
            a, b = lifted(left, around), lifted(right, around)
            if a is None or b is None:
                return None
            pairs = Lifted(Join(a.rel, b.rel, ()), a.predicates + b.predicates, {**a.outputs, **b.outputs})
            return pairs.where(on, around)
        case Outer() | Match() | Expand():
            return _preserved(rel, around)
        case Aggregate(_, keys) if keys:
            found = groups(rel, around)
            return found and Lifted(*found, dict(same(rel.schema)))
        case Values():
            return lifted(numbered(rel), around)
        case _:
            return None


def _preserved(rel: Outer | Match | Expand, around: frozenset[Col]) -> Lifted | None:
    """Out of the side whose every row is kept, or judged by itself."""
    below = rel.input if isinstance(rel, Expand) else rel.left
    inner = lifted(below, around)
    if inner is None or (not isinstance(rel, Expand) and free(rel.right) & around):
        return None
    on = tuple(substitute(predicate, inner.outputs) for predicate in rel.on)
    functions = [substitute(f, inner.outputs) for f in rel.functions] if isinstance(rel, Expand) else []
    read = (*on, *functions)
    if columns(*read) & around or (inner.predicates and any(map(is_fallible, read))):
        return None
    found = (
        replace(rel, input=inner.rel, functions=tuple(functions), on=on)
        if isinstance(rel, Expand)
        else replace(rel, left=inner.rel, on=on)
    )
    own = rel.schema[len(below.schema) :]
    return Lifted(found, inner.predicates, {**inner.outputs, **dict(same(own))})


# Groups


def groups(op: Aggregate, around: frozenset[Col]) -> tuple[Aggregate, tuple[Scalar, ...]] | None:
    """`op` with what the lifted predicates equate as further keys, and those predicates over them."""
    inner = lifted(op.input, around)
    if inner is None:
        return None
    calls = tuple((column, mapped(call, inner.outputs)) for column, call in op.calls)
    group = {key: inner.outputs[key] for key in op.keys}
    read = [scalar for _, call in calls for scalar in call.scalars()]
    evaluated = (*read, *group.values(), *inner.predicates)
    if columns(*read, *group.values()) & around or any(map(is_fallible, evaluated)):
        return None
    told = _correlated(inner)
    if told is None:
        return None
    rel, added, on = told
    outputs = {**dict(same(in_order(columns(*read)))), **group, **added}
    return Aggregate(Project(rel, tuple(outputs.items())), (*op.keys, *added), calls), on


def _correlated(inner: Lifted) -> tuple[Rel, dict[Col, Scalar], tuple[Scalar, ...]] | None:
    """Keys for the sides of equalities, and the predicates over them; None if there are others.

    Where one thing outside equals two inside, those equal each other.
    """
    own = frozenset(inner.rel.schema)
    known: dict[Scalar, Scalar] = {}
    added: dict[Col, Scalar] = {}
    on, also = [], []
    for predicate in inner.predicates:
        pair = _sides(predicate, own)
        if not columns(predicate) & own:
            on.append(predicate)
        elif pair is None:
            return None
        elif pair[0] not in known:
            key = fresh(pair[1].name if isinstance(pair[1], Col) else "key", pair[1])
            known[pair[0]], added[key] = pair[1], pair[1]
            on.append(_with_side(predicate, pair[1], key))
        elif known[pair[0]].type.plain == pair[1].type.plain:
            also.append(equals(known[pair[0]], pair[1]))
        else:
            return None
    return (Filter(inner.rel, tuple(also)) if also else inner.rel), added, tuple(on)


def _with_side(predicate: Scalar, side: Scalar, key: Col) -> Scalar:
    """An equality with one of its sides replaced."""
    assert isinstance(predicate, Expression)
    args = tuple(key if arg is side else arg for arg in predicate.args)
    return replace(predicate, args=args)


def _sides(predicate: Scalar, own: frozenset[Col]) -> tuple[Scalar, Scalar] | None:
    """What an equality equates outside and inside, where both are told apart by the same `=`."""
    match predicate:
        case Expression(equality=True, args=(a, b)) if _alike(a, b):
            for outside, inside in ((a, b), (b, a)):
                if not columns(outside) & own and columns(inside) and columns(inside) <= own:
                    return outside, inside
    return None


def _alike(a: Scalar, b: Scalar) -> bool:
    """Does grouping by the one tell apart what differs from the other, and nothing else?

    `r.name = l.name COLLATE ci` holds for several groups by `r.name`.
    """
    names = {a.type.name, b.type.name}
    related = a.type.plain == b.type.plain or any(names <= family for family in FAMILIES)
    collations = {column.collation for column in columns(a, b)}
    plain = collations <= {None} or (len(collations) == 1 and isinstance(a, Col) and isinstance(b, Col))
    return related and plain and not any(map(_is_collated, (a, b)))


def _is_collated(scalar: Scalar) -> bool:
    """Is there an explicit COLLATE in it?"""
    return any("COLLATE" in piece for n in walk(scalar) if isinstance(n, Expression) for piece in n.template)


def mapped(call: Call, mapping: Mapping[Col, Scalar]) -> Call:
    """A call with columns replaced."""
    return replace(
        call,
        args=tuple(substitute(arg, mapping) for arg in call.args),
        filter=None if call.filter is None else substitute(call.filter, mapping),
        order=tuple((substitute(item, mapping), words) for item, words in call.order),
    )


def in_order(some: Iterable[Col]) -> list[Col]:
    """Columns in order of their creation."""
    return sorted(some, key=lambda column: column.id)


# Substitution


def reading(rel: Rel, mapping: Mapping[Col, Col]) -> Rel:
    """`rel` where it reads other columns from around it."""

    def told(scalars: Iterable[Scalar]) -> tuple[Scalar, ...]:
        return tuple(substitute(scalar, mapping) for scalar in scalars)

    def rewrite(node: Rel) -> Rel:
        match node:
            case Values(_, rows):
                return replace(node, rows=tuple(map(told, rows)))
            case Filter(_, predicates):
                return replace(node, predicates=told(predicates))
            case Project(_, outputs):
                return replace(node, outputs=tuple((c, substitute(s, mapping)) for c, s in outputs))
            case Join() | Outer() | Match():
                return replace(node, on=told(node.on))
            case Expand(_, functions, on=on):
                return replace(node, functions=told(functions), on=told(on))
            case Aggregate(_, _, calls):
                return replace(node, calls=tuple((c, mapped(call, mapping)) for c, call in calls))
            case _:
                return node

    return bottom_up(rel, rewrite)


# Rows of constants


def numbered(rows: Values) -> Project:
    """VALUES that read columns from around, as a choice by the number of the row."""
    number = fresh("row", BIGINT, nullable=False)
    ordinals = [literal(str(i), BIGINT) for i in range(1, len(rows.rows) + 1)]
    outputs = []
    for i, column in enumerate(rows.schema):
        args = (number, *(part for o, row in zip(ordinals, rows.rows, strict=True) for part in (o, row[i])))
        template = ("CASE ", *(" WHEN ", " THEN ") * len(ordinals), " END")
        levels = (0,) * len(args)
        chosen = Expression(
            "case", template, args, column.type, column.nullable, levels=levels, fallible=False
        )
        outputs.append((column, chosen))
    return Project(Values((number,), tuple((ordinal,) for ordinal in ordinals)), tuple(outputs))
