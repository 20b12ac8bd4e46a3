"""A plan as a script: what `psql -f` installs, and what `ivmc create` executes statement by statement.

Three transactions. The first makes the schema `ivmc` what it has to be. The second registers the view
and captures its sources: each is locked until the writers in flight have ended. The third, under one
REPEATABLE READ snapshot, makes the storage, fills it, and notes that snapshot as the view's frontier;
what is not in it is in the buffers. A view whose third transaction failed stays in state `filling`:
run the script again, or `CALL ivmc.drop`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ivmc.emit.capture import reads
from ivmc.names import array, fitted, identifier, literal
from ivmc.plan import Plan

SCHEMA = ("tables", "capture", "creation", "trimming", "refresh")  # files of runtime/schema, in this order


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements that are committed together, each ending in a semicolon; `title` says what they do."""

    title: str
    statements: tuple[str, ...]
    isolation: str = "READ COMMITTED"

    def __str__(self) -> str:
        lines = "\n\n".join(self.statements)
        return f"-- {self.title}\n\nBEGIN ISOLATION LEVEL {self.isolation};\n\n{lines}\n\nCOMMIT;\n"


def script(plan: Plan) -> str:
    """The text for `psql -f`; it stops at the first error."""
    head = f"-- Maintained view {plan.schema}.{plan.name}, {plan.strategy}: install with psql -f\n\n"
    stop = "\\set ON_ERROR_STOP on\nSET client_min_messages = warning;\n\n"
    return head + stop + "\n".join(str(t) for t in (runtime(), *transactions(plan)))


def runtime() -> Transaction:
    """The schema `ivmc`, under a lock: two sessions may install it at once."""
    text = schema_text()
    return Transaction(
        "The runtime",
        (
            "DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('ivmc')); END $$;",
            text.rstrip(),
            f"COMMENT ON SCHEMA ivmc IS {literal(runtime_version())};",
        ),
    )


def runtime_version() -> str:
    """What the comment of the schema `ivmc` says where this very runtime is installed."""
    return f"ivmc runtime {hashlib.sha256(schema_text().encode()).hexdigest()[:12]}"


@cache
def schema_text() -> str:
    """The SQL of the runtime."""
    directory = files("ivmc").joinpath("runtime", "schema")
    return "\n\n".join(directory.joinpath(f"{part}.sql").read_text(encoding="utf-8") for part in SCHEMA)


def transactions(plan: Plan, *, replaces: bool = False) -> tuple[Transaction, Transaction]:
    """What follows the runtime: register and capture, then fill.

    A plan that `replaces` a view of its name leaves that one as it is until it is itself filled.
    """
    return registration(plan, replaces=replaces), filling(plan)


def registration(plan: Plan, *, replaces: bool = False) -> Transaction:
    """Register the view, and begin to capture the changes of its sources."""
    sources = sorted(plan.sources, key=lambda s: (s.schema, s.name))
    return Transaction(
        f"Register {plan.schema}.{plan.name} and capture what it reads",
        (
            "SET LOCAL lock_timeout = '5s';",
            register(plan, replaces=replaces),
            *(reads(plan, s) for s in sources),
            *((f"CALL ivmc.capture({literal(plan.id)});",) if plan.captured else ()),
        ),
    )


def filling(plan: Plan) -> Transaction:
    """Make and fill the storage under one snapshot, and make it the view's frontier."""
    return Transaction(
        f"Fill {plan.schema}.{plan.name}",
        (
            f"CALL ivmc.begin_fill({literal(plan.id)});",
            *(f"SET LOCAL {identifier(name)} = {value(name, text)};" for name, text in plan.settings),
            *(ended(s) for s in plan.storage),
            *(ended(s) for s in plan.fill),
            ended(plan.program),
            ended(plan.view),
            f"CALL ivmc.ready({literal(plan.id)});",
        ),
        isolation="REPEATABLE READ",
    )


def register(plan: Plan, *, replaces: bool = False) -> str:
    """The call that enters a plan in the registry."""
    program = f"SELECT ivmc.{identifier(fitted(plan.id, '__refresh'))}($1, $2) AS done"
    values = (
        ("id", literal(plan.id)),
        ("schema", literal(plan.schema)),
        ("name", literal(plan.name)),
        ("query", literal(plan.query)),
        ("mode", literal(plan.mode)),
        ("strategy", literal(plan.strategy)),
        ("reason", optional(plan.reason)),
        ("setting_names", array(tuple(name for name, _ in plan.settings))),
        ("setting_values", array(tuple(text for _, text in plan.settings))),
        ("root", literal(plan.root)),
        ("visible_names", array(tuple(name for name, _ in plan.visible.columns))),
        ("visible_values", array(tuple(text for _, text in plan.visible.columns))),
        ("visible_where", optional(plan.visible.where)),
        ("program", literal(program)),
        ("plan", literal(json.dumps(summary(plan), default=str))),
        ("replaces", str(replaces).lower()),
    )
    return "CALL ivmc.register(\n    " + ",\n    ".join(f"{n} => {v}" for n, v in values) + ");"


def summary(plan: Plan) -> dict[str, Any]:
    """What the registry keeps of a plan for `explain`; the rest it keeps as columns."""
    return {"report": plan.as_dict()["report"]}


def value(name: str, text: str) -> str:
    """A setting's value in SET: search_path is a list of identifiers already."""
    return text if name == "search_path" and text else literal(text)


def optional(text: str | None) -> str:
    """A string constant or NULL."""
    return "NULL" if text is None else literal(text)


def ended(statement: str) -> str:
    """A statement with its semicolon."""
    return statement.rstrip().rstrip(";") + ";"
