"""Plans that Hypothesis draws, composed freely from the operators of queries and refreshes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st

from ivmc.catalog import Function, Relation, Type
from ivmc.ir import (
    UNIT,
    Aggregate,
    Call,
    Expand,
    Filter,
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
    empty,
)
from ivmc.properties import keys, shortest
from ivmc.scalar import (
    ADDITIVE,
    BIGINT,
    BOOLEAN,
    COMPARISON,
    IS,
    MULTIPLICATIVE,
    NUMERIC,
    Col,
    Expression,
    Logic,
    Scalar,
    binary,
    call,
    equals,
    fresh,
    literal,
    union_scales,
)
from tests.property.histories import INTEGER, LINE, PART, PRICE, REFERRING, TABLES, TEXT, VALUES

# Expressions


def constant(datum: Any, kind: Type) -> Expression:
    """A literal as PostgreSQL spells it."""
    if datum is None:
        return literal("NULL", kind, nullable=True)
    match kind.name:
        case "text":
            return literal(f"'{datum}'", kind)
        case "bool":
            return literal(str(datum).lower(), kind)
        case "int4":
            return literal(str(datum), kind, scales=frozenset({0}))
        case _:
            return literal(str(datum), kind, scales=frozenset({-datum.as_tuple().exponent}))


def compared(op: str, left: Scalar, right: Scalar) -> Expression:
    nullable = left.nullable or right.nullable
    return binary(op, left, right, BOOLEAN, COMPARISON, nullable=nullable, fallible=False)


def sum_of(left: Scalar, right: Scalar) -> Expression:
    return binary(
        "+", left, right, INTEGER, ADDITIVE, nullable=left.nullable or right.nullable, fallible=False
    )


def ratio(left: Scalar, right: Scalar) -> Expression:
    """The expression that can fail: it divides by zero."""
    return binary("/", left, right, INTEGER, MULTIPLICATIVE, nullable=left.nullable or right.nullable)


def either(condition: Scalar, then: Scalar, otherwise: Scalar) -> Expression:
    nullable, scales = then.nullable or otherwise.nullable, union_scales((then.scales, otherwise.scales))
    template = ("CASE WHEN ", " THEN ", " ELSE ", " END")
    kind = then.type if then.type == otherwise.type else then.type.plain
    return Expression(
        "case", template, (condition, then, otherwise), kind, nullable, fallible=False, scales=scales
    )


def is_null(scalar: Scalar) -> Expression:
    return Expression(
        "is null", ("", " IS NULL"), (scalar,), BOOLEAN, nullable=False, level=IS, fallible=False
    )


LOGIC: tuple[Literal["AND", "OR", "NOT"], ...] = ("AND", "OR", "NOT")


@dataclass(frozen=True)
class Scalars:
    """Draws expressions over `columns`; `fallible` ones too, if wanted."""

    draw: st.DrawFn
    columns: Sequence[Col]
    fallible: bool = False

    def atom(self, kind: Type) -> Scalar:
        """A column or a literal of a type, numeric(6,2) being numeric too."""
        found = [c for c in self.columns if c.type == kind or (kind == NUMERIC and c.type == PRICE)]
        literals = [constant(datum, kind) for datum in VALUES[kind][:2]]
        choices: list[Scalar] = [*found, *found, *literals]
        return self.draw(st.sampled_from(choices))

    def scalar(self, kind: Type) -> Scalar:
        """An expression of a type: mostly a column, sometimes something made of two."""
        shape = self.draw(st.sampled_from(("atom", "atom", "case", "coalesce", "nullif", "compound")))
        match shape:
            case "case":
                return either(self.predicate(), self.atom(kind), self.atom(kind))
            case "coalesce":
                a, b = self.atom(kind), self.atom(kind)
                nullable, scales = a.nullable and b.nullable, union_scales((a.scales, b.scales))
                return call("coalesce", (a, b), kind, nullable=nullable, scales=scales, fallible=False)
            case "nullif":
                a = self.atom(kind)
                return call("nullif", (a, self.atom(kind)), kind, scales=a.scales, fallible=False)
            case "compound" if kind == INTEGER:
                a, b = self.atom(kind), self.atom(kind)
                return ratio(a, b) if self.fallible and self.draw(st.booleans()) else sum_of(a, b)
            case "compound" if kind == BOOLEAN:
                return self.predicate()
            case _:
                return self.atom(kind)

    def predicate(self) -> Scalar:
        """A condition on the columns."""
        kind = self.draw(st.sampled_from((INTEGER, INTEGER, TEXT, NUMERIC, PRICE)))
        a, b = self.atom(kind), self.atom(kind)
        shapes = ("compare", "compare", "equal", "null", "distinct", "logic", *("ratio",) * 2 * self.fallible)
        match self.draw(st.sampled_from(shapes)):
            case "equal":
                return equals(a, b)
            case "null":
                return is_null(a)
            case "distinct":
                template = ("", " IS NOT DISTINCT FROM ", "")
                return Expression("distinct", template, (a, b), BOOLEAN, nullable=False, fallible=False)
            case "logic":
                op = self.draw(st.sampled_from(LOGIC))
                tests = (self.predicate(), is_null(a))
                return Logic("NOT", tests[:1]) if op == "NOT" else Logic(op, tests)
            case "ratio":
                one = constant(1, INTEGER)
                return compared("<", ratio(self.atom(INTEGER), self.atom(INTEGER)), one)
            case _:
                return compared(self.draw(st.sampled_from(("<", "<=", "<>"))), a, b)


# Name of an aggregate, type of its argument and of its result.
CallType: TypeAlias = tuple[str, Type | None, Type]

# Plans


@dataclass(frozen=True)
class Plans:
    """Draws plans.

    aggregates  aggregates anywhere, those that are read again too
    fallible    expressions that can divide by zero
    signed      operators of refreshes: Negate, Net, empty sums
    dependent   right sides of joins that read columns of the left
    around      those columns
    """

    draw: st.DrawFn
    aggregates: bool = False
    fallible: bool = False
    signed: bool = False
    dependent: bool = False
    around: tuple[Col, ...] = ()

    def scalars(self, *rels: Rel) -> Scalars:
        return Scalars(self.draw, list(chain(self.around, *(rel.schema for rel in rels))), self.fallible)

    def plan(self, depth: int) -> Rel:
        kinds = ["filter", "project", "join", "join", "outer", "match", "match", "expand", "union", "scan"]
        kinds += ["aggregate"] * 2 * self.aggregates
        kinds += ["negate", "negate", "net", "padded", "empty"] * self.signed
        kinds += [*["correlated"] * 6, *["subquery"] * 8 * self.aggregates] * bool(self.around)
        kind = self.draw(st.sampled_from(kinds)) if depth else "scan"
        match kind:
            case "filter":
                rel = self.plan(depth - 1)
                return Filter(rel, tuple(self.scalars(rel).predicate() for _ in range(self.several())))
            case "project":
                return self.projected(self.plan(depth - 1))
            case "join":
                return self.joined(*self.sides(depth))
            case "outer":
                return self.outer(*self.sides(depth))
            case "match":
                return self.matched(*self.sides(depth))
            case "correlated":
                return self.correlated(self.plan(depth - 1))
            case "subquery":
                inner = self if self.draw(st.integers(0, 2)) == 2 else replace(self, around=())
                rel = self.correlated(inner.plan(self.draw(st.integers(0, depth - 1))))
                return inner.aggregated(rel, self.draw(st.sampled_from((PICKED, ()))), most=0)
            case "expand":
                return self.expanded(self.plan(depth - 1))
            case "union":
                return self.union(self.plan(depth - 1), self.plan(self.draw(st.sampled_from((depth - 1, 0)))))
            case "aggregate":
                return self.aggregated(self.plan(depth - 1))
            case "negate":
                return Negate(self.plan(depth - 1))
            case "net":
                return Net(self.plan(depth - 1))
            case "padded":
                rel = self.plan(depth - 1)
                return Union((empty(rel.schema), rel), rel.schema)
            case "empty":
                return empty(self.plan(depth - 1).schema)
            case _:
                return self.leaf()

    def sides(self, depth: int) -> tuple[Rel, Rel]:
        """The two sides of a join."""
        left = self.plan(depth - 1)
        reads = self.around + left.schema if self.dependent and self.draw(st.integers(0, 4)) else self.around
        right = replace(self, around=reads)
        return left, right.plan(self.draw(st.sampled_from((depth - 1, depth - 1 if self.dependent else 0))))

    def correlated(self, rel: Rel) -> Rel:
        """The rows that have the same value as one from around, or the row that has the same key."""
        key = shortest(keys(rel))
        chosen = self.draw(st.sampled_from([*([key] if key else []), *((column,) for column in rel.schema)]))
        partners = [(c, [a for a in self.around if a.type == c.type]) for c in chosen]
        on = tuple(equals(self.draw(st.sampled_from(some)), c) for c, some in partners if some)
        return Filter(rel, on) if on else rel

    def several(self) -> int:
        return self.draw(st.integers(1, 2))

    def leaf(self) -> Rel:
        """A table, seldom constant rows."""
        relation = self.draw(st.sampled_from((*TABLES, *TABLES, None)))
        if relation is not None:
            return scan(relation)
        correlated = bool(self.around)
        if correlated and self.draw(st.booleans()):
            return self.expanded(UNIT)
        column = fresh("one", INTEGER)
        rows = self.draw(st.lists(st.sampled_from((1, 2, None)), min_size=1, max_size=2))
        if correlated:
            return Values((column,), tuple((self.scalars().scalar(INTEGER),) for _ in rows))
        return Values((column,), tuple((constant(datum, INTEGER),) for datum in rows))

    def projected(self, rel: Rel) -> Project:
        """Some of the columns, as themselves or renamed, and something computed."""
        outputs: list[tuple[Col, Scalar]] = []
        for column in self.draw(st.permutations(rel.schema)):
            match self.draw(st.sampled_from(("same", "same", "renamed", "dropped"))):
                case "same":
                    outputs.append((column, column))
                case "renamed":
                    outputs.append((fresh("renamed", column), column))
                case _:
                    pass
        scalar = self.scalars(rel).scalar(self.draw(st.sampled_from((INTEGER, TEXT, NUMERIC, BOOLEAN))))
        outputs.append((fresh("computed", scalar), scalar))
        return Project(rel, tuple(outputs))

    def joined(self, left: Rel, right: Rel) -> Rel:
        return Join(left, right, self.condition(left, right))

    def outer(self, left: Rel, right: Rel) -> Rel:
        padded = tuple((fresh(column.name, column, nullable=True), column) for column in right.schema)
        return Outer(left, right, self.condition(left, right), padded)

    def matched(self, left: Rel, right: Rel) -> Rel:
        kind = self.draw(st.sampled_from(("semi", "anti", "mark")))
        mark = fresh("mark", BOOLEAN, nullable=False) if kind == "mark" else None
        return Match(left, right, self.condition(left, right), kind == "anti", mark)

    def expanded(self, rel: Rel) -> Rel:
        """One or two series that depend on the row."""
        scalars = self.scalars(rel)
        first = constant(1, INTEGER)
        calls = [
            call("generate_series", (first, scalars.atom(INTEGER)), INTEGER, fallible=False)
            for _ in range(self.several())
        ]
        ordinality = self.draw(st.booleans())
        columns = tuple(fresh("n", INTEGER) for _ in calls)
        columns += (fresh("ordinality", BIGINT, nullable=False),) * ordinality
        wide = Scalars(self.draw, (*rel.schema, *columns[:1]), self.fallible)
        on = (wide.predicate(),) * self.draw(st.integers(0, 1))
        return Expand(rel, tuple(calls), columns, ordinality, on, self.draw(st.booleans()))

    def condition(self, left: Rel, right: Rel) -> tuple[Scalar, ...]:
        """Mostly on equal columns."""
        pairs = [(a, b) for a in left.schema for b in right.schema if a.type == b.type]
        on: list[Scalar] = []
        for _ in range(self.draw(st.integers(0, 2))):
            if pairs and self.draw(st.sampled_from((True, True, False))):
                a, b = self.draw(st.sampled_from(pairs))
                op = self.draw(st.sampled_from(("=", "=", "=", "<")))
                on.append(equals(a, b) if op == "=" else compared(op, a, b))
            else:
                on.append(self.scalars(left, right).predicate())
        return tuple(on)

    def union(self, *arms: Rel) -> Union:
        """The arms projected to the same columns."""
        kinds = self.draw(st.lists(st.sampled_from((INTEGER, TEXT, NUMERIC)), min_size=1, max_size=2))
        rows = [[self.scalars(arm).scalar(kind) for kind in kinds] for arm in arms]
        schema = tuple(
            Col(
                fresh("column", kind).id,
                "column",
                kind,
                any(scalar.nullable for scalar in column),
                union_scales(scalar.scales for scalar in column),
            )
            for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)
        )
        projected = (
            Project(arm, tuple(zip(schema, row, strict=True))) for arm, row in zip(arms, rows, strict=True)
        )
        return Union(tuple(projected), schema)

    def aggregated(self, rel: Rel, choice: Sequence[CallType] = (), most: int = 2) -> Aggregate:
        """Keys whose equal values look the same; calls of the given kinds, or of any."""
        plain = [column for column in rel.schema if column.type != NUMERIC]
        keys = self.draw(st.lists(st.sampled_from(plain), max_size=most, unique=True)) if plain else []
        scalars, any_call = self.scalars(rel), (*FOLDED, *FOLDED, *HOLISTIC * self.aggregates)
        calls = [aggregate_call(scalars, choice or any_call) for _ in range(self.several())]
        named = ((fresh(c.function.name, c.type, nullable=c.nullable), c) for c in calls)
        return Aggregate(rel, tuple(keys), tuple(named))


def scan(relation: Relation) -> Scan:
    """A scan with columns of its own."""
    columns = tuple(
        Col(fresh(c.name, c.type).id, c.name, c.type, not c.not_null, SCALES.get(c.type))
        for c in relation.columns
    )
    return Scan(relation, relation.name, columns)


SCALES = {INTEGER: frozenset({0}), PRICE: frozenset({2})}

FOLDED = (
    ("count", None, BIGINT), ("count", TEXT, BIGINT), ("sum", INTEGER, BIGINT), ("sum", NUMERIC, NUMERIC),
    ("sum", PRICE, NUMERIC), ("avg", INTEGER, NUMERIC), ("avg", NUMERIC, NUMERIC), ("min", INTEGER, INTEGER),
    ("max", INTEGER, INTEGER), ("max", TEXT, TEXT), ("min", NUMERIC, NUMERIC), ("bool_and", BOOLEAN, BOOLEAN),
    ("bool_or", BOOLEAN, BOOLEAN), ("sum", NUMERIC, NUMERIC), ("var_pop", INTEGER, NUMERIC),
    ("variance", INTEGER, NUMERIC), ("stddev_samp", INTEGER, NUMERIC),
)  # fmt: skip
EXTREMA = tuple(call for call in FOLDED if call[0] in ("min", "max") and call[1] != NUMERIC)
HOLISTIC = (("array_agg", INTEGER, Type("pg_catalog", "_int4")), ("string_agg", TEXT, TEXT))
PICKED = (("count", None, BIGINT), *EXTREMA, HOLISTIC[0])
SUMS = tuple(call for call in FOLDED if call[0] in ("sum", "avg") and call[2] == NUMERIC)
TRUTHS = tuple(call for call in FOLDED if call[2] == BOOLEAN)


def aggregate_call(scalars: Scalars, choice: Sequence[CallType]) -> Call:
    """One call, with or without FILTER; the holistic ones with DISTINCT and ORDER BY too."""
    draw = scalars.draw
    name, argument, result = draw(st.sampled_from(choice))
    args: tuple[Scalar, ...] = () if argument is None else (scalars.scalar(argument),)
    order: tuple[tuple[Scalar, str], ...] = ()
    if (name, argument, result) in HOLISTIC and draw(st.booleans()):
        order = ((args[0], draw(st.sampled_from((" ASC", " DESC", " DESC NULLS LAST")))),)
    if name == "string_agg":
        args = (*args, constant(",", TEXT))
    may_repeat = HOLISTIC[1] not in choice or not args or name == "string_agg"
    distinct = not may_repeat and draw(st.integers(0, 3)) == 3
    return Call(
        function=Function(
            "pg_catalog", name, "a", tuple(arg.type for arg in args), result, "i", strict=False
        ),
        args=args,
        type=result,
        nullable=name != "count",
        star=not args,
        distinct=distinct,
        filter=draw(st.sampled_from((None, None, scalars.predicate()))),
        order=order,
    )


@st.composite
def plans(draw: st.DrawFn, depth: int = 3, *, aggregates: bool = False, fallible: bool = False,
          signed: bool = False, dependent: bool = False) -> Rel:  # fmt: skip
    return Plans(draw, aggregates, fallible, signed, dependent).plan(depth)


@st.composite
def risky(draw: st.DrawFn) -> Rel:
    """A ratio of two columns, selected or tested, over a plan that can fail in other places too."""
    some = Plans(draw, fallible=True)
    rel = some.plan(2)
    scalars = some.scalars(rel)
    by = ratio(scalars.atom(INTEGER), scalars.atom(INTEGER))
    if draw(st.booleans()):
        return Filter(rel, (compared("<", by, constant(2, INTEGER)),))
    return Project(rel, (*((column, column) for column in rel.schema), (fresh("ratio", by), by)))


@st.composite
def folded(draw: st.DrawFn, choice: Sequence[CallType] = FOLDED, *, fallible: bool = False) -> Aggregate:
    """One aggregate without calls that are read again, over a stateless plan."""
    some = Plans(draw, fallible=fallible)
    return some.aggregated(some.plan(2), choice)


@st.composite
def along_a_foreign_key(draw: st.DrawFn) -> Rel:
    """Items joined with the parts to which they refer, either way round, each perhaps filtered or joined."""
    some = Plans(draw)
    items, parts = scan(REFERRING), scan(PART)
    sides: list[Rel] = [items, parts]
    for i, side in enumerate(sides):
        match draw(st.sampled_from(("plain", "filtered", "joined"))):
            case "filtered":
                sides[i] = Filter(side, (some.scalars(side).predicate(),))
            case "joined":
                sides[i] = some.joined(side, scan(LINE))
            case _:
                pass
    more = (some.scalars(*sides).predicate(),) if draw(st.booleans()) else ()
    left, right = draw(st.permutations(sides))
    return Join(left, right, (equals(items.schema[0], parts.schema[0]), *more))
