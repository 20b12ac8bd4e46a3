"""Schemas and changes that Hypothesis draws: tiny domains, so that duplicates, NULLs and conflicts abound.

A column's name says its type in every table, so that NATURAL and USING always find partners:

    id k i  int     l  bigint    d  numeric(6,2)   n  numeric       s  text       o  bool
    t       date    f  float8    z  timestamptz    v  interval      j  json
"""

from dataclasses import dataclass

from hypothesis import strategies as st

DOMAINS: dict[str, tuple[str, ...]] = {
    "int": ("1", "2", "3", "0", "-1"),
    "bigint": ("1", "2", "0", "5000000000"),
    "numeric(6,2)": ("1.50", "2", "0", "-1.25"),
    "numeric": ("1", "1.0", "1.00", "2.5", "0", "-3.125", "'NaN'", "'Infinity'"),
    "text": ("'a'", "'b'", "''", "'ab'", "'A'"),
    "bool": ("true", "false"),
    "date": ("'2024-02-29'", "'2024-03-31'", "'2023-12-31'"),
    "float8": ("1.5", "0.25", "-2", "0", "'-0'", "'NaN'"),
    "timestamptz": ("'2024-03-31 00:30+00'", "'2024-03-31 23:30+00'", "'2023-12-31 23:59:59.5+00'"),
    "interval": ("'1 mon'", "'30 days'", "'1 day'", "'24:00'"),
    "json": ("""'{"a": 1}'""", """'{"a":1}'""", "'[]'"),
}
NAMES = {
    "k": "int", "s": "text", "i": "int", "d": "numeric(6,2)", "n": "numeric", "t": "date", "o": "bool",
    "l": "bigint", "f": "float8", "z": "timestamptz", "v": "interval", "j": "json",
}  # fmt: skip
ODD = {
    "i": '"count"',
    "s": '"weight"',
    "d": '"Größe in %"',
    "n": '"new"',
    "l": '"xid"',
    "k": '"a.b"',
    "o": '"old"',
}
NUMBERS = ("int", "bigint", "numeric(6,2)", "numeric", "float8")


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    nullable: bool = True
    extra: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.type}{'' if self.nullable else ' NOT NULL'}{self.extra}"


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def ddl(self) -> str:
        key = (f"PRIMARY KEY ({', '.join(self.key)})",) if self.key else ()
        return f"CREATE TABLE {self.name} ({', '.join((*map(str, self.columns), *key))})"


@dataclass(frozen=True)
class Batch:
    """What happens between two refreshes: transactions of statements, which may fail one by one."""

    transactions: tuple[tuple[str, ...], ...]


@st.composite
def schemas(draw: st.DrawFn) -> tuple[Table, ...]:
    """Two to four tables; some with a primary key, some that refer to an earlier one."""
    odd = ODD if draw(st.integers(0, 7)) == 7 else {}
    tables: list[Table] = []
    for number in range(draw(st.integers(2, 4))):
        tables.append(draw(_table(f"r{number + 1}", odd, tables)))
    return tuple(tables)


@st.composite
def _table(draw: st.DrawFn, name: str, odd: dict[str, str], earlier: list[Table]) -> Table:
    chosen = draw(st.lists(st.sampled_from(list(NAMES)[1:]), min_size=1, max_size=3, unique=True))
    keys: list[tuple[str, ...]] = [(), ("id",), ("id", "k")]
    key = draw(st.sampled_from(keys))
    columns = [Column("id", "int", nullable=not key)] if draw(st.booleans()) or key else []
    for plain in ["k", *chosen]:
        nullable = draw(st.booleans()) and plain not in key
        extra = str(draw(_reference(earlier))) if plain == "k" else ""
        columns.append(Column(odd.get(plain, plain), NAMES[plain], nullable, extra))
    return Table(name, tuple(columns), tuple(odd.get(part, part) for part in key))


def _reference(earlier: list[Table]) -> st.SearchStrategy[str]:
    targets = [table for table in earlier if table.key == ("id",)]
    actions = ("", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE CASCADE")
    some = [f" REFERENCES {table.name} (id){action}" for table in targets for action in actions]
    return st.sampled_from(["", "", *some])


def value(column: Column) -> st.SearchStrategy[str]:
    plain = st.sampled_from(DOMAINS[column.type])
    return st.one_of(plain, plain, st.just("NULL")) if column.nullable else plain


@st.composite
def insertion(draw: st.DrawFn, table: Table, most: int = 4) -> str:
    rows = draw(st.lists(st.tuples(*map(value, table.columns)), min_size=1, max_size=most))
    text = ", ".join(f"({', '.join(row)})" for row in rows)
    tail = draw(st.sampled_from(_conflicts(table))) if table.key else ""
    return f"INSERT INTO {table.name} VALUES {text}{tail}"


def _conflicts(table: Table) -> list[str]:
    rest = [column.name for column in table.columns if column.name not in table.key]
    sets = ", ".join(f"{name} = excluded.{name}" for name in rest)
    upsert = [f" ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {sets}"] if rest else []
    return [" ON CONFLICT DO NOTHING", *upsert]


@st.composite
def condition(draw: st.DrawFn, table: Table) -> str:
    column = draw(st.sampled_from(table.columns))
    if column.type == "json":
        return f"{column.name} IS NULL"
    compared = draw(st.sampled_from(["=", "=", "<>", "<"]))
    constant = draw(st.sampled_from(DOMAINS[column.type]))
    first = f"ctid = (SELECT min(ctid) FROM {table.name})"
    return draw(
        st.sampled_from([f"{column.name} {compared} {constant}", first, f"{column.name} IS NULL", "true"])
    )


@st.composite
def assignment(draw: st.DrawFn, table: Table) -> str:
    column = draw(st.sampled_from(table.columns))
    choices = [draw(value(column)), column.name]
    if column.type in NUMBERS:
        choices += [f"{column.name} + 1", f"- {column.name}"]
    others = [other.name for other in table.columns if other.type == column.type]
    return f"{column.name} = {draw(st.sampled_from([*choices, *others]))}"


@st.composite
def statements(draw: st.DrawFn, tables: tuple[Table, ...]) -> tuple[str, ...]:
    """One change, of one or a few statements."""
    table = draw(st.sampled_from(tables))
    name, where = table.name, draw(condition(table))
    match draw(st.sampled_from(["insert", "update", "delete", "move", "refill", "again", "swap", "both"])):
        case "insert":
            return (draw(insertion(table)),)
        case "update":
            sets = draw(
                st.lists(assignment(table), min_size=1, max_size=2, unique_by=lambda s: s.split(" =")[0])
            )
            return (f"UPDATE {name} SET {', '.join(sets)} WHERE {where}",)
        case "delete":
            return (f"DELETE FROM {name} WHERE {where}",)
        case "refill":
            return (f"DELETE FROM {name}", draw(insertion(table, 6)))
        case "again":
            row = draw(insertion(table, 1))
            return (row, f"DELETE FROM {name} WHERE ctid = (SELECT max(ctid) FROM {name})")
        case "swap" if "id" in table.key:
            return tuple(f"UPDATE {name} SET id = {b} WHERE id = {a}" for a, b in ((1, 9), (2, 1), (9, 2)))
        case "both":
            other = draw(st.sampled_from(tables))
            return (
                f"WITH gone AS (DELETE FROM {name} WHERE {where} RETURNING 1) {draw(insertion(other, 2))}",
            )
        case _:
            return (f"UPDATE {name} SET {draw(assignment(table))}",)


@st.composite
def batches(draw: st.DrawFn, tables: tuple[Table, ...]) -> tuple[Batch, ...]:
    """Changes before each of a few refreshes, over one or several transactions."""
    found: list[Batch] = []
    for _ in range(draw(st.integers(1, 4))):
        changes = draw(st.lists(statements(tables), min_size=0 if found else 1, max_size=5))
        together = draw(st.booleans())
        split = (tuple(s for change in changes for s in change),) if together else tuple(changes)
        found.append(Batch(split))
    return tuple(found)


@st.composite
def contents(draw: st.DrawFn, tables: tuple[Table, ...]) -> tuple[str, ...]:
    """The rows that the tables start with; some start empty."""
    return tuple(draw(insertion(table, 8)) for table in tables if draw(st.integers(0, 5)) < 5)
