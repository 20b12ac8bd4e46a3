"""JOIN: its predicate, and the columns that USING and NATURAL merge.

Source: PostgreSQL manual, 7.2.1.1 "Joined Tables".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pglast.enums import JoinType

from ivmc import errors
from ivmc.bind.attached import joined
from ivmc.bind.coercion import common_type, converted, infix
from ivmc.bind.context import Context, Poisoned, Syntax
from ivmc.bind.expression import Expressions
from ivmc.bind.scope import Entry, Scope
from ivmc.ir import Filter, Join, Rel
from ivmc.scalar import Scalar, conjuncts

if TYPE_CHECKING:
    from ivmc.bind.tables import Tables

OUTER: Final = {JoinType.JOIN_LEFT: "LEFT", JoinType.JOIN_RIGHT: "RIGHT", JoinType.JOIN_FULL: "FULL"}


def join(tables: Tables, node: Syntax) -> tuple[Rel, Scope]:
    """`a JOIN b ON …`, `USING (…)`, NATURAL and CROSS. Raises Opaque."""
    context = tables.context
    left, left_scope = tables.item(node.larg)
    right, right_scope = tables.item(node.rarg)
    tables.check_aliases(left_scope, right_scope, node.rarg)
    if node.jointype in OUTER:
        context.reason(errors.OuterJoin(context.span(node.rarg), OUTER[node.jointype]))
    predicates: tuple[Scalar, ...] = ()
    attached = tables.attachments()
    scope = left_scope.beside(right_scope)
    if names := _merged_names(node, left_scope, right_scope):
        predicates, scope = _using(context, node, names, left_scope, right_scope)
    elif node.quals is not None:
        here = scope.within(tables.parent)
        binder = Expressions(context, here, "JOIN/ON", attached=attached)
        predicates = conjuncts(binder.condition(node.quals))
    if node.alias is not None:
        named = tables.aliased(scope.visible, node.alias, node.alias.aliasname, node)
        scope = Scope.of(Entry(node.alias.aliasname, named))
    if attached.joins:
        return Filter(joined(Join(left, right, ()), attached.joins), predicates), scope
    return Join(left, right, predicates), scope


def _merged_names(node: Syntax, left: Scope, right: Scope) -> tuple[str, ...]:
    if node.isNatural:
        known = {name for name, _ in right.visible}
        return tuple(dict.fromkeys(name for name, _ in left.visible if name in known))
    return tuple(part.sval for part in node.usingClause or ())


def _using(
    context: Context, node: Syntax, names: tuple[str, ...], left: Scope, right: Scope
) -> tuple[tuple[Scalar, ...], Scope]:
    """USING (a, b): equalities, and one merged column for each pair, in front."""
    predicates: list[Scalar] = []
    merged: list[tuple[str, Scalar]] = []
    for name in names:
        try:
            a, b = (_using_column(context, node, name, side) for side in (left, right))
            predicates.append(infix(context, node, ("=",), a, b))
            merged.append((name, _merged_column(context, node, a, b)))
        except Poisoned:
            continue
    rest = tuple((n, c) for n, c in left.visible + right.visible if n not in names)
    entries = left.entries + right.entries
    if node.join_using_alias is not None:
        entries += (Entry(node.join_using_alias.aliasname, tuple(merged)),)
    return tuple(predicates), Scope(entries, tuple(merged) + rest, left.parent)


def _using_column(context: Context, node: Syntax, name: str, side: Scope) -> Scalar:
    found = side.unqualified(name)
    if len(found) == 1:
        return found[0]
    fault = f'column "{name}" specified in USING clause does not exist in both tables'
    if found:
        fault = f'common column name "{name}" appears more than once in one side of the join'
    raise context.fail(errors.InvalidUsing(context.span(node.rarg), fault))


def _merged_column(context: Context, node: Syntax, left: Scalar, right: Scalar) -> Scalar:
    """The side that has the common type already, the left one first: equal values differ in image."""
    kind = common_type(context, node, [left, right], "JOIN/USING")
    sides = (right, left) if node.jointype == JoinType.JOIN_RIGHT else (left, right)
    outer = node.jointype in OUTER
    fitting = [side for side in (sides[:1] if outer else sides) if side.type == kind]
    return fitting[0] if fitting else converted(context, sides[0], kind, node)
