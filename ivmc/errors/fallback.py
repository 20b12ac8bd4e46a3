"""IVM3xx: what is not maintained differentially.

Under `--mode auto` each of these is the reason for a full refresh, shown by `explain`; under
`--mode differential` it is an error. Either way the answer is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ivmc.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Fallback(Diagnostic):
    """A construct that makes the view recompute: the parent of every code in this range."""

    code: ClassVar[str] = "IVM300"
    help = "{instead}\nor leave `--mode` at `auto`: the view is then recomputed at each refresh"
    instead: ClassVar[str] = "write the query without it"


@dataclass(frozen=True, slots=True)
class WindowFunction(Fallback):
    """A window function.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric);
        SELECT id, rank() OVER (PARTITION BY customer ORDER BY amount) AS place FROM orders;

    Maintain what is below it, and put the window into the query that reads the view.
    """

    code = "IVM301"
    title = "window functions are not maintained incrementally"
    label = "`{name}` is a window function"
    instead = "maintain what is below it, and put the window into the query that reads the view"
    name: str


@dataclass(frozen=True, slots=True)
class RowLimit(Fallback):
    """LIMIT, OFFSET or FETCH.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id, amount FROM orders ORDER BY amount DESC LIMIT 10;

    Maintain the whole result, and limit it in the query that reads the view.
    """

    code = "IVM305"
    title = "{clause} is not maintained incrementally"
    instead = "limit the rows in the query that reads the view"
    clause: str = "LIMIT"


@dataclass(frozen=True, slots=True)
class DistinctOn(Fallback):
    """SELECT DISTINCT ON.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric);
        SELECT DISTINCT ON (customer) customer, amount FROM orders ORDER BY customer, amount DESC;

    With one value per group, `max` or `min` with GROUP BY gives the same.
    """

    code = "IVM306"
    title = "DISTINCT ON is not maintained incrementally"
    instead = "group by its expressions, and aggregate the rest"


@dataclass(frozen=True, slots=True)
class Recursion(Fallback):
    """A recursive WITH query.

    Example::

        CREATE TABLE departments (id int PRIMARY KEY, parent int);
        WITH RECURSIVE tree AS (
            SELECT id FROM departments WHERE parent IS NULL
            UNION ALL
            SELECT d.id FROM departments d JOIN tree t ON d.parent = t.id
        )
        SELECT id FROM tree;

    Where the depth is known, joins of the table with itself give the same.
    """

    code = "IVM307"
    title = "recursive queries are not maintained incrementally"
    label = "`{name}` refers to itself"
    instead = "join the table with itself where the depth is known"
    name: str


@dataclass(frozen=True, slots=True)
class TableSample(Fallback):
    """TABLESAMPLE: which rows are drawn depends on where they are stored.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id FROM orders TABLESAMPLE bernoulli (10) REPEATABLE (1);

    Draw by a hash of the key, which each row keeps: `WHERE hashint4(id) % 10 = 0`.
    """

    code = "IVM309"
    title = "TABLESAMPLE is not maintained incrementally"
    label = "depends on where rows are stored"
    instead = "draw by a hash of the key"


@dataclass(frozen=True, slots=True)
class CurrentTime(Fallback):
    """The query depends on the current time, so its result changes while no data does.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, placed timestamptz);
        SELECT id FROM orders WHERE placed > now() - interval '1 day';

    Keep the column in the view, and filter by the time where the view is read.
    """

    code = "IVM312"
    title = "the current time is not maintained incrementally"
    label = "`{name}` moves while no data changes"
    instead = "keep the column, and filter in the query that reads the view"
    name: str


@dataclass(frozen=True, slots=True)
class HiddenSource(Fallback):
    """A STABLE function may read tables that the query does not name.

    A change in such a table would not be noticed, so the view is recomputed.

    Example::

        CREATE FUNCTION rate(text) RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
        CREATE TABLE orders (id int PRIMARY KEY, currency text);
        SELECT id, rate(currency) AS rate FROM orders;

    If it depends on its arguments only, declare it IMMUTABLE; if it reads a table, join with it.
    """

    code = "IVM313"
    title = "`{name}` is STABLE, and may read tables that the query does not name"
    instead = "declare it IMMUTABLE if it reads none, or join with the table that it reads"
    name: str


@dataclass(frozen=True, slots=True)
class UncapturedSource(Fallback):
    """Changes of a source cannot be captured by triggers.

    A materialized view has none, a foreign table changes elsewhere, a system catalog is not open
    to them, and a table with inheritance children is written through them.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        CREATE MATERIALIZED VIEW large AS SELECT id FROM orders WHERE amount > 1000;
        SELECT count(*) AS n FROM large;

    Read the tables that it is made from.
    """

    code = "IVM315"
    title = "changes of `{name}` cannot be captured"
    label = "{kind}"
    instead = "read the tables that it is made from"
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class NotCovered(Fallback):
    """A whole row as a value, groups found by json, and other constructs that have no rule yet.

    The name in the message says which. The view is right, and recomputed at each refresh.
    """

    code = "IVM319"
    title = "{construct} is not maintained incrementally"
    construct: str
