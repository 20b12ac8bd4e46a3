"""JOIN: its condition, the columns that it pads with NULL, and those that USING and NATURAL merge.

Sources: PostgreSQL manual, 7.2.1.1 "Joined Tables"; buildMergedJoinVar (parse_clause.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pglast.enums import JoinType

from ivmc import errors
from ivmc.bind.attached import Attachments, joined
from ivmc.bind.coercion import common_type, converted, infix
from ivmc.bind.computed import column_of, extended
from ivmc.bind.context import Context, Poisoned, Syntax
from ivmc.bind.expression import Expressions
from ivmc.bind.scope import Entry, Scope
from ivmc.ir import Filter, Join, Match, Outer, Project, Rel, Union
from ivmc.predicate import conjuncts
from ivmc.scalar import Col, Scalar, call, fresh, null, union_scales

if TYPE_CHECKING:
    from ivmc.bind.tables import Tables

Pairs = dict[str, tuple[Col, Col]]
Predicates = tuple[Scalar, ...]

LATERAL: Final = (JoinType.JOIN_INNER, JoinType.JOIN_LEFT)


def join(tables: Tables, node: Syntax) -> tuple[Rel, Scope]:
    """`a JOIN b ON …`, `USING (…)`, NATURAL and CROSS, outer and inner. Raises Opaque."""
    left, left_scope = tables.item(node.larg)
    within_reach = left_scope if node.jointype in LATERAL else left_scope.out_of_reach()
    right, right_scope = tables.after(within_reach).item(node.rarg)
    tables.check_aliases(left_scope, right_scope, node.rarg)
    scope = left_scope.beside(right_scope)
    names = _merged_names(node, left_scope, right_scope)
    pairs = _pairs(tables.context, node, names, left_scope, right_scope)
    attached = tables.attachments()
    on = _condition(tables, node, scope, pairs, attached)
    rel, above = joined_as(node.jointype, left, right, on, attached)
    scope = scope.mapped(above)
    if pairs:
        rel, scope = _merged(tables.context, node, pairs, rel, scope, above)
    if node.alias is not None:
        named = tables.aliased(scope.visible, node.alias, node.alias.aliasname, node)
        scope = Scope.of(Entry(node.alias.aliasname, named))
    return rel, scope


def joined_as(
    kind: JoinType, left: Rel, right: Rel, on: Predicates, attached: Attachments
) -> tuple[Rel, Mapping[Col, Col]]:
    """The join, and what the columns that it pads are called above it.

    L ⟗ R  =  (L ⟕ R)  ⊎  {NULL} × (R ▷ L)
    """
    match kind:
        case JoinType.JOIN_LEFT:
            above = _padded(right)
            other, tests = _folded(right, on, attached)
            return Outer(left, other, tests, tuple((new, old) for old, new in above.items())), above
        case JoinType.JOIN_RIGHT:
            return joined_as(JoinType.JOIN_LEFT, right, left, on, attached)
        case JoinType.JOIN_FULL:
            with_left, known = joined_as(JoinType.JOIN_LEFT, left, right, on, attached)
            without = Match(right, *_folded(left, on, attached), negated=True)
            above = _padded(left) | _padded(right)
            arms = (
                Project(with_left, tuple((new, known.get(old, old)) for old, new in above.items())),
                Project(without, tuple((new, _kept(old, right)) for old, new in above.items())),
            )
            return Union(arms, tuple(above.values())), above
        case _ if attached.joins:
            return Filter(joined(Join(left, right, ()), attached.joins), on), {}
        case _:
            return Join(left, right, on), {}


def _folded(rel: Rel, on: Predicates, attached: Attachments) -> tuple[Rel, Predicates]:
    """One side of a join and its condition; a condition with queries in it is tested within the side."""
    return (Filter(joined(rel, attached.joins), on), ()) if attached.joins else (rel, on)


def _padded(rel: Rel) -> dict[Col, Col]:
    return {column: fresh(column.name, column, nullable=True) for column in rel.schema}


def _kept(column: Col, rel: Rel) -> Scalar:
    return column if column in rel.schema else null(column.type)


def _condition(tables: Tables, node: Syntax, scope: Scope, pairs: Pairs, attached: Attachments) -> Predicates:
    """ON sees the two sides as they are before the join pads them; USING and NATURAL are equalities."""
    context = tables.context
    if node.quals is None:
        return tuple(infix(context, node, ("=",), a, b) for a, b in pairs.values())
    around = scope.blind_to(tables.earlier).within(tables.parent)
    binder = Expressions(context, around, "JOIN conditions", attached=attached)
    return conjuncts(binder.condition(node.quals, "JOIN/ON"))


# USING and NATURAL


def _merged_names(node: Syntax, left: Scope, right: Scope) -> tuple[str, ...]:
    if node.isNatural:
        known = {name for name, _ in right.visible}
        return tuple(dict.fromkeys(name for name, _ in left.visible if name in known))
    return tuple(part.sval for part in node.usingClause or ())


def _pairs(context: Context, node: Syntax, names: tuple[str, ...], left: Scope, right: Scope) -> Pairs:
    """The columns that are to be equal, by name; without those that cannot be."""
    found: Pairs = {}
    for name in names:
        try:
            a, b = (_using_column(context, node, name, side) for side in (left, right))
            infix(context, node, ("=",), a, b)
            common_type(context, node, [a, b], "JOIN/USING")
        except Poisoned:
            continue
        found[name] = (a, b)
    return found


def _using_column(context: Context, node: Syntax, name: str, side: Scope) -> Col:
    found = side.unqualified(name)
    if len(found) == 1:
        return found[0]
    fault = f'column "{name}" specified in USING clause does not exist in both tables'
    if found:
        fault = f'common column name "{name}" appears more than once in one side of the join'
    raise context.fail(errors.InvalidUsing(context.span(node.rarg), fault))


def _merged(
    context: Context, node: Syntax, pairs: Pairs, rel: Rel, scope: Scope, above: Mapping[Col, Col]
) -> tuple[Rel, Scope]:
    """The merged columns stand in front, each for both of the two that it is made from."""
    values = {name: _merged_value(context, node, *pair, above) for name, pair in pairs.items()}
    columns = {
        name: value if isinstance(value, Col) else column_of(context.catalog, name, value)
        for name, value in values.items()
    }
    rel = extended(
        rel, {columns[name]: value for name, value in values.items() if columns[name] is not value}
    )
    merged = tuple(columns.items())
    rest = tuple((n, c) for n, c in scope.visible if n not in pairs)
    entries = scope.entries
    if node.join_using_alias is not None:
        entries += (Entry(node.join_using_alias.aliasname, merged),)
    return rel, Scope(entries, merged + rest, scope.parent)


def _merged_value(context: Context, node: Syntax, left: Col, right: Col, above: Mapping[Col, Col]) -> Scalar:
    """The side that has the common type already, the left one first: equal values differ in image.

    That of an outer join is the side that is never padded; of a FULL join the one that is not NULL.
    """
    kind = common_type(context, node, [left, right], "JOIN/USING")
    sides = (right, left) if node.jointype == JoinType.JOIN_RIGHT else (left, right)
    if node.jointype == JoinType.JOIN_FULL:
        both = tuple(converted(context, above[side], kind, node) for side in sides)
        known = {"nullable": left.nullable or right.nullable, "fallible": False}
        return call("coalesce", both, kind, scales=union_scales(side.scales for side in both), **known)
    whole = sides if node.jointype == JoinType.JOIN_INNER else sides[:1]
    fitting = [side for side in whole if side.type == kind]
    return fitting[0] if fitting else converted(context, sides[0], kind, node)
