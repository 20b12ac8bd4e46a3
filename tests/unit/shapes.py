"""Plans of SQL, in the notation of the papers: σ π ⋈ ⟕ ⋉ ▷ ⊎ γ.

δ is for groups without calls, μ for mark joins, ε for set-returning functions.
"""

from collections.abc import Iterable
from typing import Final

from ivmc.bind import Bound, bind
from ivmc.catalog import Catalog
from ivmc.ir import (
    Aggregate,
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
from ivmc.parse import parse
from ivmc.scalar import Col

CATALOG: Final = Catalog.from_sql("""
    CREATE TABLE country (id int PRIMARY KEY, name text UNIQUE);
    CREATE TABLE customer (id int PRIMARY KEY, country int REFERENCES country, mail text NOT NULL UNIQUE);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer, amount int, rate int);
    CREATE TABLE line (orders int, number int, price numeric(10,2), PRIMARY KEY (orders, number));
    CREATE TABLE tariff (code numeric PRIMARY KEY, label text);
    CREATE TABLE log (at date, message text);
""")


def bound(sql: str) -> Rel:
    """The relation of a query that is maintained differentially."""
    return query(sql).rel


def query(sql: str) -> Bound:
    """A bound query: its relation, and the names of its columns."""
    found, context = bind(parse(sql), CATALOG)
    assert found is not None, context.reasons
    assert not context.reasons, context.reasons
    return found


def shape(rel: Rel) -> str:
    match rel:
        case Scan() | Delta():
            return ("Δ" if isinstance(rel, Delta) else "") + (
                rel.scan if isinstance(rel, Delta) else rel
            ).alias
        case Carried(name):
            return name
        case Values(_, rows):
            return f"{len(rows)} rows"
        case Filter(input):
            return f"σ({shape(input)})"
        case Project(input):
            return f"π({shape(input)})"
        case Join(left, right):
            return f"({shape(left)} ⋈ {shape(right)})"
        case Outer(left, right):
            return f"({shape(left)} ⟕ {shape(right)})"
        case Match(left, right, _, negated, mark):
            sign = "⋉" if mark is None else "μ"
            return f"({shape(left)} {'▷' if negated else sign} {shape(right)})"
        case Flips(left, right):
            return f"flips({shape(left)} ⋉ {shape(right)})"
        case Expand(input):
            return f"ε({shape(input)})"
        case Union(terms):
            return f"({' ⊎ '.join(map(shape, terms))})"
        case Aggregate(input, _, calls):
            return f"{'γ' if calls else 'δ'}({shape(input)})"
        case Negate(input):
            return f"-{shape(input)}"
        case Net(input):
            return f"net({shape(input)})"


def names(columns: Iterable[Col] | None) -> list[str] | None:
    """What columns are called, in order."""
    return None if columns is None else sorted(column.name for column in columns)
