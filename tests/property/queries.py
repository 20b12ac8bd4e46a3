"""Queries that Hypothesis draws, composed freely from the grammar that is maintained differentially."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from hypothesis import strategies as st

from tests.property import subqueries
from tests.property.data import Table
from tests.property.expressions import (
    COMPARABLE,
    CONSTANTS,
    EQUAL,
    KINDS,
    NEAR,
    NUMBERS,
    UNSTABLE,
    Expressions,
    Value,
)
from tests.property.subqueries import ISCOLUMN
from tests.property.tables import Output, Query, Relation, Tables, common, name_of

WIDER = {
    "int": ("bigint", "numeric"), "bigint": ("numeric", "int"), "numeric(6,2)": ("numeric", "int"),
    "date": ("timestamptz",), "numeric": ("int", "numeric(6,2)"),
}  # fmt: skip
SETS = ("UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL")


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

    def query(self, depth: int, kinds: Sequence[str] | None = None, around: tuple[Value, ...] = ()) -> Query:
        """A SELECT, VALUES, or several combined; with `kinds`, of exactly these types."""
        select = self.select(depth, around)
        if depth == 0 or not select.choose.once_in(4):
            return select.drawn(kinds)
        if select.choose.once_in(5):
            return self.values(select.choose, kinds)
        return self.combined(depth - 1, kinds, around)

    def select(self, depth: int, around: tuple[Value, ...] = ()) -> "Select":
        choose = Expressions(self.draw, [], around)
        if depth > 0:

            def source(kinds: tuple[str, ...], around: tuple[Value, ...], how: str | None) -> Query:
                return self.inner(depth - 1, kinds, around, how)

            choose.nested = lambda e, kind, exact: subqueries.drawn(e, kind, exact, source)
        return Select(self, depth, choose)

    def inner(self, depth: int, kinds: tuple[str, ...], around: tuple[Value, ...], how: str | None) -> Query:
        """A query in an expression, with `how` a plain SELECT of that form."""
        if how is None:
            return self.query(depth, kinds, around)
        return self.select(depth, around).drawn(kinds, how)

    def values(self, choose: Expressions, kinds: Sequence[str] | None) -> Query:
        """Rows of constants, some of them NULL."""
        kinds = kinds or tuple(choose.pick((*NUMBERS, "text")) for _ in range(choose.pick([1, 2])))
        rows = [
            [choose.pick([CONSTANTS.get(kind, "NULL"), "NULL"]) for kind in kinds]
            for _ in range(choose.pick([1, 2, 3]))
        ]
        rows[0] = [f"{value}::{kind}" for value, kind in zip(rows[0], kinds, strict=True)]
        names = tuple(Output(f"column{i + 1}", kind) for i, kind in enumerate(kinds))
        return Query(f"VALUES {', '.join(f'({chr(44).join(row)})' for row in rows)}", names)

    def combined(self, depth: int, kinds: Sequence[str] | None, around: tuple[Value, ...]) -> Query:
        """Arms of compatible types; parentheses where an arm is itself combined."""
        choose = Expressions(self.draw, [])
        word = choose.pick(SETS)
        first = self.query(depth, kinds, around)
        if any(column.type not in COMPARABLE for column in first.columns):
            word = "UNION ALL"
        wanted = [
            self.related(choose, column.type) if kinds is None else column.type for column in first.columns
        ]
        second = self.query(depth, wanted, around)
        columns = tuple(
            _united(a, b, merged=word != "UNION ALL")
            for a, b in zip(first.columns, second.columns, strict=True)
        )
        return Query(f"({first.sql}) {word} ({second.sql})", columns)

    def related(self, choose: Expressions, kind: str) -> str:
        return choose.pick([kind, kind, *WIDER.get(kind, ())])


def _united(a: Output, b: Output, *, merged: bool) -> Output:
    kind, exact = common(a.type, b.type), min(a.exact, b.exact)
    return Output(a.name, kind, min(exact, EQUAL) if merged and kind in UNSTABLE else exact)


@dataclass
class Select:
    """Draws one SELECT."""

    queries: Queries
    depth: int
    choose: Expressions
    keys: list[Value] = field(default_factory=list)
    dependent: list[Value] = field(default_factory=list)
    keyed: list[tuple[list[Value], list[Value]]] = field(default_factory=list)

    def drawn(self, kinds: Sequence[str] | None, how: str | None = None) -> Query:
        tables = Tables(self.queries, self.depth, self.choose)
        text, where = tables.drawn(), tables.where
        self.keyed = tables.keyed
        self.guard(where)
        if self.choose.around and not self.choose.once_in(3):
            where.append(tables.link(list(self.choose.around), self.choose.scope))
        if self.choose.once_in(3):
            where.append(self.choose.value("bool").sql)
        grouped = how or self.choose.pick(["rows", "groups", "groups", "one", "distinct"])
        if kinds and grouped == "distinct" and not set(kinds) <= set(COMPARABLE):
            grouped = "rows"
        tail = self.grouped(grouped)
        items, columns = self.items(kinds, grouped)
        head = "SELECT DISTINCT " if grouped == "distinct" else "SELECT "
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        return Query(f"{head}{items} FROM {text}{condition}{tail}", columns)

    def guard(self, where: list[str]) -> None:
        """A division that WHERE makes safe comes into scope."""
        numbers = self.choose.known(("int",))
        if not numbers or not self.choose.once_in(8):
            return
        divisor, dividend = self.choose.pick(numbers), self.choose.pick(numbers)
        where.append(f"{divisor.sql} <> 0")
        self.choose.scope.append(Value(f"(10 * {dividend.sql} / {divisor.sql})", "int"))

    # GROUP BY

    def grouped(self, how: str) -> str:
        """GROUP BY and HAVING; what the select list may use comes into scope."""
        if how in ("rows", "distinct"):
            return ""
        around, self.choose.around = self.choose.around, ()
        if how == "groups":
            self.keys = self.group_keys()
        calls = [self.choose.aggregate() for _ in range(self.choose.pick([1, 2, 3]))]
        keys = ", ".join(dict.fromkeys(key.sql for key in self.keys))
        plain = all(ISCOLUMN.search(key.sql) for key in self.keys)  # before 18, constants are not nulled
        if keys and plain and not self.dependent and self.choose.once_in(4):
            keys, more = self.sets(keys)
            calls.append(more)
            self.choose.nested = None
        self.choose.scope = self.keys + calls + self.dependent
        self.choose.around = around
        having = ""
        if self.choose.once_in(4):
            having = f" HAVING {self.choose.value('bool').sql}"
        return f"{f' GROUP BY {keys}' if keys else ''}{having}"

    def sets(self, keys: str) -> tuple[str, Value]:
        """The same keys in several sets, and a call that tells which."""
        one = self.choose.pick(self.keys)
        forms = [f"ROLLUP ({keys})", f"CUBE ({keys})", f"GROUPING SETS (({keys}), ({one.sql}), ())"]
        forms += [f"GROUPING SETS (({one.sql}), ({keys}))", f"{one.sql}, ROLLUP ({keys})"]
        return self.choose.pick(forms), Value(f"grouping({one.sql})", "int")

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
        if self.choose.once_in(10):
            found += [self.choose.series() for _ in range(self.choose.pick([1, 1, 2]))]
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
            name = name_of(value) if ISCOLUMN.fullmatch(value.sql) else ""
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
        inner = queries.query(draw(st.integers(0, 1)))
        views.append(f"CREATE VIEW w1 AS {inner.sql}")
        queries.relations.append(Relation("w1", inner.columns))
    ctes: list[str] = []
    for number in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))):
        inner = queries.query(draw(st.integers(0, 1)))
        ctes.append(f"q{number + 1} AS ({inner.sql})")
        queries.relations += [Relation(f"q{number + 1}", inner.columns)] * 2
    query = queries.query(draw(st.sampled_from([1, 1, 0, 2])))
    head = f"WITH {', '.join(ctes)} " if ctes else ""
    return Program(tuple(views), replace(query, sql=head + query.sql))
