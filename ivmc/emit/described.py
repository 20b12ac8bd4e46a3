"""Groups before the tables that only describe them: eager aggregation, for a recomputation.

Where a join adds to each row what its table D says of one of the row's groups, and no call reads that, the
rows are grouped by their reference r to the key k of D, and the groups are joined:

    γ[g, d; f] (L ⋈ D on r = k)  =  π (γ[g, r; f] L ⋈ D on r = k)        g of L, d of D

Each condition has its counterexample:

    k is a key of D        of two rows with one k, a group would get the counts of one
    g, d determine r       SELECT d.name, count(*) … GROUP BY d.name   -- two rows of D are called alike
    f cannot raise         a row of L that refers to no row of D is one that the query never saw

It is done where D is a whole table to which L has a foreign key (planner rule 16): a selection of it might
leave few rows to be grouped at all.

Source  Yan, Larson 1995, "Eager Aggregation and Lazy Aggregation", §4: main theorem, with invariant grouping.
"""

from __future__ import annotations

from collections.abc import Sequence

from ivmc.ir import Aggregate, Filter, Join, Project, Rel, Scan, arranged
from ivmc.predicate import equated
from ivmc.properties import determined, referenced
from ivmc.rules.aggregate import expressions
from ivmc.scalar import Col, columns, is_fallible


def described(rel: Rel) -> Rel:
    """Groups, those that satisfy HAVING perhaps, joined last with what only describes them."""
    match rel:
        case Filter(Aggregate() as groups, having):
            return Filter(described(groups), having)
        case Aggregate(Project(input, outputs)) if all(column is scalar for column, scalar in outputs):
            return described(Aggregate(input, rel.keys, rel.calls))
        case Aggregate(Join(left, Scan() as table, on) as join) if references := _references(
            rel, join, table
        ):
            own = (key for key in rel.keys if key not in table.schema)
            groups = Aggregate(left, tuple(dict.fromkeys((*own, *references))), rel.calls)
            return arranged(Join(described(groups), table, on), rel.schema)
        case _:
            return rel


def _references(op: Aggregate, join: Join, table: Scan) -> Sequence[Col]:
    """The columns by which each group refers to the row of `table` that describes it, if one does."""
    own, read = frozenset(table.schema), expressions(op)
    references = [a if b in own else b for a, b in filter(None, map(equated, join.on))]
    target = referenced(join.left, table, join.on)
    is_key = target is not None and len(target[1].schema) == len(join.on) == len(references)
    describes = not own.isdisjoint(op.keys) and own.isdisjoint(columns(*read))
    if not is_key or not describes or any(map(is_fallible, read)):
        return ()
    return references if determined(join, op.keys).issuperset(references) else ()
