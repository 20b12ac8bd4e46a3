"""IVM1xx: the text itself. Raised by `ivmc.parse`."""

from __future__ import annotations

from dataclasses import dataclass

from ivmc.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class InvalidSyntax(Diagnostic):
    """PostgreSQL's own parser rejects the text.

    The caret stands where the parser gave up, which may be a little after the mistake: a missing
    comma or semicolon shows at the next word. Every statement of the file that does not parse is
    reported.

    Example::

        SELECT id, FROM orders;

    Look at the word under the caret and the one before it. The grammar is PostgreSQL 18's.
    """

    code = "IVM101"
    title = "{error}"
    help = "{hint}"
    error: str

    @property
    def hint(self) -> str:
        """What usually leads to this error."""
        if self.error.startswith("LIMIT #,#"):
            return "write `LIMIT count OFFSET start`"
        if self.error.startswith("unterminated"):
            return "close it; inside a quoted string, a quote is doubled"
        if self.error.endswith(('near ":"', 'near "{"', 'near "%"')):
            return "ivmc reads plain SQL: fill in the variables of psql or of a template first"
        if self.error.endswith(tuple(f'near "{w}"' for w in ("SELECT", "select", "CREATE", "WITH"))):
            return "is a `;` missing before it?"
        return "the grammar is PostgreSQL 18's; the mistake may be just before the caret"


@dataclass(frozen=True, slots=True)
class EmptyInput(Diagnostic):
    """There is no statement: the file is empty, or holds comments only.

    Example::

        -- nothing here yet

    Write the query whose result is to be maintained.
    """

    code = "IVM102"
    title = "there is no query"
    help = "write one SELECT; CREATE TABLE statements may stand before it"


@dataclass(frozen=True, slots=True)
class NoQuery(Diagnostic):
    """The file describes a schema, and asks for nothing.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);

    Add the query after the schema, or pass this file as `--schema` and the query as its own file.
    """

    code = "IVM103"
    title = "a schema, but no query"
    label = "expected a SELECT after this"
    help = "add the SELECT, or pass this file as `--schema` beside the query's own file"


@dataclass(frozen=True, slots=True)
class QueryInsideCreate(Diagnostic):
    """The query is wrapped in a CREATE statement.

    ivmc creates the view itself, so it wants the SELECT alone; a CREATE VIEW in the file is taken
    as part of the schema.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        CREATE MATERIALIZED VIEW total AS SELECT sum(amount) AS amount FROM orders;

    Give the SELECT alone, and the name by `--name` or as the argument of `ivmc create`.
    """

    code = "IVM104"
    title = "`{statement}` around the query"
    label = "ivmc writes this part"
    help = "give the SELECT alone; the view's name comes from `--name`, or from `ivmc create NAME`"
    statement: str


@dataclass(frozen=True, slots=True)
class SeveralQueries(Diagnostic):
    """The file holds more than one query.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT sum(amount) AS amount FROM orders;
        SELECT count(*) AS n FROM orders;

    One file is one view: put each query into its own file, with the schema in a third one.
    """

    code = "IVM105"
    title = "{count} queries in one file"
    label = "one more query"
    help = "one file is one view: give each its own, and the schema by `--schema`"
    count: int


@dataclass(frozen=True, slots=True)
class NotAQuery(Diagnostic):
    """A statement that is neither a query nor part of a schema's description.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        INSERT INTO orders VALUES (1, 9.50);

    ivmc never runs the statements of this file: leave them out, and change data in the database.
    """

    code = "IVM106"
    title = "`{statement}` is not a query"
    label = "expected a SELECT"
    help = "a file may hold CREATE and ALTER statements, and one SELECT"
    statement: str


@dataclass(frozen=True, slots=True)
class SelectInto(Diagnostic):
    """SELECT INTO creates a table; a view has no place for that.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id, amount INTO large FROM orders WHERE amount > 1000;

    Leave INTO out, and name the view.
    """

    code = "IVM107"
    title = "SELECT INTO in a view"
    label = "a view has no such target"
    help = "leave `INTO {table}` out; the view's name comes from `--name`, or from `ivmc create NAME`"
    table: str


@dataclass(frozen=True, slots=True)
class MetaCommand(Diagnostic):
    r"""A command of psql stands in the text; it is not SQL.

    `\restrict` and `\unrestrict`, which pg_dump writes, are passed over.

    Example::

        \set threshold 100
        SELECT 1 AS one;

    Take the command out, and write the values of its variables into the query.
    """

    code = "IVM108"
    title = "`{command}` is a command of psql, not SQL"
    help = "take it out; a variable's value is written into the query itself"
    command: str


@dataclass(frozen=True, slots=True)
class ModifyingCte(Diagnostic):
    """A WITH query changes data. A view's query only reads.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        WITH gone AS (DELETE FROM orders WHERE amount = 0 RETURNING id) SELECT id FROM gone;

    Run the change as a statement of its own.
    """

    code = "IVM109"
    title = "`{statement}` inside the query"
    label = "`{name}` changes data"
    help = "a view only reads: run the `{statement}` as a statement of its own"
    name: str
    statement: str


@dataclass(frozen=True, slots=True)
class NotText(Diagnostic):
    """The file is not text in UTF-8, or contains a NUL character, which no PostgreSQL text may hold.

    Such a file is often in UTF-16 or Latin-1, or not text at all.

    Save the file as UTF-8.
    """

    code = "IVM110"
    title = "{what} in the file"
    help = "save the file as UTF-8 text"
    what: str


@dataclass(frozen=True, slots=True)
class NestedTooDeeply(Diagnostic):
    """The query is nested more deeply than can be parsed.

    Thousands of nested parentheses or operators are mostly the work of a generator: a long
    `a OR b OR c …` is an `IN (…)` or a join with a table of values.

    Write long chains as `IN (…)`, or as a join.
    """

    code = "IVM111"
    title = "the query is nested too deeply"
    help = "write long chains of OR as `IN (…)`, or as a join with a table"


@dataclass(frozen=True, slots=True)
class Parameter(Diagnostic):
    """The query has a parameter. A view is stored for good, and has no caller to fill it in.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id FROM orders WHERE amount > $1;

    Write the value; or keep the column in the view, and filter where the view is read.
    """

    code = "IVM112"
    title = "a parameter in a view"
    label = "nothing fills this in"
    help = "write the value, or filter in the query that reads the view"
