"""GROUPING SETS, CUBE and ROLLUP.

Each row stands once for every set (law 16): beside the set's number, which is a key, with NULL for
the keys that the set lacks; calls read the columns as they were. An empty set has a group over no
rows too: a row of its own that no call counts.

Source: PostgreSQL manual, 7.2.4 "GROUPING SETS, CUBE, and ROLLUP"; expand_grouping_sets
        (parse_agg.c).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

from pglast import ast
from pglast.enums import GroupingSetKind

from ivmc import errors
from ivmc.bind.context import INTEGER, Context, Opaque, Syntax
from ivmc.bind.keys import flattened
from ivmc.ir import Aggregate, Join, Project, Rel, Union, Values
from ivmc.normalise.decompose import Calls, read_through
from ivmc.rules.folding import unfolded
from ivmc.scalar import BOOLEAN, IN, TRUE, Col, Expression, Scalar, columns, fresh, listed, literal, null

Keys = tuple[Scalar, ...]
MOST: Final = 4096
WIDEST_CUBE: Final = 12


def grouping_sets(context: Context, node: Syntax, key: Callable[[Syntax], Scalar]) -> list[Keys]:
    """The sets that a GROUP BY clause stands for: of each item one, side by side. Raises Opaque."""
    sets: list[Keys] = [()]
    for item in node.groupClause or ():
        sets = [_once(a + b) for a, b in product(sets, _alternatives(context, item, key))]
        if len(sets) > MOST:
            _refuse(context, item, f"too many grouping sets present (maximum {MOST})")
    if not node.groupDistinct:
        return sets
    return list({frozenset(one): one for one in reversed(sets)}.values())[::-1]


def _alternatives(context: Context, item: Syntax, key: Callable[[Syntax], Scalar]) -> list[Keys]:
    """The sets that one item stands for."""
    if not isinstance(item, ast.GroupingSet):
        return [_unit(item, key)]
    parts = item.content or ()
    match item.kind:
        case GroupingSetKind.GROUPING_SET_SETS:
            return [one for part in parts for one in _alternatives(context, part, key)]
        case GroupingSetKind.GROUPING_SET_ROLLUP:
            units = [_unit(part, key) for part in parts]
            return [sum(units[:n], ()) for n in range(len(units), -1, -1)]
        case GroupingSetKind.GROUPING_SET_CUBE:
            if len(parts) > WIDEST_CUBE:
                _refuse(context, item, f"CUBE is limited to {WIDEST_CUBE} elements")
            units = [_unit(part, key) for part in parts]
            return [sum(some, ()) for n in range(len(units), -1, -1) for some in combinations(units, n)]
        case _:
            return [()]


def _unit(item: Syntax, key: Callable[[Syntax], Scalar]) -> Keys:
    return tuple(key(part) for part in flattened([item]))


def _once(keys: Keys) -> Keys:
    return tuple(dict.fromkeys(keys))


def _refuse(context: Context, item: Syntax, fault: str) -> None:
    context.error(errors.InvalidKey(context.span(item), fault))
    raise Opaque


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of grouping columns, by number, and each column as it is shown: NULL outside of its sets."""

    sets: tuple[tuple[Col, ...], ...]
    number: Col
    shown: Mapping[Col, Col]

    @classmethod
    def of(cls, sets: Sequence[tuple[Col, ...]]) -> Sets:
        every = dict.fromkeys(column for one in sets for column in one)
        number = fresh("set", INTEGER, nullable=False)
        partly = (column for column in every if not all(column in one for one in sets))
        nulled = {column: fresh(column.name, column, nullable=True) for column in partly}
        return cls(tuple(sets), number, {column: nulled.get(column, column) for column in every})

    def grouped(self, rel: Rel, calls: Calls) -> Aggregate:
        """One row per set and group of it."""
        empty = [i for i, one in enumerate(self.sets) if not one]
        group = (self.number, *self.shown.values())
        apart = any(unfolded(call) for _, call in calls)
        read = sorted(
            columns(*(s for _, call in calls for s in call.scalars())), key=lambda column: column.id
        )
        if not empty:
            passed = tuple((column, column) for column in read if column not in group)
            terms = self._terms(rel, passed, apart=apart)
            rows = Union(terms, terms[0].schema) if apart else terms[0]
            return Aggregate(rows, group, tuple(calls))
        named: dict[Scalar, Col] = {column: fresh(column.name, column, nullable=True) for column in read}
        counts = fresh("is_row", BOOLEAN, nullable=False)
        terms = self._terms(rel, (*((named[column], column) for column in read), (counts, TRUE)), apart=apart)
        schema = terms[0].schema
        nothing = (*(null(column.type) for column in schema[1:-1]), literal("false", BOOLEAN))
        always = Values(schema, tuple((_integer(i), *nothing) for i in empty))
        over = tuple((column, read_through(call, named, counts)) for column, call in calls)
        return Aggregate(Union((*terms, always), schema), group, over)

    def _terms(self, rel: Rel, passed: tuple[tuple[Col, Scalar], ...], *, apart: bool) -> tuple[Project, ...]:
        """Each row once per set: by one term, or by a term per set, where groups are read through indexes."""
        if not apart:
            numbers = Values((self.number,), tuple((_integer(i),) for i in range(len(self.sets))))
            keys = ((shown, self.value(key)) for key, shown in self.shown.items())
            return (Project(Join(rel, numbers, ()), ((self.number, self.number), *keys, *passed)),)
        terms = []
        for i, one in enumerate(self.sets):
            shown = ((new, key if key in one else null(key.type)) for key, new in self.shown.items())
            terms.append(Project(rel, ((self.number, _integer(i)), *shown, *passed)))
        return tuple(terms)

    def value(self, key: Col) -> Scalar:
        """A column of a group: NULL where its set lacks it."""
        having = [i for i, one in enumerate(self.sets) if key in one]
        if len(having) == len(self.sets):
            return key
        template = ("", *listed(" IN (", len(having), ")"))
        args = (self.number, *map(_integer, having))
        test = Expression("in", template, args, BOOLEAN, False, IN, (IN + 1, *[0] * len(having)), False)
        case = ("CASE WHEN ", " THEN ", " END")
        return Expression(
            "case", case, (test, key), key.type, levels=(0, 0), fallible=False, scales=key.scales
        )

    def grouping(self, keys: Sequence[Col]) -> Scalar:
        """`grouping(…)`: a bit for each of the keys, set where it is not among those of the row's set."""
        masks = [sum((key not in one) << i for i, key in enumerate(reversed(keys))) for one in self.sets]
        if len(masks) == 1:
            return _integer(masks[0])
        pairs = tuple(part for i, mask in enumerate(masks) for part in (_integer(i), _integer(mask)))
        template = ("CASE ", *[" WHEN ", " THEN "] * len(masks), " END")
        levels = (0,) * (1 + len(pairs))
        return Expression(
            "case", template, (self.number, *pairs), INTEGER, False, levels=levels, fallible=False
        )


def _integer(i: int) -> Scalar:
    return literal(str(i), INTEGER)
