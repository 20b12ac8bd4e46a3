"""The catalog: names to relations, types, functions and operators, as PostgreSQL resolves them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pglast import ast

from ivmc.catalog import overload, traits
from ivmc.catalog.calls import call_of, operator_of
from ivmc.catalog.casts import find_cast
from ivmc.catalog.coercion import Coercion, is_unknown
from ivmc.catalog.infallible import is_infallible_call
from ivmc.catalog.model import Cast, Function, Operator, Relation, Type, Unresolved
from ivmc.catalog.snapshot import SNAPSHOT_VERSION, snapshot
from ivmc.catalog.symbols import OperatorEntry, Procedure, TypeEntry, UserSymbols
from ivmc.catalog.typmod import TYPE_OF_SPELLING, encode, quote

if TYPE_CHECKING:
    import psycopg

Names = tuple[str, ...]


class Catalog:
    """What a query's names mean: a value, made from DDL or from a live database.

    `search_path` holds the schemas after pg_catalog, which is searched first (after the
    temporary schema, which is never searched for functions). `nondeterministic` are the collations
    under which `=` is not identity, spelt as in SQL.
    """

    def __init__(
        self,
        symbols: UserSymbols | None = None,
        *,
        search_path: tuple[str, ...] = ("public",),
        settings: Mapping[str, str] | None = None,
        version: int = SNAPSHOT_VERSION,
        nondeterministic: frozenset[str] = frozenset(),
    ) -> None:
        self.symbols = symbols or UserSymbols(snapshot(version))
        self.search_path = search_path
        self.settings: Mapping[str, str] = settings or {}
        self.version = version
        self.nondeterministic = nondeterministic
        first = () if "pg_catalog" in search_path else ("pg_catalog",)
        self.path = (*first, *search_path)
        self.coercion = Coercion(self.symbols, self.path)
        self.calls: dict[object, Function | Unresolved] = {}
        self.uses: dict[object, Operator | Unresolved] = {}

    @classmethod
    def from_sql(cls, ddl: str, *, version: int = SNAPSHOT_VERSION) -> Catalog:
        """The catalog that a DDL script makes, such as a `pg_dump --schema-only`.

        A view's `columns` stay empty: they are its SELECT's, which the binder infers. Statements
        that make no relation, type, function or operator are skipped. Raises pglast's
        `ParseError` for a text that is not SQL, `Unresolved` for a column of an unknown type.
        """
        from ivmc.catalog.ddl import catalog_of

        return catalog_of(ddl, version)

    @classmethod
    def from_database(cls, conn: psycopg.Connection) -> Catalog:
        """The catalog of a live database, under the connection's search_path and settings."""
        from ivmc.runtime.introspect import catalog_of

        return catalog_of(conn)

    # Names

    def relation(self, names: Names) -> Relation | None:
        """The table or view, `("t",)` by the search path or `("s", "t")`."""
        schemas = self.at(names) if len(names) > 1 else ("pg_temp", *self.path)
        return next(filter(None, (self.symbols.relation(s, names[-1]) for s in schemas)), None)

    def relations(self) -> Iterable[Relation]:
        """The user's own tables and views."""
        return self.symbols.all_relations()

    def type_named(self, names: Names, typmods: Sequence[int] = (), array: bool = False) -> Type | None:
        """The type of that name, or spelling (`("integer",)`); of its array where asked."""
        spelt = TYPE_OF_SPELLING.get(names[-1]) if len(names) == 1 and names[0] != "char" else None
        entry = self.type_entry(("pg_catalog", spelt) if spelt else names)
        if entry is None:
            return None
        typmod = encode(entry.name, typmods) if entry.schema == "pg_catalog" else -1
        if array:
            entry = entry.array or entry
        return entry.value.modified(typmod) if typmod != -1 else entry.value

    def type_of(self, node: ast.TypeName) -> Type:
        """The type that a cast or column definition names. Raises `Unresolved`.

        A `%TYPE` reference is followed to its column.
        """
        names = tuple(n.sval for n in node.names or ())
        if node.pct_type:
            return self.type_of_column(names)
        mods = [int(m.val.ival) for m in node.typmods or () if is_integer(m)]
        found = self.type_named(names if len(names) > 1 else raw(names), mods, bool(node.arrayBounds))
        if found is None:
            raise Unresolved("unknown", f'type "{".".join(names)}" does not exist')
        return found

    def type_of_column(self, names: Names) -> Type:
        """The type of `table.column%TYPE`."""
        relation = self.relation(names[:-1])
        column = relation.column(names[-1]) if relation else None
        if column is None:
            raise Unresolved("unknown", f'type "{".".join(names)}%TYPE" does not exist')
        return column.type

    def type_entry(self, names: Names) -> TypeEntry | None:
        """The row of pg_type for a name; a table's row type included."""
        return next(filter(None, (self.symbols.type(s, names[-1]) for s in self.at(names))), None)

    def at(self, names: Names) -> tuple[str, ...]:
        """The schemas where a name is looked for, in order."""
        return (names[-2],) if len(names) > 1 else self.path

    def entry(self, type_: Type) -> TypeEntry:
        """The row of pg_type. Raises `Unresolved` for a type of another catalog."""
        found = self.symbols.type(type_.schema, type_.name)
        if found is None:
            raise Unresolved("unknown", f'type "{type_.sql}" does not exist')
        return found

    # Calls

    def function(
        self,
        names: Names,
        args: Sequence[Type],
        *,
        variadic: bool = False,
        named: Mapping[str, Type] | None = None,
        star: bool = False,
    ) -> Function:
        """The function that a call means; `named` arguments follow `args`. Raises `Unresolved`.

        Of an ordered-set aggregate `args` are the direct ones, then those of WITHIN GROUP.
        `star` is `count(*)`; `variadic` the VARIADIC keyword before the last argument.
        """
        plain = tuple([(t.schema, t.name) for t in args])
        key = (names, plain, variadic, star, tuple((n, t.plain) for n, t in (named or {}).items()))
        found = self.calls.get(key)
        if found is None:
            types = [self.entry(t) for t in (*args, *(named or {}).values())]
            found = call_of(self, names, types, tuple(named or ()), variadic)
            self.calls[key] = found
        if isinstance(found, Unresolved):
            raise found
        return found

    def operator(self, names: Names, left: Type | None, right: Type) -> Operator:
        """The operator that an expression means; `left` is None before a prefix operator.

        For `x = ANY (array)` pass the array's element type. Raises `Unresolved`.
        """
        key = (names, left and (left.schema, left.name), right.schema, right.name)
        found = self.uses.get(key)
        if found is None:
            found = operator_of(self, names, self.entry(left) if left else None, self.entry(right))
            self.uses[key] = found
        if isinstance(found, Unresolved):
            raise found
        return found

    def infallible(self, function: Function, literals: Sequence[str | None] = ()) -> bool:
        """Whether a call raises no error on any non-NULL arguments.

        Beyond `function.infallible`, `literals` gives the text of each argument that is a literal
        and None for the others: `extract('year' …)`, `LIKE 'PROMO%'`, `substring(c, 1, 2)`, `x / 2`.
        """
        return is_infallible_call(function, literals)

    def visible_functions(self, names: Names) -> list[tuple[int, Procedure]]:
        """Every function that a name can mean, with its schema's place in the search path."""
        schema = names[-2] if len(names) > 1 else None
        return overload.path_places(self.path, self.symbols.functions(names[-1]), schema)

    def visible_operators(self, names: Names) -> list[OperatorEntry]:
        """Every operator that a name can mean."""
        schema = names[-2] if len(names) > 1 else None
        return overload.visible_operators(self.path, self.symbols.operators(names[-1]), schema)

    # Conversions

    def common_type(self, types: Sequence[Type], construct: str = "CASE") -> Type:
        """The type of UNION, CASE, COALESCE, ARRAY, VALUES, GREATEST over such inputs.

        Order matters: CASE puts its ELSE first. The modifier is kept where all agree on it.
        Raises `Unresolved`, worded for `construct`.
        """
        first = types[0]
        if all(t == first for t in types) and first.name != "unknown":
            return first
        chosen = self.coercion.common_type([self.entry(t) for t in types], construct)
        same = all(t.name == chosen.name and t.typmod == first.typmod for t in types)
        return chosen.value.modified(first.typmod) if same else chosen.value

    def can_cast(self, source: Type, target: Type, context: Literal["i", "a", "e"] = "e") -> bool:
        """Whether a value converts implicitly, by assignment or by an explicit cast."""
        return self.cast(source, target, context) is not None

    def cast(self, source: Type, target: Type, context: Literal["i", "a", "e"] = "e") -> Cast | None:
        """How a value converts, and whether that can fail; None: it does not."""
        return find_cast(self, source, target, context)

    def cast_function(self, source: Type, target: Type) -> Function | None:
        """The function behind an explicit cast; None where there is none (see `cast`)."""
        found = self.cast(source, target)
        return found.function if found else None

    # Types

    def element(self, type_: Type) -> Type | None:
        """An array's element type, with the array's modifier; of a domain, its base's."""
        entry = self.entry(type_)
        element = entry.stripped.element
        if element is None:
            return None
        return element.value.modified(self.base(type_).typmod)

    def subscripted(self, type_: Type) -> Type | None:
        """The type of `x[1]`; None where there are no subscripts."""
        entry = self.entry(type_).stripped
        if entry.element is not None:
            return self.element(type_)
        inside = traits.SUBSCRIPTED.get(entry.name) if entry.schema == "pg_catalog" else None
        return Type("pg_catalog", inside) if inside else None

    def array(self, type_: Type) -> Type | None:
        """The type of an array of these."""
        array = self.entry(type_).array
        return array.value.modified(type_.typmod) if array else None

    def base(self, type_: Type) -> Type:
        """The type under any number of domains, with the modifier that they fix."""
        entry, typmod = self.entry(type_), type_.typmod
        while entry.base is not None:
            typmod = entry.base_typmod
            entry = entry.base
        return entry.value.modified(typmod)

    def fields(self, type_: Type) -> tuple[tuple[str, Type], ...]:
        """The fields of a composite type; empty for other types."""
        return self.entry(type_).stripped.fields

    def shown(self, type_: Type) -> str:
        """The type as PostgreSQL's messages name it: without its modifier, bare where it is visible."""
        return self.coercion.shown(self.entry(type_))

    def format(self, type_: Type) -> str:
        """The type as `format_type` prints it, qualified outside pg_catalog."""
        entry = self.entry(type_)
        if entry.schema != "pg_catalog" and entry.element is not None:
            element = entry.element
            return f"{quote(element.schema)}.{quote(element.name)}[]"
        return type_.sql

    def groups_by(self, type_: Type, operand: Type) -> bool:
        """Are values of `type_` that are grouped together equal as values of an operand's type?

        citext is text to an operator that takes text, and is grouped by its own `=`.
        """
        if self.base(type_).plain == self.base(operand).plain or self.equality(type_) == "identity":
            return True
        own = self.base(type_).plain
        try:
            return self.operator((own.operators, "="), own, own).left != own
        except Unresolved:
            return True

    def equality(self, type_: Type, collation: str | None = None) -> Literal["identity", "equal", "none"]:
        """What `=` of the default operator class says: see `traits.equality`.

        `collation` is a column's, as `Column.collation` spells it.
        """
        found = traits.equality(self.symbols, self.entry(type_), type_.typmod)
        return "equal" if found == "identity" and collation in self.nondeterministic else found

    def hashable(self, type_: Type) -> bool:
        """Whether `hash_record_extended` works on a column of it."""
        return traits.hashable(self.symbols, self.entry(type_))

    def orderable(self, type_: Type) -> bool:
        """Whether there is a default btree operator class: GROUP BY, ORDER BY, DISTINCT work."""
        return traits.orderable(self.symbols, self.entry(type_))

    def collatable(self, type_: Type) -> bool:
        """Whether values have a collation."""
        stripped = self.entry(type_).stripped
        return (stripped.element or stripped).collatable

    def is_unknown(self, type_: Type) -> bool:
        """Whether this is the type of a bare literal."""
        return is_unknown(self.entry(type_))


def raw(names: Names) -> Names:
    """A one-part type name as the grammar hands it: quoted, so no spelling."""
    return ("pg_catalog", "char") if names == ("char",) else names


def is_integer(node: object) -> bool:
    """Whether a type modifier is an integer constant."""
    return isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer)
