"""IVM20x–21x: the relations and columns that a query names. Raised while binding."""

from __future__ import annotations

from dataclasses import dataclass

from ivmc.diagnostics import Diagnostic, did_you_mean


@dataclass(frozen=True, slots=True)
class UnknownRelation(Diagnostic):
    """A name in FROM is no table, no view and no WITH query.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id FROM ordrs;

    Correct the name, qualify it with its schema, or add its CREATE TABLE to the schema.
    """

    code = "IVM201"
    title = "relation `{name}` does not exist"
    help = "{hint}"
    name: str
    known: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The closest relation that exists."""
        return did_you_mean(
            self.name,
            self.known,
            "add its CREATE TABLE to the schema, or qualify the name with its schema",
        )


@dataclass(frozen=True, slots=True)
class UnknownColumn(Diagnostic):
    """No relation in scope has a column of this name.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id, amont FROM orders;

    Correct the name. An output alias can be used in GROUP BY and ORDER BY only, and only alone.
    """

    code = "IVM202"
    title = "column `{name}` does not exist"
    help = "{hint}"
    name: str
    known: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The closest column in scope, else those that there are."""
        few = ", ".join(f"`{k}`" for k in self.known[:8])
        more = " …" if len(self.known) > 8 else ""
        there = f"there is {few}{more}" if few else "there is no FROM clause to take it from"
        return did_you_mean(self.name.rpartition(".")[2], self.known, there)


@dataclass(frozen=True, slots=True)
class AmbiguousColumn(Diagnostic):
    """More than one relation in scope has a column of this name.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        CREATE TABLE items (id int PRIMARY KEY, order_id int);
        SELECT id FROM orders JOIN items ON order_id = orders.id;

    Put the relation's name or alias before the column.
    """

    code = "IVM204"
    title = "column reference `{name}` is ambiguous"
    label = "{where}"
    help = "{hint}"
    name: str
    relations: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The relations that have such a column."""
        return f"it is in {' and in '.join(f'`{r}`' for r in self.relations)}" if self.relations else ""

    @property
    def hint(self) -> str:
        """How to say which one."""
        return f"say which: `{self.relations[0]}.{self.name}`" if self.relations else "qualify the name"


@dataclass(frozen=True, slots=True)
class MissingFromEntry(Diagnostic):
    """A column is qualified by a name that no relation in FROM carries.

    A relation with an alias is known by the alias only.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT orders.id FROM orders AS o;

    Use the alias, or add the relation to FROM.
    """

    code = "IVM205"
    title = "missing FROM-clause entry for table `{name}`"
    help = "{hint}"
    name: str
    known: tuple[str, ...] = ()
    aliased: str | None = None

    @property
    def hint(self) -> str:
        """The alias it goes by, or the closest name."""
        if self.aliased:
            return f"here it goes by its alias: `{self.aliased}`"
        return did_you_mean(self.name, self.known, "add it to FROM, or use the alias it has there")


@dataclass(frozen=True, slots=True)
class DuplicateOutputColumn(Diagnostic):
    """Two columns of the result have the same name, and a view's columns must differ.

    An expression is named by its function or type, and failing that `?column?`, so two
    expressions may collide although neither has a name.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, a numeric, b numeric);
        SELECT sum(a), sum(b) FROM orders;

    Give one of them an alias.
    """

    code = "IVM206"
    title = "two output columns are called `{name}`"
    label = "the second one"
    help = "give it a name of its own: `… AS other_name`"
    name: str


@dataclass(frozen=True, slots=True)
class DuplicateAlias(Diagnostic):
    """Two relations in one FROM clause go by the same name.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, parent int);
        SELECT count(*) AS n FROM orders JOIN orders ON true;

    Give each its own alias.
    """

    code = "IVM207"
    title = "table name `{name}` is used more than once"
    label = "the second one"
    help = "give each its own alias: `{name} AS a`"
    name: str


@dataclass(frozen=True, slots=True)
class SystemColumn(Diagnostic):
    """The query reads a system column: where a row version is stored, or who wrote it.

    `ctid`, `xmin`, `xmax`, `cmin` and `cmax` change without a change of data, so there is nothing
    to maintain them by.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT ctid, id FROM orders;

    Use the primary key, or a column of your own.
    """

    code = "IVM208"
    title = "system column `{name}` in an incrementally maintained view"
    label = "changes without a change of data"
    help = "use a column of the table: its key, or a time that the writer records"
    name: str


@dataclass(frozen=True, slots=True)
class ReservedColumn(Diagnostic):
    """A name begins with the prefix of ivmc's own columns.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id AS __ivmc_count FROM orders;

    Choose another name.
    """

    code = "IVM209"
    title = "column name `{name}` is reserved"
    label = "begins with `__ivmc_`"
    help = "give it another alias"
    name: str


@dataclass(frozen=True, slots=True)
class TooManyAliases(Diagnostic):
    """A relation is given more column aliases than it has columns.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT a FROM orders AS o (a, b, c);

    Take the surplus aliases out.
    """

    code = "IVM215"
    title = "`{name}` has {available} columns, but {given} aliases"
    help = "take the surplus aliases out"
    name: str
    available: int
    given: int


@dataclass(frozen=True, slots=True)
class InvalidSchema(Diagnostic):
    """A CREATE statement of the schema refers to what the schema does not have.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, state order_state);
        SELECT id FROM orders;

    Add the missing CREATE TYPE, CREATE DOMAIN or CREATE TABLE before it.
    """

    code = "IVM216"
    title = "{error}"
    help = "add its CREATE statement to the schema, before it is used"
    error: str


@dataclass(frozen=True, slots=True)
class InvalidReference(Diagnostic):
    """An item of FROM reads another one that it cannot see.

    A subquery sees the items before it only after LATERAL, and ON sees the two sides of its join.
    The right side of a RIGHT or FULL JOIN never sees the left one: its rows that have no partner
    stay, and have no row of the left to read.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, customer int);
        SELECT o.id, c.id AS again FROM orders o RIGHT JOIN LATERAL (SELECT o.customer AS id) c ON true;

    Write LATERAL before the subquery, and use LEFT JOIN or an inner join.
    """

    code = "IVM217"
    title = "invalid reference to FROM-clause entry for table `{name}`"
    label = "{why}"
    help = "{hint}"
    name: str
    why: str = "the combining JOIN type must be INNER or LEFT for a LATERAL reference"
    hint: str = "use LEFT JOIN or an inner join"
