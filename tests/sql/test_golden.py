"""Golden SQL: what each query compiles to.

A file of this directory is a topic: the schema, then cases. A case has a title, the rules that
must and must not fire (pages of `ivmc/rules`, or the strategy), a query, and two sections that
`pytest tests/sql --rewrite-golden` writes: the plan as `explain` shows it, and the statements.

    CREATE TABLE t (a int PRIMARY KEY);

    -- ==== a case
    -- expect: filter, store
    -- expect-not: join, full
    SELECT a FROM t WHERE a > 1;

    -- ---- plan
    -- …
    -- ---- sql
    …
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from pglast import parse_plpgsql, parse_sql

import ivmc
from ivmc.explain import explain
from ivmc.plan import Plan

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """One query of a topic; `plan` and `sql` are what stands in the file."""

    topic: str
    title: str
    query: str
    plan: str
    sql: str

    def names(self, directive: str) -> tuple[str, ...]:
        found = re.findall(rf"^-- {directive}: (.+)$", self.query, re.MULTILINE)
        return tuple(name.strip() for line in found for name in line.split(","))

    def __str__(self) -> str:
        plan = "\n".join(f"-- {line}".rstrip() for line in self.plan.splitlines())
        return f"-- ==== {self.title}\n{self.query}\n\n-- ---- plan\n{plan}\n\n-- ---- sql\n{self.sql}\n"


@cache
def topic(name: str) -> tuple[str, tuple[Case, ...]]:
    """The schema of a file, and its cases."""
    schema, *parts = re.split(r"^-- ==== ", (HERE / name).read_text(), flags=re.MULTILINE)
    return schema.strip(), tuple(read(name, part) for part in parts)


def read(name: str, text: str) -> Case:
    head, _, sections = text.partition("\n-- ---- plan\n")
    title, _, query = head.partition("\n")
    plan, _, sql = sections.partition("\n-- ---- sql\n")
    shown_plan = re.sub(r"^-- ?", "", plan.strip(), flags=re.MULTILINE)
    return Case(name, title.strip(), query.strip(), shown_plan, sql.strip())


def cases() -> Iterator[Case]:
    for file in sorted(HERE.glob("*.sql")):
        yield from topic(file.name)[1]


@cache
def compiled(case: Case) -> Plan:
    schema, _ = topic(case.topic)
    return ivmc.compile(case.query, ivmc.Catalog.from_sql(schema), name="public.v", version=15)


def shown(case: Case) -> Case:
    """The case with the sections that the compiler writes today."""
    plan = compiled(case)
    sql = [*plan.storage, *plan.fill, plan.program, plan.view]
    return replace(
        case, plan=explain(plan), sql="\n\n".join(f"{statement.strip().rstrip(';')};" for statement in sql)
    )


every_case = pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.topic}: {case.title}")


@every_case
def test_golden(case: Case) -> None:
    assert str(case) == str(shown(case))


@every_case
def test_rules_fired(case: Case) -> None:
    plan = compiled(case)
    fired = {plan.strategy, *(operator.rule for stage in plan.report for operator in stage.walk())}
    assert set(case.names("expect")) <= fired
    assert not set(case.names("expect-not")) & fired


@every_case
def test_every_statement_parses(case: Case) -> None:
    assert parse_sql(shown(case).sql)
    assert parse_plpgsql(compiled(case).program.replace("ivmc.consumed", "text"))  # it knows no other schema


def test_rewrite(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--rewrite-golden"):
        pytest.skip("--rewrite-golden writes the golden files")
    for file in sorted(HERE.glob("*.sql")):
        schema, of_file = topic(file.name)
        file.write_text("\n\n".join([schema, *(str(shown(case)).strip() for case in of_file)]) + "\n")
