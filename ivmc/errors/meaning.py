"""IVM22x–24x: types, and what may stand where. Raised while binding."""

from __future__ import annotations

from dataclasses import dataclass

from ivmc.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class TypeMismatch(Diagnostic):
    """An expression has a type that cannot stand where it stands.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id FROM orders WHERE amount;

    Compare it, or cast it. The message is the one that PostgreSQL gives.
    """

    code = "IVM220"
    title = "{error}"
    help = "{way_out}"
    error: str
    hint: str = ""

    @property
    def way_out(self) -> str:
        """PostgreSQL's own hint, where it has one."""
        return self.hint or "cast it, as in `x::text`"


@dataclass(frozen=True, slots=True)
class MissingOperator(Diagnostic):
    """A clause compares or sorts values of a type that has no operator for that.

    `json`, `xml`, `point` and others have no equality, so they cannot be grouped, made distinct,
    or compared in a set operation.

    Example::

        CREATE TABLE events (id int PRIMARY KEY, body json);
        SELECT body, count(*) AS n FROM events GROUP BY body;

    Cast to a type that has one: `json` to `jsonb`, `xml` to `text`.
    """

    code = "IVM222"
    title = "type {type} has no {operator} operator, which {clause} needs"
    help = "cast it to a type that has one, as in `::jsonb` or `::text`"
    type: str
    operator: str
    clause: str


@dataclass(frozen=True, slots=True)
class PseudoTypeColumn(Diagnostic):
    """An output column has a type that no table can store, as `record` is.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT ROW(id, amount) AS both FROM orders;

    Select the fields one by one, or cast to a composite type.
    """

    code = "IVM223"
    title = "column `{name}` has pseudo-type {type}, which cannot be stored"
    help = "select its fields one by one, or cast it to a composite type"
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class AggregateNotAllowed(Diagnostic):
    """An aggregate stands in a clause that is evaluated before grouping.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric);
        SELECT customer FROM orders WHERE sum(amount) > 100 GROUP BY customer;

    A condition on an aggregate belongs in HAVING.
    """

    code = "IVM224"
    title = "aggregate functions are not allowed in {clause}"
    label = "`{name}` is an aggregate"
    help = "{hint}"
    name: str
    clause: str

    @property
    def hint(self) -> str:
        """Where it may stand instead."""
        if self.clause == "WHERE":
            return "move the condition to HAVING"
        return "aggregate in a subquery in FROM, and use its column here"


@dataclass(frozen=True, slots=True)
class NestedAggregate(Diagnostic):
    """An aggregate has another aggregate among its arguments.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric);
        SELECT max(sum(amount)) AS best FROM orders GROUP BY customer;

    Compute the inner one in a subquery in FROM, and the outer one over it.
    """

    code = "IVM225"
    title = "aggregate function calls cannot be nested"
    label = "`{name}` has an aggregate among its arguments"
    help = "compute the inner one in a subquery in FROM, and the outer one over it"
    name: str


@dataclass(frozen=True, slots=True)
class SetNotAllowed(Diagnostic):
    """A function that gives many rows stands where there is one value for each row.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, tags text[]);
        SELECT id FROM orders WHERE unnest(tags) = 'gift';

    Call it in FROM, where it may read the items before it, and use its column.
    """

    code = "IVM236"
    title = "{error}"
    label = "this gives many rows"
    help = "call it in FROM, as in `FROM orders o, unnest(o.tags) AS tag`, and use its column here"
    error: str


@dataclass(frozen=True, slots=True)
class UngroupedColumn(Diagnostic):
    """A column is neither grouped nor aggregated, so a group has many values of it.

    Columns that depend on the grouped ones are allowed as PostgreSQL allows them: when the primary
    key of their table is grouped.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric);
        SELECT customer, amount FROM orders GROUP BY customer;

    Add the column to GROUP BY, or aggregate it.
    """

    code = "IVM226"
    title = "column `{name}` must appear in the GROUP BY clause or be used in an aggregate function"
    label = "many values per group"
    help = "add it to GROUP BY, or aggregate it, as in `max(…)`"
    name: str


@dataclass(frozen=True, slots=True)
class UngroupedInside(Diagnostic):
    """A query in an expression reads a column of the query around it that is not grouped.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, place int);
        CREATE TABLE customers (id int PRIMARY KEY, place int);
        SELECT customer, (SELECT count(*) FROM customers c WHERE c.place = o.place) AS there
        FROM orders o GROUP BY customer;

    The inner query runs once per group, in which the column has many values. Add the column to
    GROUP BY, or let the inner query read the grouped columns only.
    """

    code = "IVM227"
    title = "subquery uses ungrouped column `{name}` from outer query"
    label = "many values per group"
    help = "add it to GROUP BY, or read grouped columns only"
    name: str


@dataclass(frozen=True, slots=True)
class InvalidCall(Diagnostic):
    """A function is called with a clause that does not fit it.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, note text);
        SELECT lower(DISTINCT note) AS note FROM orders;

    The message is the one that PostgreSQL gives: DISTINCT, FILTER and ORDER BY belong to
    aggregates, OVER to window functions and aggregates, WITHIN GROUP to ordered-set aggregates.
    """

    code = "IVM228"
    title = "{error}"
    help = "{hint}"
    error: str
    hint: str = "take the clause out, or call an aggregate"


@dataclass(frozen=True, slots=True)
class InvalidOrdinal(Diagnostic):
    """A number in GROUP BY or ORDER BY counts output columns, and there are not as many.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric);
        SELECT count(*) AS n FROM orders GROUP BY 3;

    Use a number that exists, or the column's name.
    """

    code = "IVM229"
    title = "{clause} position {position} is not in select list"
    help = "the select list has {available}; use one of those numbers, or a name"
    clause: str
    position: int
    columns: int

    @property
    def available(self) -> str:
        """How many columns there are, in words."""
        return "1 column" if self.columns == 1 else f"{self.columns} columns"


@dataclass(frozen=True, slots=True)
class InvalidKey(Diagnostic):
    """An item of GROUP BY, ORDER BY or DISTINCT ON is nothing to group or to sort by.

    A constant that is no number of a column orders nothing. Over a UNION only output columns are
    in sight, and after DISTINCT only what was selected is left.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric);
        SELECT DISTINCT customer FROM orders ORDER BY amount;

    Select what you sort by, or leave the item out: a maintained view keeps no order.
    """

    code = "IVM235"
    title = "{error}"
    help = "name an output column, or leave it out"
    error: str


@dataclass(frozen=True, slots=True)
class ColumnCountMismatch(Diagnostic):
    """Two lists that belong together differ in length.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id, amount FROM orders UNION ALL SELECT id FROM orders;

    Select as many columns on both sides; `NULL` fills a missing one.
    """

    code = "IVM230"
    title = "{error}"
    label = "{given} here, {expected} expected"
    help = "select as many columns on both sides; NULL can fill a missing one"
    error: str
    given: int
    expected: int


@dataclass(frozen=True, slots=True)
class InvalidUsing(Diagnostic):
    """A column of USING is missing, or present twice, on one side of the join.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        CREATE TABLE items (order_id int, article text);
        SELECT article FROM orders JOIN items USING (id);

    Join by `ON left.a = right.b`.
    """

    code = "IVM231"
    title = "{error}"
    help = "join by ON, naming the column of each side"
    error: str


@dataclass(frozen=True, slots=True)
class InvalidStar(Diagnostic):
    """`*` stands where there is nothing to list, or where a list may not stand.

    Example::

        SELECT *;

    Name the columns, or add FROM.
    """

    code = "IVM232"
    title = "{error}"
    help = "name the columns, or add a FROM clause"
    error: str


@dataclass(frozen=True, slots=True)
class LockingClause(Diagnostic):
    """The query ends in FOR UPDATE, FOR SHARE or the like, which locks rows while they are read.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id FROM orders FOR UPDATE;

    A view stores a result, and holds no lock afterwards: leave the clause out.
    """

    code = "IVM233"
    title = "{clause} in a maintained view"
    help = "leave it out: the stored result holds no locks"
    clause: str


@dataclass(frozen=True, slots=True)
class TemporaryTable(Diagnostic):
    """The query reads a temporary table, which ends with the session.

    Example::

        CREATE TEMPORARY TABLE basket (id int PRIMARY KEY, amount numeric);
        SELECT sum(amount) AS amount FROM basket;

    Make it a table that stays.
    """

    code = "IVM234"
    title = "`{name}` is a temporary table"
    label = "gone at the end of the session"
    help = "read a permanent table"
    name: str
