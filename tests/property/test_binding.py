"""What binding makes of queries in expressions, in the reference interpreter, against PostgreSQL's answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

from ivmc.bind import Bound, bind
from ivmc.catalog import Catalog
from ivmc.diagnostics import CompileError
from ivmc.identity import free
from ivmc.parse import parse
from ivmc.value import SeveralRows
from ivmc.zset import evaluate
from tests.conftest import Servers
from tests.property.histories import TABLES, Record, Records, histories, rows_of
from tests.servers import Server, scratch_schema

TYPES = {"int4": "int", "text": "text", "numeric": "numeric", "bool": "bool"}
DDL = [
    f"CREATE TABLE {table.name} ("
    + ", ".join(
        f"{c.name} {c.type.sql}{' NOT NULL' if c.name in table.primary_key else ''}" for c in table.columns
    )
    + (f", PRIMARY KEY ({', '.join(table.primary_key)})" if table.primary_key else "")
    + ")"
    for table in TABLES
]
CATALOG = Catalog.from_sql(";".join(DDL))
COLUMNS = {
    table.name: [(c.name, TYPES[c.type.name]) for c in table.columns if TYPES[c.type.name] in ("int", "text")]
    for table in TABLES
}
LITERALS = {"int": ("1", "2", "0", "NULL::int"), "text": ("'x'", "'y'", "'1'")}
AGGREGATES = {"int": ("max({})", "min({})", "count({})"), "text": ("max({})", "min({})")}
OPERATORS = ("=", "=", "<>", "<", ">=")

Named = list[tuple[str, str]]


@dataclass
class Queries:
    """Draws queries. `around` are the columns of enclosing queries, as text with their types."""

    draw: st.DrawFn
    aliases: Any = field(default_factory=lambda: count(1))

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    # Queries

    def tables(self) -> tuple[str, Named]:
        """A FROM clause and its columns."""
        items, columns = [], []
        for name in self.draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=2)):
            alias = f"t{next(self.aliases)}"
            items.append(f"{name} {alias}")
            columns += [(f"{alias}.{column}", kind) for column, kind in COLUMNS[name]]
        return ", ".join(items), columns

    def query(self, kinds: Sequence[str], around: Named, depth: int) -> str:
        """A query with columns of these types."""
        shape = self.pick("plain", "plain", "total", "grouped", "values", "union")
        match shape:
            case "values":
                return f"SELECT {', '.join(self.value(kind, around, depth) for kind in kinds)}"
            case "union" if depth > 0:
                arms = (self.query(kinds, around, depth - 1) for _ in range(2))
                return f" UNION {self.pick('', 'ALL')} ".join(arms)
        source, own = self.tables()
        seen = own + around
        where = f" WHERE {self.predicate(seen, depth)}" if self.draw(st.booleans()) else ""
        if shape in ("total", "grouped"):
            return self.grouped(kinds, source, own, around, where, depth, by=shape == "grouped")
        distinct = self.pick("", "", "DISTINCT ")
        return f"SELECT {distinct}{self.outputs(kinds, seen, depth)} FROM {source}{where}"

    def grouped(
        self,
        kinds: Sequence[str],
        source: str,
        own: Named,
        around: Named,
        where: str,
        depth: int,
        *,
        by: bool,
    ) -> str:
        keys: Named = [self.pick(*own)] if by else []
        argument, kind = self.pick(*own)
        if depth > 0 and self.pick(True, False, False):
            argument, kind = self.value("int", own + around, depth - 1), "int"
        condition = (
            f" FILTER (WHERE {self.predicate(own + around, depth - 1)})"
            if depth > 0 and self.pick(0, 0, 1)
            else ""
        )
        call = self.pick(*AGGREGATES[kind]).format(argument) + condition
        seen = [*keys, (call, "int" if call.startswith("count") else kind), *around]
        group = f" GROUP BY {keys[0][0]}" if keys else ""
        having = f" HAVING {self.predicate(seen, depth)}" if self.draw(st.booleans()) else ""
        return f"SELECT {self.outputs(kinds, seen, depth)} FROM {source}{where}{group}{having}"

    def outputs(self, kinds: Sequence[str], seen: Named, depth: int) -> str:
        return ", ".join(f"{self.value(kind, seen, depth)} AS c{next(self.aliases)}" for kind in kinds)

    # Expressions

    def value(self, kind: str, seen: Named, depth: int) -> str:
        found = [sql for sql, known in seen if known == kind]
        atoms = (*found, *found, *LITERALS[kind][:2])
        match self.pick("atom", "atom", "scalar", "scalar", "coalesce", "case") if depth > 0 else "atom":
            case "scalar":
                return self.scalar(kind, seen, depth - 1)
            case "coalesce":
                return f"coalesce({self.scalar(kind, seen, depth - 1)}, {self.pick(*atoms)})"
            case "case":
                condition = self.predicate(seen, depth - 1)
                otherwise = self.value(kind, seen, depth - 1)
                return f"CASE WHEN {condition} THEN {self.pick(*atoms)} ELSE {otherwise} END"
            case _:
                return str(self.pick(*atoms))

    def scalar(self, kind: str, seen: Named, depth: int) -> str:
        """A query that mostly gives one row."""
        source, own = self.tables()
        found = [sql for sql, known in own if known == kind]
        if not found or self.pick(True, False, False, False):
            return f"({self.query([kind], seen, depth)})"
        call = self.pick(*AGGREGATES[kind]).format(self.pick(*found))
        selected = self.pick(call, call, f"coalesce({call}, {self.pick(*LITERALS[kind])})")
        return f"(SELECT {selected} FROM {source} WHERE {self.predicate(own + seen, depth)})"

    def predicate(self, seen: Named, depth: int) -> str:
        shapes = ["compare", "compare", "null", "logic"]
        if depth > 0:
            shapes += ["exists", "exists", "in", "in", "quantified", "row", "row order", "logic"]
        kind = self.pick("int", "text")
        match self.pick(*shapes):
            case "exists":
                return f"{self.pick('', 'NOT ')}EXISTS ({self.query(['int'], seen, depth - 1)})"
            case "in":
                left, word = self.value(kind, seen, depth - 1), self.pick("IN", "NOT IN")
                return f"({left} {word} ({self.query([kind], seen, depth - 1)}))"
            case "quantified":
                op, word = self.pick(*OPERATORS), self.pick("ANY", "ALL")
                return f"({self.value(kind, seen, 0)} {op} {word} ({self.query([kind], seen, depth - 1)}))"
            case "row":
                left = f"({self.value('int', seen, 0)}, {self.value(kind, seen, 0)})"
                word = self.pick("IN", "NOT IN", "= ALL", "<> ANY", "=", "<>")
                return f"({left} {word} ({self.query(['int', kind], seen, depth - 1)}))"
            case "row order":
                left = f"({self.value('int', seen, 0)}, {self.value('int', seen, 0)})"
                word = f"{self.pick('<', '>=')} {self.pick('ANY', 'ALL')}"
                return f"({left} {word} ({self.query(['int', 'int'], seen, depth - 1)}))"
            case "null":
                return f"({self.value(kind, seen, 0)} IS NULL)"
            case "logic":
                op = self.pick("AND", "OR", "NOT")
                a, b = self.predicate(seen, depth - 1), self.predicate(seen, 0)
                return f"(NOT {a})" if op == "NOT" else f"({a} {op} {b})"
            case _:
                op = self.pick(*OPERATORS)
                return f"({self.value(kind, seen, depth - 1)} {op} {self.value(kind, seen, 0)})"


@st.composite
def queries(draw: st.DrawFn) -> str:
    return f"SELECT a, b FROM ({Queries(draw).query(['int', 'text'], [], 2)}) AS q (a, b)"


def bound(sql: str) -> Bound:
    found, context = bind(parse(sql), CATALOG)
    assert not context.reasons, context.reasons
    assert found is not None
    return found


def interpreted(found: Bound, state: dict[str, Records]) -> Counter[Record]:
    """What the plan denotes, as rows."""
    assert not free(found.rel)
    rows = evaluate(found.rel, rows_of(found.rel, state))
    answer: Counter[Record] = Counter()
    for row, weight in rows:
        answer[tuple(map(plain, row.values()))] += weight
    return answer


def plain(datum: Any) -> Any:
    """Arrays as sorted tuples: their order is open."""
    return tuple(sorted(datum, key=repr)) if isinstance(datum, list | tuple) else datum


def answered(conn: psycopg.Connection[Any], sql: str) -> Counter[Record]:
    return Counter(tuple(map(plain, row)) for row in conn.execute(sql.encode()).fetchall())


def filled(conn: psycopg.Connection[Any], state: dict[str, Records]) -> None:
    for statement in DDL:
        conn.execute(statement.encode())
    for name, rows in state.items():
        for row in rows:
            holes = ", ".join(["%s"] * len(row))
            conn.execute(f"INSERT INTO {name} VALUES ({holes})".encode(), row)


def _accepted(sql: str) -> Bound | None:
    """The bound query; None where an aggregate stands where it may not."""
    try:
        return bound(sql)
    except CompileError:
        return None


@pytest.mark.newest
@given(sql=queries(), history=histories(batches=0))
def test_bound_queries_mean_what_postgres_answers(
    server: Server, servers: Servers, sql: str, history: Any
) -> None:
    note(sql)
    state = history.states[0]
    found = _accepted(sql)
    with scratch_schema(servers.database(server)) as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        filled(conn, state)
        try:
            theirs = answered(conn, sql)
        except psycopg.errors.CardinalityViolation:
            assume(False)
        except psycopg.errors.GroupingError:
            assert found is None
            return
    assert found is not None
    try:
        ours = interpreted(found, state)
    except SeveralRows:
        assume(False)
    assert ours == theirs
