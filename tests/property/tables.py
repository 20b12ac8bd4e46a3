"""FROM, as Hypothesis draws it: tables, queries and functions, joined in every way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from tests.property.expressions import COMPARABLE, IMAGE, NUMBERS, Expressions, Value
from tests.property.subqueries import ISCOLUMN

ARRAYS = ("int[]", "text[]")
JOINS = ("", "", "", "LEFT ", "LEFT ", "RIGHT ", "FULL ")


@dataclass(frozen=True)
class Output:
    """A named column of a relation."""

    name: str
    type: str
    exact: int = IMAGE


@dataclass(frozen=True)
class Query:
    sql: str
    columns: tuple[Output, ...]

    @property
    def exact(self) -> int:
        return min(column.exact for column in self.columns)


@dataclass(frozen=True)
class Relation:
    """What FROM can name, or a parenthesised query."""

    sql: str
    columns: tuple[Output, ...]
    key: tuple[str, ...] = ()


class Source(Protocol):
    """What can be named in FROM, and queries to stand there."""

    relations: list[Relation]
    numbers: "count[int]"

    def query(
        self, depth: int, kinds: Sequence[str] | None = None, around: tuple[Value, ...] = ()
    ) -> Query: ...


def common(a: str, b: str) -> str:
    """The type that PostgreSQL gives to what is one or the other."""
    if a == b:
        return a
    ranks = ("int", "bigint", "numeric(6,2)", "numeric", "float8", "date", "timestamptz")
    kind = max(a, b, key=lambda kind: ranks.index(kind) if kind in ranks else -1)
    return "numeric" if kind == "numeric(6,2)" else kind


def name_of(value: Value) -> str:
    """The name of a column without the table's."""
    return value.sql.partition(".")[2] if ISCOLUMN.fullmatch(value.sql) else value.sql


@dataclass
class Tables:
    """Draws the FROM of one SELECT: its columns come into the scope of `choose`, its links into `where`.

    `keyed` are the columns of each table that has a primary key, after those of the key.
    """

    queries: Source
    depth: int
    choose: Expressions
    where: list[str] = field(default_factory=list)
    keyed: list[tuple[list[Value], list[Value]]] = field(default_factory=list)

    def drawn(self) -> str:
        """One to three items; joined ones bring columns of both sides into scope."""
        text, columns = self.item()
        more = self.choose.pick([0, 1, 1, 2] if self.depth else [0, 0, 1])
        for number in range(more):
            text, columns = self.joined(text, columns, last=number == more - 1)
        return text

    def item(self) -> tuple[str, list[Value]]:
        """A named relation, a query, or a join in parentheses; and its columns."""
        draw, queries = self.choose, self.queries
        if self.depth > 0 and draw.once_in(8):
            text, columns = self.joined(*self.item(), last=False)
            return f"({text})", columns
        relation = draw.pick(queries.relations)
        if self.depth > 0 and draw.once_in(4):
            inner = queries.query(self.depth - 1)
            relation = Relation(f"({inner.sql})", inner.columns)
        return self.named_item(relation)

    def beside(self, left: list[Value]) -> tuple[str, list[Value]]:
        """An item that may read those to its left: LATERAL, or functions of their columns."""
        known = tuple(v for v in left if ISCOLUMN.fullmatch(v.sql) and v.type != "json")
        if self.depth > 0 and self.choose.once_in(8):
            inner = self.queries.query(self.depth - 1, None, (*known, *self.choose.around))
            return self.named_item(Relation(f"LATERAL ({inner.sql})", inner.columns))
        return self.functions(left) if self.choose.once_in(8) else self.item()

    def functions(self, left: list[Value]) -> tuple[str, list[Value]]:
        """Set-returning functions in FROM, at times in step, at times numbered."""
        inside, self.choose.scope = self.choose.scope, list(left)
        arrays = [Value(f"unnest({v.sql})", v.type.removesuffix("[]")) for v in left if v.type in ARRAYS]
        calls = [self.choose.series() for _ in range(self.choose.pick([1, 1, 1, 2]))]
        calls += [self.choose.pick(arrays)] if arrays else []
        self.choose.scope = inside
        texts = ", ".join(call.sql for call in calls)
        names = [Output(f"c{i + 1}", call.type) for i, call in enumerate(calls)]
        item = texts if len(calls) == 1 else f"ROWS FROM ({texts})"
        if self.choose.once_in(3):
            item, names = f"{item} WITH ORDINALITY", [*names, Output("l", "bigint")]
        text, columns = self.named_item(Relation(item, tuple(names)))
        return f"{text} ({', '.join(column.name for column in names)})", columns

    def named_item(self, relation: Relation) -> tuple[str, list[Value]]:
        """A relation under an alias of its own."""
        alias = f"a{next(self.queries.numbers)}"
        columns = [Value(f"{alias}.{c.name}", c.type, c.exact) for c in relation.columns]
        self.choose.scope += columns
        if relation.key:
            key = [v for c, v in zip(relation.columns, columns, strict=True) if c.name in relation.key]
            self.keyed.append((key, columns))
        return f"{relation.sql} AS {alias}", columns

    def joined(self, text: str, left: list[Value], *, last: bool) -> tuple[str, list[Value]]:
        """`text JOIN …`, and the columns of both."""
        draw = self.choose
        outer = draw.pick(JOINS)
        more, right = self.item() if outer in ("RIGHT ", "FULL ") else self.beside(left)
        names, others = ([name_of(value) for value in side] for side in (left, right))
        same = [name_of(v) for v in right if names.count(name_of(v)) == others.count(name_of(v)) == 1]
        same = [name for name in same if self.of(right, name).type in COMPARABLE]
        kind = draw.pick(["on", "on", "comma", "using", "cross", "natural"])
        if kind == "using" and same:
            merged = self.merged(draw.pick(same), left, right, outer)
            return f"{text} {outer}JOIN {more} USING ({merged.sql})", [*left, *right, merged]
        if kind == "natural" and len(same) == len(set(names) & set(others)):
            return f"{text} NATURAL {outer}JOIN {more}", [*left, *right]
        if kind == "comma" and last and not draw.around:
            self.where.append(self.link(left, right))
            return f"{text}, {more}", [*left, *right]
        if kind == "cross" and not outer:
            return f"{text} CROSS JOIN {more}", [*left, *right]
        return f"{text} {outer}JOIN {more} ON {self.condition(left, right, outer)}", [*left, *right]

    def of(self, values: list[Value], name: str) -> Value:
        return next(value for value in values if name_of(value) == name)

    def merged(self, name: str, left: list[Value], right: list[Value], outer: str) -> Value:
        """The column that USING makes of two."""
        a, b = self.of(left, name), self.of(right, name)
        kind = common(a.type, b.type)
        shown = {"": [side for side in (a, b) if side.type == kind][:1], "LEFT ": [a], "RIGHT ": [b]}
        exact = min(side.exact for side in shown.get(outer) or (a, b))
        found = Value(name, kind, exact)
        self.choose.scope.append(found)
        return found

    def condition(self, left: list[Value], right: list[Value], outer: str) -> str:
        """What ON says: a link, at times a condition on one side or on both beside it."""
        inside, self.choose.scope = self.choose.scope, [*left, *right]
        parts = [self.link(left, right, hashed=outer == "FULL ")]
        if outer != "FULL " and self.choose.once_in(4):
            parts.append(self.choose.value("bool").sql)
        self.choose.scope = inside
        return self.choose.pick([" AND ", " AND ", " AND ", " OR "]).join(parts)

    def link(self, left: list[Value], right: list[Value], *, hashed: bool = False) -> str:
        """A join condition: mostly an equality of comparable columns; always where it must be `hashed`."""
        pairs = [
            (a.sql, b.sql)
            for a in left
            for b in right
            if a.exact
            and b.exact
            and ((a.type == b.type and a.type in COMPARABLE) or {a.type, b.type} <= set(NUMBERS))
        ]
        if hashed and not pairs:
            return "true"
        if not pairs or (not hashed and self.choose.once_in(6)):
            return self.choose.value("bool").sql
        word = self.choose.pick(["=", "=", "=", *([] if hashed else ["<", "IS NOT DISTINCT FROM"])])
        a, b = self.choose.pick(pairs)
        return f"{a} {word} {b}"
