"""Queries that Hypothesis draws, composed freely from the grammar that is maintained differentially."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from hypothesis import strategies as st

from tests.property.data import Table
from tests.property.expressions import (
    COMPARABLE,
    EQUAL,
    IMAGE,
    KINDS,
    NEAR,
    NUMBERS,
    UNSTABLE,
    Expressions,
    Value,
)

ISCOLUMN = re.compile(r"a[0-9]+\.\w+")
WIDER = {
    "int": ("bigint", "numeric"), "bigint": ("numeric", "int"), "numeric(6,2)": ("numeric", "int"),
    "date": ("timestamptz",), "numeric": ("int", "numeric(6,2)"),
}  # fmt: skip


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


@dataclass(frozen=True)
class Relation:
    """What FROM can name, or a parenthesised query."""

    sql: str
    columns: tuple[Output, ...]
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """What the user writes: views over the tables, then the query."""

    views: tuple[str, ...]
    query: Query


@dataclass
class Queries:
    """Draws queries over the relations that can be named."""

    draw: st.DrawFn
    relations: list[Relation]
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def query(self, depth: int, kinds: Sequence[str] | None = None) -> Query:
        """A SELECT or a UNION of some; with `kinds`, of exactly these types."""
        select = Select(self, depth, Expressions(self.draw, []))
        if depth == 0 or not select.choose.once_in(4):
            return select.drawn(kinds)
        return self.union(depth - 1, kinds)

    def union(self, depth: int, kinds: Sequence[str] | None) -> Query:
        """Arms of compatible types; parentheses where an arm is itself a union."""
        choose = Expressions(self.draw, [])
        word = choose.pick(["UNION ALL", "UNION ALL", "UNION"])
        first = self.query(depth, kinds)
        if word == "UNION" and any(column.type not in COMPARABLE for column in first.columns):
            word = "UNION ALL"
        wanted = [
            self.related(choose, column.type) if kinds is None else column.type for column in first.columns
        ]
        second = self.query(depth, wanted)
        columns = tuple(
            _united(a, b, merged=word == "UNION") for a, b in zip(first.columns, second.columns, strict=True)
        )
        return Query(f"({first.sql}) {word} ({second.sql})", columns)

    def related(self, choose: Expressions, kind: str) -> str:
        return choose.pick([kind, kind, *WIDER.get(kind, ())])


def _united(a: Output, b: Output, *, merged: bool) -> Output:
    kind, exact = _common(a.type, b.type), min(a.exact, b.exact)
    return Output(a.name, kind, min(exact, EQUAL) if merged and kind in UNSTABLE else exact)


def _common(a: str, b: str) -> str:
    """The type that PostgreSQL gives to what is one or the other."""
    if a == b:
        return a
    ranks = ("int", "bigint", "numeric(6,2)", "numeric", "float8", "date", "timestamptz")
    kind = max(a, b, key=lambda kind: ranks.index(kind) if kind in ranks else -1)
    return "numeric" if kind == "numeric(6,2)" else kind


@dataclass
class Select:
    """Draws one SELECT."""

    queries: Queries
    depth: int
    choose: Expressions
    where: list[str] = field(default_factory=list)
    keys: list[Value] = field(default_factory=list)
    dependent: list[Value] = field(default_factory=list)
    keyed: list[tuple[list[Value], list[Value]]] = field(default_factory=list)

    def drawn(self, kinds: Sequence[str] | None) -> Query:
        tables = self.tables()
        self.guard()
        if self.choose.once_in(3):
            self.where.append(self.choose.value("bool").sql)
        grouped = self.choose.pick(["rows", "groups", "groups", "one", "distinct"])
        if kinds and grouped == "distinct" and not set(kinds) <= set(COMPARABLE):
            grouped = "rows"
        tail = self.grouped(grouped)
        items, columns = self.items(kinds, grouped)
        head = "SELECT DISTINCT " if grouped == "distinct" else "SELECT "
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        return Query(f"{head}{items} FROM {tables}{where}{tail}", columns)

    # FROM

    def tables(self) -> str:
        """One to three items; joined ones bring columns of both sides into scope."""
        text, _ = self.item()
        for _ in range(self.choose.pick([0, 1, 1, 2])):
            if self.choose.once_in(6):
                text = self.expanded(text)
                continue
            left = list(self.choose.scope)
            more, relation = self.item()
            right = self.choose.scope[len(left) :]
            text = self.joined(text, more, relation, left, right)
        return text

    def item(self) -> tuple[str, Relation]:
        draw, queries = self.choose, self.queries
        relation = draw.pick(queries.relations)
        if self.depth > 0 and draw.once_in(3):
            inner = queries.query(self.depth - 1)
            relation = Relation(f"({inner.sql})", inner.columns)
        alias = f"a{next(queries.numbers)}"
        columns = [Value(f"{alias}.{c.name}", c.type, c.exact) for c in relation.columns]
        draw.scope += columns
        if relation.key:
            key = [v for c, v in zip(relation.columns, columns, strict=True) if c.name in relation.key]
            self.keyed.append((key, columns))
        return f"{relation.sql} AS {alias}", relation

    def joined(self, text: str, more: str, relation: Relation, left: list[Value], right: list[Value]) -> str:
        draw = self.choose
        names = [value.sql.partition(".")[2] for value in left]
        same = [c.name for c in relation.columns if names.count(c.name) == 1 and c.type in COMPARABLE]
        kind = draw.pick(["on", "on", "comma", "using", "cross", "natural"])
        word = draw.pick(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        if kind == "using" and same:
            merged = draw.pick(same)
            a, b = (next(v for v in side if v.sql.endswith(f".{merged}")) for side in (left, right))
            kind = _common(a.type, b.type)
            exact = next((side.exact for side in (a, b) if side.type == kind), a.exact)
            exact = {"JOIN": exact, "LEFT JOIN": a.exact, "RIGHT JOIN": b.exact}.get(
                word, min(a.exact, b.exact)
            )
            draw.scope.append(Value(merged, kind, exact))
            return f"{text} {word} {more} USING ({merged})"
        if kind == "natural" and len(same) == len(set(names) & {c.name for c in relation.columns}):
            return f"{text} NATURAL {word} {more}"
        if kind == "cross":
            return f"{text} CROSS JOIN {more}"
        if kind == "comma":
            self.where.append(self.link(left, right))
            return f"{text} CROSS JOIN {more}" if "JOIN" in text else f"{text}, {more}"
        if word == "FULL JOIN":
            equal = self.pairs(left, right)
            return f"{text} {word} {more} ON {' = '.join(draw.pick(equal)) if equal else 'true'}"
        return f"{text} {word} {more} ON {self.link(left, right)}"

    def expanded(self, text: str) -> str:
        """A function that gives several rows for each row of the items before it."""
        draw = self.choose
        arguments = draw.known(("int", "int[]", "text[]"))
        if not arguments:
            return text
        argument, alias = draw.pick(arguments), f"a{next(self.queries.numbers)}"
        kind = argument.type.removesuffix("[]")
        array = kind != argument.type
        call = f"unnest({argument.sql})" if array else f"generate_series(1, {argument.sql} % 3)"
        join, on = draw.pick([("CROSS JOIN", ""), ("LEFT JOIN", " ON true"), ("CROSS JOIN LATERAL", "")])
        draw.scope += [Value(f"{alias}.v", kind), Value(f"{alias}.n", "bigint")]
        return f"{text} {join} {call} WITH ORDINALITY AS {alias} (v, n){on}"

    def link(self, left: list[Value], right: list[Value]) -> str:
        """A join condition: mostly an equality of comparable columns."""
        pairs = self.pairs(left, right)
        if not pairs or self.choose.once_in(6):
            return self.choose.value("bool").sql
        word = self.choose.pick(["=", "=", "=", "<", "IS NOT DISTINCT FROM"])
        a, b = self.choose.pick(pairs)
        return f"{a} {word} {b}"

    def pairs(self, left: list[Value], right: list[Value]) -> list[tuple[str, str]]:
        """Columns of both sides that can be compared."""
        return [
            (a.sql, b.sql)
            for a in left
            for b in right
            if a.exact
            and b.exact
            and ((a.type == b.type and a.type in COMPARABLE) or {a.type, b.type} <= set(NUMBERS))
        ]

    def guard(self) -> None:
        """A division that WHERE makes safe comes into scope."""
        numbers = self.choose.known(("int",))
        if not numbers or not self.choose.once_in(8):
            return
        divisor, dividend = self.choose.pick(numbers), self.choose.pick(numbers)
        self.where.append(f"{divisor.sql} <> 0")
        self.choose.scope.append(Value(f"(10 * {dividend.sql} / {divisor.sql})", "int"))

    # GROUP BY

    def grouped(self, how: str) -> str:
        """GROUP BY and HAVING; what the select list may use comes into scope."""
        if how in ("rows", "distinct"):
            return ""
        if how == "groups":
            self.keys = self.group_keys()
        calls = [self.choose.aggregate() for _ in range(self.choose.pick([1, 2, 3]))]
        keys = list(dict.fromkeys(key.sql for key in self.keys))
        self.choose.scope = self.keys + calls + self.dependent
        having = ""
        if self.choose.once_in(3):
            having = f" HAVING {self.choose.value('bool').sql}"
        return f"{f' GROUP BY {chr(44).join(keys)}' if keys else ''}{having}"

    def group_keys(self) -> list[Value]:
        """Some columns or expressions, or the primary key of a table, on which its columns depend."""
        if self.keyed and self.choose.once_in(4):
            primary, self.dependent = self.choose.pick(self.keyed)
            return primary
        columns = self.choose.known(COMPARABLE)
        found = []
        for _ in range(self.choose.pick([1, 1, 2])):
            key = (
                self.choose.any(COMPARABLE, depth=1)
                if self.choose.once_in(3) or not columns
                else self.choose.pick(columns)
            )
            found.append(replace(key, exact=min(key.exact, EQUAL) if key.type in UNSTABLE else key.exact))
        return found

    # The select list

    def items(self, kinds: Sequence[str] | None, grouped: str) -> tuple[str, tuple[Output, ...]]:
        allowed = COMPARABLE if grouped == "distinct" else (*KINDS, "text[]", "int[]", "jsonb")
        values = self.free(allowed) if kinds is None else [self.typed(kind) for kind in kinds]
        return self.named(values, merged=grouped == "distinct")

    def free(self, allowed: Sequence[str]) -> list[Value]:
        """Some of what is in scope as it is, or expressions over it."""
        shown = self.choose.known(allowed, NEAR)
        found = []
        for _ in range(self.choose.pick([1, 2, 3, 4])):
            plain = shown and not self.choose.once_in(4)
            found.append(
                self.choose.pick(shown) if plain else self.choose.any([k for k in allowed if k in KINDS])
            )
        return found

    def typed(self, kind: str) -> Value:
        if kind in KINDS:
            return self.choose.value(kind)
        return next(iter(self.choose.known((kind,), NEAR)), Value(f"NULL::{kind}", kind))

    def named(self, values: Sequence[Value], *, merged: bool) -> tuple[str, tuple[Output, ...]]:
        """Each under its own name where that is a free one, else c1, c2, …"""
        texts: list[str] = []
        columns: list[Output] = []
        for value in values:
            taken = {column.name for column in columns}
            name = value.sql.rpartition(".")[2] if ISCOLUMN.fullmatch(value.sql) else ""
            own = bool(name) and name not in taken
            name = name if own else next(f"c{n}" for n in count(1) if f"c{n}" not in taken)
            texts.append(value.sql if own else f"{value.sql} AS {name}")
            exact = min(value.exact, EQUAL) if merged and value.type in UNSTABLE else value.exact
            columns.append(Output(name, value.type, exact))
        return ", ".join(texts), tuple(columns)


@st.composite
def programs(draw: st.DrawFn, tables: tuple[Table, ...]) -> Program:
    """A query over tables, up to one view and up to two WITH queries."""
    known = [Relation(t.name, tuple(Output(c.name, c.type) for c in t.columns), t.key) for t in tables]
    queries = Queries(draw, known)
    views: list[str] = []
    if draw(st.integers(1, 5)) == 5:
        inner = queries.query(1)
        views.append(f"CREATE VIEW w1 AS {inner.sql}")
        queries.relations.append(Relation("w1", inner.columns))
    ctes: list[str] = []
    for number in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))):
        inner = queries.query(1)
        ctes.append(f"q{number + 1} AS ({inner.sql})")
        queries.relations += [Relation(f"q{number + 1}", inner.columns)] * 2
    query = queries.query(2)
    head = f"WITH {', '.join(ctes)} " if ctes else ""
    return Program(tuple(views), replace(query, sql=head + query.sql))
