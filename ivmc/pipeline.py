"""The compiler: text → tree → algebra → stages → deltas → SQL."""

from __future__ import annotations

from dataclasses import replace

from ivmc import errors
from ivmc.bind import bind
from ivmc.catalog import Catalog
from ivmc.diagnostics import CompileError, Diagnostic
from ivmc.emit.full import full_plan
from ivmc.emit.refresh import Emission
from ivmc.ir import Rel, Scan, bottom_up
from ivmc.names import view_id
from ivmc.parse import Parsed, parse
from ivmc.plan import Mode, Plan
from ivmc.report import report
from ivmc.stages import Staged, staged

OLDEST = 15  # the first server with MERGE


def compile(
    sql: str,
    catalog: Catalog,
    *,
    name: str = "view",
    mode: Mode = "auto",
    version: int | None = None,
    trust_foreign_keys: bool = True,
) -> Plan:
    """The plan that keeps `name` equal to the query `sql`, on PostgreSQL 15 and later.

    `name` may carry a schema: `sales.daily`. Statements before the query are the caller's to read
    (`Catalog.from_sql`). Validated foreign keys are relied on (law 5) unless `trust_foreign_keys` is
    false: `session_replication_role = replica` can violate them. Raises CompileError for a query that
    PostgreSQL would reject, or that is not maintained differentially when `mode` asks for it.
    """
    if version is not None and version < OLDEST:
        raise CompileError([errors.ServerTooOld(None, str(version))])
    parsed = parse(sql)
    schema, _, relation = name.rpartition(".")
    schema = schema or (catalog.search_path[0] if catalog.search_path else "public")
    bound, context = bind(parsed, catalog)
    if bound is not None and not trust_foreign_keys:
        bound = replace(bound, rel=bottom_up(bound.rel, _independent))
    plan = staged(bound.rel, view_id(schema, relation)) if bound and not context.reasons else None
    for kind in _without_equality(plan, catalog):
        context.reason(errors.NotCovered(None, f"a stage that is found by a column of type {kind}"))
    if mode == "differential" and context.reasons:
        raise CompileError(tuple(context.reasons), sql)
    if mode == "full" or bound is None or plan is None or context.reasons:
        names = bound.names if bound else None
        return full_plan(schema, relation, parsed, names, catalog, mode, _reason(context.reasons, mode))
    return _differential(schema, relation, parsed, bound.names, plan, catalog, mode)


def _independent(rel: Rel) -> Rel:
    """A table as if it referred to no other."""
    return replace(rel, relation=replace(rel.relation, foreign_keys=())) if isinstance(rel, Scan) else rel


def _reason(reasons: list[Diagnostic], mode: Mode) -> str:
    return "; ".join(dict.fromkeys(r.message for r in reasons)) if reasons else f"--mode {mode} was asked for"


def _without_equality(plan: Staged | None, catalog: Catalog) -> list[str]:
    """Types by which a stage would have to find its rows, and cannot: beside a primary key in GROUP BY."""
    keys = (column for stage in plan.stages if stage.op for column in stage.key or ()) if plan else ()
    return [key.type.sql for key in keys if catalog.equality(key.type, key.collation) == "none"]


def _differential(
    schema: str,
    name: str,
    parsed: Parsed,
    columns: tuple[str, ...],
    plan: Staged,
    catalog: Catalog,
    mode: Mode,
) -> Plan:
    emission = Emission(view_id(schema, name), plan, columns, catalog)
    return Plan(
        schema=schema,
        name=name,
        query=parsed.query,
        mode=mode,
        strategy="differential",
        reason=None,
        settings=tuple(catalog.settings.items()),
        sources=emission.sources(),
        storage=emission.storage(),
        fill=emission.fill(),
        program=emission.program(chooses=mode == "auto"),
        view=emission.view(schema, name),
        root=plan.root.name,
        visible=emission.visible(),
        report=report(plan),
    )
