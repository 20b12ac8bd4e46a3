"""IVM4xx: the database is not as it has to be. Raised by `ivmc.runtime`. IVM9xx: a fault of ivmc."""

from __future__ import annotations

from dataclasses import dataclass

from ivmc.diagnostics import Diagnostic, did_you_mean


@dataclass(frozen=True, slots=True)
class ViewExists(Diagnostic):
    """The name is taken: by a maintained view, or by a relation that is not one of ivmc's.

    Example::

        ivmc create totals totals.sql
        ivmc create totals totals.sql

    Choose another name, or replace the maintained view by `--or-replace`. A table or a view that
    ivmc did not make is never replaced.
    """

    code = "IVM401"
    title = "{kind} `{name}` exists already"
    help = "{hint}"
    name: str
    kind: str = "maintained view"

    @property
    def hint(self) -> str:
        """The way out, which depends on who made it."""
        if self.kind == "maintained view":
            return "replace it with `--or-replace`, or choose another name"
        return "choose another name, or drop it first"


@dataclass(frozen=True, slots=True)
class UnknownView(Diagnostic):
    """There is no maintained view of this name in the database.

    Example::

        ivmc refresh totls

    `ivmc status` lists those that there are. A view outside `public` is named with its schema.
    """

    code = "IVM402"
    title = "there is no maintained view `{name}`"
    help = "{hint}"
    name: str
    known: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The closest view, else where to look."""
        return did_you_mean(self.name, self.known, "`ivmc status` lists the maintained views")


@dataclass(frozen=True, slots=True)
class Unreachable(Diagnostic):
    """No connection to the server.

    Example::

        ivmc status --dsn "host=127.0.0.1 port=1"

    The message is the driver's: check host, port, database, user and password. `--dsn` comes first,
    then `IVMC_DSN`, then libpq's `PG*` variables.
    """

    code = "IVM403"
    title = "cannot connect: {error}"
    help = "check `--dsn`, `IVMC_DSN` or the `PG*` variables, in that order"
    error: str


@dataclass(frozen=True, slots=True)
class SourceDropped(Diagnostic):
    """A relation that the view reads is gone.

    Example::

        DROP TABLE orders CASCADE;
        CALL ivmc.refresh('totals');

    Drop the view, or restore the relation and create the view again.
    """

    code = "IVM404"
    title = "source `{source}` of `{view}` no longer exists"
    help = "restore it and run `ivmc create … --or-replace`, or `ivmc drop {view}`"
    view: str
    source: str


@dataclass(frozen=True, slots=True)
class SourceAltered(Diagnostic):
    """A relation that the view reads is no longer as it was when the view was created.

    Example::

        ALTER TABLE orders ALTER COLUMN amount TYPE text;
        CALL ivmc.refresh('totals');

    Create the view again from its query, changed where needed.
    """

    code = "IVM405"
    title = "source `{source}` of `{view}` was altered: {change}"
    help = "create the view again with `ivmc create … --or-replace`"
    view: str
    source: str
    change: str


@dataclass(frozen=True, slots=True)
class NoRights(Diagnostic):
    """The role lacks a right that this command needs.

    Example::

        GRANT SELECT ON orders TO reporter;
        SET ROLE reporter;
        CALL ivmc.refresh('totals');

    To create a view takes CREATE on the database (for the schema `ivmc`, the first time) and on the
    schema of the view, SELECT on the sources and TRIGGER on them.
    """

    code = "IVM406"
    title = "{error}"
    help = "{hint}"
    error: str
    hint: str = "connect as the owner of the relation, or have the right granted"


@dataclass(frozen=True, slots=True)
class RowSecurity(Diagnostic):
    """A source is under row-level security, so what it contains depends on who reads it.

    One stored result cannot be right for every reader, and would show rows past the policy.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, owner name);
        ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

    Create the view as a role that the policy does not restrict, over a table without policies, or
    with the policy's condition as part of the query.
    """

    code = "IVM407"
    title = "`{name}` is under row-level security"
    help = "a stored result would bypass the policy: keep the rows in a table without one"
    name: str


@dataclass(frozen=True, slots=True)
class WrongIsolation(Diagnostic):
    """A refresh was called inside a transaction that sees a new snapshot at every statement.

    The sources and the changes have to be read in one snapshot.

    Example::

        BEGIN;
        SELECT ivmc.refresh_here('totals');

    Begin it with `BEGIN ISOLATION LEVEL REPEATABLE READ`, or call `ivmc.refresh` outside a
    transaction block.
    """

    code = "IVM408"
    title = "a refresh inside a transaction needs REPEATABLE READ, and this one is {level}"
    help = "`BEGIN ISOLATION LEVEL REPEATABLE READ`, or CALL ivmc.refresh outside a transaction block"
    level: str


@dataclass(frozen=True, slots=True)
class ViewDiffers(Diagnostic):
    """`verify` recomputed the query, and the view holds something else.

    It is one of three: somebody wrote into the view's storage, changes passed by the triggers (a
    disabled trigger, a partition written directly), or ivmc has a fault.

    Example::

        DELETE FROM ivmc.totals;
        ivmc verify totals

    `ivmc create … --or-replace` fills the view anew. If nobody touched it, please report it with the
    query, the schema and the rows shown.
    """

    code = "IVM409"
    title = "`{view}` differs from its query: {missing} rows missing, {surplus} too many"
    help = "`ivmc create … --or-replace` fills it anew; if nobody wrote past ivmc, please report it"
    view: str
    missing: int
    surplus: int


@dataclass(frozen=True, slots=True)
class NotInstalled(Diagnostic):
    """The database has no schema `ivmc`, so it has no maintained views.

    Example::

        ivmc refresh totals

    Is it the right database? `ivmc create` installs what it needs with the first view.
    """

    code = "IVM410"
    title = "database `{database}` has no maintained views"
    help = "is it the right database? `ivmc create` makes the first one"
    database: str


@dataclass(frozen=True, slots=True)
class StillRead(Diagnostic):
    """Other maintained views, or views of yours, read this one.

    Example::

        ivmc create totals totals.sql
        ivmc create best best.sql      # SELECT … FROM totals
        ivmc drop totals

    Drop them first.
    """

    code = "IVM411"
    title = "`{name}` is read by {readers}"
    help = "drop those first"
    name: str
    others: tuple[str, ...]

    @property
    def readers(self) -> str:
        """Who reads it."""
        return ", ".join(f"`{o}`" for o in self.others)


@dataclass(frozen=True, slots=True)
class ServerTooOld(Diagnostic):
    """The server is older than PostgreSQL 15, which is the first to have MERGE.

    Upgrade the server.
    """

    code = "IVM412"
    title = "the server is PostgreSQL {version}; ivmc needs 15 or later"
    help = "MERGE, by which views are maintained, came with PostgreSQL 15"
    version: str


@dataclass(frozen=True, slots=True)
class ServerError(Diagnostic):
    """PostgreSQL reported an error while it evaluated the query, or refused a statement.

    Nothing was changed: the transaction was rolled back.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount int, parts int);
        INSERT INTO orders VALUES (1, 10, 0);
        ivmc create share share.sql    # SELECT id, amount / parts AS share FROM orders

    The message is the server's, and so is its remedy.
    """

    code = "IVM413"
    title = "{error}"
    help = "{hint}"
    error: str
    sqlstate: str = ""
    detail: str = ""

    @property
    def hint(self) -> str:
        """The server's own detail, and its SQLSTATE."""
        state = f"the server's error {self.sqlstate}" if self.sqlstate else "the server's error"
        return f"{state}; nothing was changed" + (f"\n{self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Busy(Diagnostic):
    """A lock was not to be had in time: somebody holds the source, or refreshes the view.

    Example::

        BEGIN;
        LOCK TABLE orders;
        ivmc create totals totals.sql

    Try again when the other transaction has ended; `pg_stat_activity` shows it.
    """

    code = "IVM414"
    title = "`{name}` is locked by another transaction"
    help = "try again when it has ended; `pg_stat_activity` shows who it is"
    name: str


@dataclass(frozen=True, slots=True)
class NotReady(Diagnostic):
    """The view was registered, but never filled: its creation was interrupted.

    Drop it and create it again.
    """

    code = "IVM415"
    title = "`{view}` was never filled: its creation was interrupted"
    help = "`ivmc drop {view}`, and create it again"
    view: str


@dataclass(frozen=True, slots=True)
class UnknownSchema(Diagnostic):
    """The view is to be created in a schema that does not exist.

    Example::

        ivmc create reports.totals totals.sql

    Create the schema first.
    """

    code = "IVM417"
    title = "schema `{name}` does not exist"
    help = "create it first: `CREATE SCHEMA {name}`"
    name: str


@dataclass(frozen=True, slots=True)
class Internal(Diagnostic):
    """Something happened that ivmc did not foresee. It is a fault of ivmc, not of the query.

    Nothing was changed in the database: work is done in transactions.

    Please report it, with the query and the schema. `IVMC_TRACEBACK=1` shows where it happened.
    """

    code = "IVM901"
    title = "this is a bug in ivmc: {error}"
    help = "please report it with the query and the schema; `IVMC_TRACEBACK=1` shows where it happened"
    error: str
