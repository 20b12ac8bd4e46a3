"""IVM203, IVM21x: functions, operators and types that a query means. Raised while binding."""

from __future__ import annotations

from dataclasses import dataclass

from ivmc.diagnostics import Diagnostic, did_you_mean


@dataclass(frozen=True, slots=True)
class VolatileFunction(Diagnostic):
    """The query calls a function that gives a new value at every call.

    An incrementally maintained view stores what the query gave; there is no change of data that
    would tell when a volatile value has to be computed again, so the view could not equal its
    query. Functions of the server count as what `pg_proc.provolatile` says.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, amount numeric);
        SELECT id, random() AS draw FROM orders;

    Compute it in the query that reads the view, or store it in the table as a column. If the
    function is yours and always gives the same, declare it IMMUTABLE or STABLE.
    """

    code = "IVM203"
    title = "volatile function in an incrementally maintained view"
    label = "`{call}` gives a new value at every call"
    help = "compute it in the query that reads the view, or store it as a column"
    call: str


@dataclass(frozen=True, slots=True)
class UnknownFunction(Diagnostic):
    """No function of this name takes arguments of these types.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, note text);
        SELECT id, uper(note) AS note FROM orders;

    Correct the name, or cast the arguments. A function of your own, or of an extension, is known
    when its CREATE FUNCTION is in the schema, or when compiling with `--dsn`.
    """

    code = "IVM210"
    title = "{error}"
    help = "{hint}"
    error: str
    known: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The closest function of that name or a like one."""
        return did_you_mean(
            self.error.removeprefix("function ").partition("(")[0],
            self.known,
            "cast the arguments; for a function of your own add its CREATE FUNCTION, or use `--dsn`",
        )


@dataclass(frozen=True, slots=True)
class AmbiguousFunction(Diagnostic):
    """More than one function of this name fits the arguments equally well.

    Example::

        CREATE FUNCTION tax(a int, b bigint) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
        CREATE FUNCTION tax(a bigint, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';
        CREATE TABLE orders (id int PRIMARY KEY, amount int);
        SELECT id, tax(amount, amount) AS tax FROM orders;

    Cast the arguments to the types of the one that is meant.
    """

    code = "IVM211"
    title = "{error}"
    help = "cast the arguments to the types of the function that is meant"
    error: str


@dataclass(frozen=True, slots=True)
class UnknownOperator(Diagnostic):
    """No operator of this name takes operands of these types.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, placed date);
        SELECT id FROM orders WHERE placed = 5;

    Cast one of the operands.
    """

    code = "IVM212"
    title = "{error}"
    help = "cast an operand, as in `x::text`"
    error: str


@dataclass(frozen=True, slots=True)
class AmbiguousOperator(Diagnostic):
    """More than one operator of this name fits the operands equally well.

    Example::

        SELECT '1' @> '2' AS contains;

    Cast the operands to the types that are meant.
    """

    code = "IVM213"
    title = "{error}"
    help = "cast the operands, as in `x::text`"
    error: str


@dataclass(frozen=True, slots=True)
class UnknownType(Diagnostic):
    """A cast names a type that does not exist.

    Example::

        CREATE TABLE orders (id int PRIMARY KEY, state text);
        SELECT id, state::order_state AS state FROM orders;

    Correct the name, or add its CREATE TYPE or CREATE DOMAIN to the schema.
    """

    code = "IVM214"
    title = "type `{name}` does not exist"
    help = "{hint}"
    name: str
    known: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The closest type that exists."""
        return did_you_mean(self.name, self.known, "add its CREATE TYPE to the schema, or use `--dsn`")
