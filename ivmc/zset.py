"""A reference interpreter of relations over Z-sets, in plain Python: the executable specification.

It says what every operator means, as plainly as it can; the laws of `rules/` are tested against
it. Rows flow through it one by one and un-netted, as they do through the SQL of a refresh, so
that an expression is evaluated on exactly the rows on which PostgreSQL would evaluate it.

Source: Budiu et al. 2023, "DBSP: Automatic Incremental View Maintenance", §2 (Z-sets), §7 (SQL).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from typing import Any, Final

from ivmc.catalog import Type
from ivmc.identity import free
from ivmc.ir import (
    Aggregate,
    Call,
    Carried,
    Delta,
    Expand,
    Filter,
    Flips,
    Join,
    Match,
    Negate,
    Net,
    Outer,
    Project,
    Rel,
    Scan,
    Union,
    Values,
)
from ivmc.rules.variance import VARIANCES
from ivmc.scalar import Col, Scalar
from ivmc.value import Row, holds, quotient, root, value

Weighted = tuple[Row, int]
Image = tuple[Any, ...]


def image(row: Row) -> Image:
    """What tells rows apart: 1.0 and 1.00 are equal, and two images (law 1)."""
    return tuple((v + 0).as_tuple() if isinstance(v, Decimal) else v for v in row.values())


class ZSet:
    """A mapping from rows, told apart by image, to weights that are not zero.

    >>> x = Col(0, "x", Type("pg_catalog", "int4"))
    >>> a, b = ZSet([({x: 1}, 2)]), ZSet([({x: 1}, 1), ({x: 2}, 1)])
    >>> list(a - b)
    [({Col(id=0, ...): 1}, 1), ({Col(id=0, ...): 2}, -1)]
    """

    def __init__(self, rows: Iterable[Weighted] = ()) -> None:
        found: dict[Image, Weighted] = {}
        for row, weight in rows:
            found[image(row)] = (row, found.get(image(row), (row, 0))[1] + weight)
        self._entries = {key: entry for key, entry in found.items() if entry[1] != 0}

    def __iter__(self) -> Iterator[Weighted]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, row: Row) -> int:
        return self._entries.get(image(row), (row, 0))[1]

    def __add__(self, other: ZSet) -> ZSet:
        return ZSet([*self, *other])

    def __neg__(self) -> ZSet:
        return ZSet((row, -weight) for row, weight in self)

    def __sub__(self, other: ZSet) -> ZSet:
        return self + -other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZSet) and not len(self - other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = (", ".join(f"{c.name}={v}" for c, v in row.items()) for row, _ in self)
        return f"ZSet({', '.join(f'({row}): {w:+}' for row, (_, w) in zip(rows, self, strict=True))})"


def evaluate(
    rel: Rel,
    new: Mapping[Scan, Iterable[Weighted]],
    delta: Mapping[Scan, Iterable[Weighted]] | None = None,
    carried: Mapping[str, Iterable[Weighted]] | None = None,
) -> ZSet:
    """What `rel` denotes.

    `new` holds the current rows of each scan, `delta` its changes, netted or not (none where it
    has no entry), `carried` the rows of temporary tables by name. A scan that lacks some columns
    reads those that it has from the scan of the same relation that has them all; one whose columns
    are others, from a scan of the same relation, by position.
    """
    return ZSet(_Interpreter(new, delta or {}, carried or {}).rows(rel))


@dataclass(slots=True)
class _Interpreter:
    new: Mapping[Scan, Iterable[Weighted]]
    delta: Mapping[Scan, Iterable[Weighted]]
    carried: Mapping[str, Iterable[Weighted]]
    around: Row = field(default_factory=dict)
    known: dict[Rel, list[Weighted]] = field(default_factory=dict)

    def rows(self, rel: Rel) -> list[Weighted]:
        """The rows of `rel`; a plan shares subtrees, each is evaluated once."""
        if rel not in self.known:
            self.known[rel] = list(self.evaluated(rel))
        return self.known[rel]

    def evaluated(self, rel: Rel) -> Iterable[Weighted]:
        match rel:
            case Scan():
                return _scanned(self.new, rel)
            case Delta(scan):
                return (
                    _scanned(self.delta, scan) if any(s.relation == scan.relation for s in self.delta) else []
                )
            case Carried(name, schema):
                return [({c: row[c] for c in schema}, weight) for row, weight in self.carried[name]]
            case Values(schema, rows):
                return [({c: self.value(s, {}) for c, s in zip(schema, row, strict=True)}, 1) for row in rows]
            case Filter(input, predicates):
                return [(row, weight) for row, weight in self.rows(input) if self.holds(predicates, row)]
            case Project(input, outputs):
                return [
                    ({c: self.value(s, row) for c, s in outputs}, weight) for row, weight in self.rows(input)
                ]
            case Join(left, right, on):
                ours = self.rows(left)
                return [(row, v * w) for a, v in ours for row, w in self.pairs(a, left, right, on)]
            case Outer():
                return self.padded(rel)
            case Match():
                return self.matched(rel)
            case Flips():
                return self.flipped(rel)
            case Expand():
                return self.expanded(rel)
            case Union(terms):
                return [entry for term in terms for entry in self.rows(term)]
            case Negate(input):
                return [(row, -weight) for row, weight in self.rows(input)]
            case Net(input):
                return ZSet(self.rows(input))
            case Aggregate(input, keys, calls):
                members: list[Weighted] = [({**self.around, **row}, w) for row, w in self.rows(input)]
                return _aggregated(members, keys, calls)

    # Scalars see the row, and the rows of enclosing queries

    def value(self, scalar: Scalar, row: Row) -> Any:
        return value(scalar, {**self.around, **row})

    def holds(self, predicates: Iterable[Scalar], row: Row) -> bool:
        return holds(predicates, {**self.around, **row})

    # Joins

    def pairs(self, row: Row, left: Rel, right: Rel, on: Iterable[Scalar]) -> list[Weighted]:
        """A row of `left` with each partner, and the partner's weight."""
        beside = self
        if free(right) & frozenset(left.schema):
            beside = _Interpreter(self.new, self.delta, self.carried, {**self.around, **row})
        found = [({**row, **other}, weight) for other, weight in beside.rows(right)]
        return [(pair, weight) for pair, weight in found if self.holds(on, pair)]

    def padded(self, rel: Outer) -> list[Weighted]:
        found: list[Weighted] = []
        for row, weight in self.rows(rel.left):
            pairs = self.pairs(row, rel.left, rel.right, rel.on)
            known = [({**row, **{new: pair[old] for new, old in rel.padded}}, w) for pair, w in pairs]
            alone = ({**row, **{new: None for new, _ in rel.padded}}, 1)
            found += [(pair, weight * w) for pair, w in known or [alone]]
        return found

    def matched(self, rel: Match) -> list[Weighted]:
        found: list[Weighted] = []
        for row, weight in self.rows(rel.left):
            has = sum(w for _, w in self.pairs(row, rel.left, rel.right, rel.on)) > 0
            if rel.mark is not None:
                found.append(({**row, rel.mark: has}, weight))
            elif has is not rel.negated:
                found.append((row, weight))
        return found

    def flipped(self, rel: Flips) -> list[Weighted]:
        found: list[Weighted] = []
        for row, weight in self.rows(rel.left):
            now = sum(w for _, w in self.pairs(row, rel.left, rel.right, rel.on))
            before = now - self.value(rel.total, row)
            found.append((row, weight * ((now > 0) - (before > 0))))
        return found

    def expanded(self, rel: Expand) -> list[Weighted]:
        found: list[Weighted] = []
        for row, weight in self.rows(rel.input):
            sets = [list(self.value(function, row) or ()) for function in rel.functions]
            together = [list(parts) for parts in zip_longest(*sets)]
            if rel.ordinality:
                together = [[*parts, i] for i, parts in enumerate(together, 1)]
            wide = [{**row, **dict(zip(rel.columns, parts, strict=True))} for parts in together]
            kept = [one for one in wide if self.holds(rel.on, one)]
            alone = [{**row, **dict.fromkeys(rel.columns)}] if rel.outer else []
            found += [(one, weight) for one in kept or alone]
        return found


def _widest(states: Mapping[Scan, Iterable[Weighted]], scan: Scan) -> Scan | None:
    """The given scan of the same relation that has the columns of `scan`."""
    columns = frozenset(scan.schema)
    return next((s for s in states if s.relation == scan.relation and columns <= frozenset(s.schema)), None)


def _scanned(states: Mapping[Scan, Iterable[Weighted]], scan: Scan) -> list[Weighted]:
    wide = _widest(states, scan)
    if wide is not None:
        return [({c: row[c] for c in scan.schema}, weight) for row, weight in states[wide]]
    given = next((s for s in states if s.relation == scan.relation and _names(scan) <= _names(s)), None)
    if given is None:
        raise KeyError(f"no rows are given for {scan.alias}")
    if len(given.schema) == len(scan.schema):
        pairs = dict(zip(scan.schema, given.schema, strict=True))
    else:
        pairs = {c: other for c in scan.schema for other in given.schema if c.name == other.name}
    return [({c: row[other] for c, other in pairs.items()}, weight) for row, weight in states[given]]


def _names(scan: Scan) -> frozenset[str]:
    return frozenset(column.name for column in scan.schema)


# Aggregates


def _aggregated(
    rows: Iterable[Weighted], keys: Sequence[Col], calls: Iterable[tuple[Col, Call]]
) -> list[Weighted]:
    """One row per group, by the `=` of its keys with NULLs alike; without keys, one in any case."""
    groups: dict[tuple[Any, ...], list[Weighted]] = {} if keys else {(): []}
    for row, weight in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append((row, weight))
    calls = list(calls)
    return [
        ({**dict(zip(keys, group, strict=True)), **{c: called(call, members) for c, call in calls}}, 1)
        for group, members in groups.items()
    ]


def called(call: Call, rows: Iterable[Weighted]) -> Any:
    """The value of an aggregate call over the rows of one group."""
    chosen = [entry for entry in rows if call.filter is None or holds((call.filter,), entry[0])]
    if call.state:
        return _state(call, chosen)
    inputs = _sorted(call, chosen)
    if call.function.name not in ("min", "max"):
        assert all(weight > 0 for _, _, weight in inputs), "only states and extrema take signed rows"
        inputs = [entry for entry in inputs for _ in range(entry[2])]
    arguments = [args for args, _, _ in inputs]
    if call.distinct:
        arguments = list(dict.fromkeys(arguments))
    if call.star:
        return len(arguments)
    if call.function.name == "array_agg":
        return tuple(args[0] for args in arguments) or None
    return _of_present(call, [args for args in arguments if args[0] is not None])


def _of_present(call: Call, arguments: list[tuple[Any, ...]]) -> Any:
    """Aggregates that pass over NULLs, and are NULL over nothing; only count is 0."""
    values = [args[0] for args in arguments]
    match call.function.name:
        case "count":
            return len(values)
        case _ if not values:
            return None
        case "string_agg":
            texts = [(delimiter or "") + text for text, delimiter in arguments]
            return "".join(texts).removeprefix(arguments[0][1] or "")
        case "sum":
            return sum(values, _zero(call.type))
        case "avg":
            return quotient(sum(values), len(values))
        case name if name in VARIANCES:
            return _dispersion(name, values)
        case name:
            return CHOICES[name](values)


def _dispersion(name: str, values: list[Any]) -> Decimal | None:
    """The mean square of the distances from the mean, or its root."""
    n = len(values) if name.endswith("_pop") else len(values) - 1
    if not n:
        return None
    mean = Fraction(sum(values)) / len(values)
    square = sum(((value - mean) ** 2 for value in map(Fraction, values)), Fraction()) / n
    variance = quotient(square.numerator, square.denominator)
    return root(variance) if name.startswith("std") else variance


CHOICES: Final[dict[str, Callable[[Iterable[Any]], Any]]] = {
    "min": min,
    "max": max,
    "bool_and": all,
    "every": all,
    "bool_or": any,
}


def _state(call: Call, rows: list[Weighted]) -> Any:
    """A running count or sum over signed rows, or the weight of the best row."""
    if call.function.name == "array_agg":
        best = _sorted(call, rows)
        return best[0][2] if best else None
    if call.star or not call.args:
        return sum(weight for _, weight in rows)
    present = [(v, weight) for row, weight in rows if (v := value(call.args[0], row)) is not None]
    if call.function.name == "count":
        return sum(weight for _, weight in present)
    return sum((v * weight for v, weight in present), _zero(call.type))


def _zero(kind: Type) -> Any:
    return Decimal(0) if kind.name == "numeric" else 0


def _sorted(call: Call, rows: list[Weighted]) -> list[tuple[tuple[Any, ...], tuple[Any, ...], int]]:
    """Arguments, sort keys and weight of each row, in the call's order; ties by their image."""
    found = [
        (tuple(value(s, row) for s in call.args), tuple(value(s, row) for s, _ in call.order), weight)
        for row, weight in rows
    ]
    found.sort(key=lambda entry: repr(entry[:2]))
    for i, (_, words) in reversed(list(enumerate(call.order))):
        down = "DESC" in words
        first = "NULLS FIRST" in words or (down and "NULLS LAST" not in words)
        nulls = [entry for entry in found if entry[1][i] is None]
        present = [entry for entry in found if entry[1][i] is not None]
        present.sort(key=lambda entry, i=i: entry[1][i], reverse=down)  # type: ignore[misc]
        found = nulls + present if first else present + nulls
    return found
