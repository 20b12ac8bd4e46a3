"""What a catalog says about tables, types, functions and operators: plain values.

Terms are those of the PostgreSQL manual, chapter 53 "System Catalogs".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from ivmc.catalog.typmod import format_type, quote

Volatility = Literal["i", "s", "v"]
Context = Literal["i", "a", "e"]


@dataclass(frozen=True, slots=True)
class Type:
    """A type as `pg_type` names it, with its modifier.

    `name` is `pg_type.typname`: `int4`, `_int4` for its array, `unknown` for a bare literal.
    `typmod` is `pg_attribute.atttypmod`, -1 for none. `operators` is the schema of the comparisons of its
    default operator class.
    """

    schema: str
    name: str
    typmod: int = -1
    operators: str = field(default="pg_catalog", compare=False, repr=False)

    @property
    def sql(self) -> str:
        """The type's spelling in SQL, schema-qualified outside pg_catalog.

        >>> Type("pg_catalog", "numeric", 983046).sql, Type("pg_catalog", "_int4").sql
        ('numeric(15,2)', 'integer[]')
        >>> Type("public", "Mood").sql
        'public."Mood"'
        """
        return format_type(self.schema, self.name, self.typmod)

    @property
    def plain(self) -> Type:
        """The type without its modifier."""
        return self if self.typmod == -1 else self.modified(-1)

    def modified(self, typmod: int) -> Type:
        """The type with another modifier."""
        return replace(self, typmod=typmod)

    def comparison(self, name: str) -> str:
        """An operator of the default operator class, whatever the search_path (law 3).

        >>> Type("ext", "citext", operators="ext").comparison("="), Type("public", "mood").comparison("<")
        ('OPERATOR(ext.=)', '<')
        """
        return name if self.operators == "pg_catalog" else f"OPERATOR({quote(self.operators)}.{name})"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation; `collation` is None where the type's default applies."""

    name: str
    type: Type
    not_null: bool = False
    collation: str | None = None
    generated: Literal["", "s", "v"] = ""
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` refer to `target_columns` of `schema.table`, position by position.

    `validated` is false for NOT VALID and NOT ENFORCED constraints: rows may violate them, and may
    violate `deferrable` ones within a transaction.
    """

    columns: tuple[str, ...]
    schema: str
    table: str
    target_columns: tuple[str, ...]
    validated: bool = True
    deferrable: bool = False

    @property
    def holds(self) -> bool:
        """Does every row that a refresh can see satisfy it?"""
        return self.validated and not self.deferrable


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view: `kind` is `pg_class.relkind`.

    `unique` holds constraints and indexes that are neither partial, nor over expressions, nor
    deferrable; their columns may be null. `indexes` holds the leading plain columns of every
    whole btree or hash index, those of keys included. `definition` is a view's SELECT.
    """

    schema: str
    name: str
    kind: Literal["r", "p", "v", "m", "f"]
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    definition: str | None = None
    rows: float | None = None
    row_security: bool = False
    has_children: bool = False
    persistence: Literal["p", "u", "t"] = "p"

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Function:
    """One resolved call of a function, aggregate (`a`) or window function (`w`).

    `args` are the types to which the actual arguments are coerced, one for each, in the order
    of the call (for an ordered-set aggregate: direct arguments, then the WITHIN GROUP ones); an
    argument declared "any" keeps its own type. `columns` are the OUT or TABLE columns; of a
    function that returns a composite type, its fields. `infallible` promises that no call on
    non-NULL values of the argument types raises an error; argument coercions are apart.
    """

    schema: str
    name: str
    kind: Literal["f", "a", "w", "p"]
    args: tuple[Type, ...]
    result: Type
    volatility: Volatility
    strict: bool
    returns_set: bool = False
    variadic: bool = False
    aggregate_kind: Literal["n", "o", "h"] = "n"
    columns: tuple[tuple[str, Type], ...] | None = None
    infallible: bool = False
    direct_args: int = 0


@dataclass(frozen=True, slots=True)
class Operator:
    """One resolved use of an operator; `left` is None for a prefix operator.

    `left`, `right` are the types to which the operands are coerced.
    """

    schema: str
    name: str
    left: Type | None
    right: Type
    result: Type
    function: Function
    commutator: str | None = None
    negator: str | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """How a value gets from one type to another.

    `method`: `same` type, `relabel` (same bytes), `function`, `io` (through text), `array`
    (element by element), `literal` (the input function, on a bare literal), `record` (row to
    composite type). A target's length limit and a domain's checks are `infallible` = False.
    """

    method: Literal["same", "relabel", "function", "io", "array", "literal", "record"]
    volatility: Volatility
    infallible: bool
    function: Function | None = None


class Unresolved(Exception):  # noqa: N818 - named for what the caller reports
    """A name, call or set of types that PostgreSQL would reject, in its own words."""

    def __init__(
        self, kind: Literal["unknown", "ambiguous", "mismatch"], message: str, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
