"""Write what is maintained and what is not, from the rules, the diagnostics and the compiler itself.

python -m scripts.support_pages [FILE]       docs/support.md by default

A construct counts as maintained because its query here compiles to the rule beside it; a fallback,
because the example of its diagnostic compiles to a full refresh, or does not compile. The README has
the short tables; the page adds the law of each construct and the tests that prove it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import ivmc
from ivmc import errors
from ivmc.errors import catalogue
from ivmc.errors.fallback import Fallback
from ivmc.parse import parse
from ivmc.report import facts
from scripts import error_pages, rule_pages

ROOT = Path(__file__).parent.parent
SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, name text, region int);
CREATE TABLE orders (
    id int PRIMARY KEY, customer int REFERENCES customers, amount numeric(12,2), weight float8,
    placed timestamptz, note text, paid bool
);
CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
CREATE VIEW large AS SELECT id, customer, amount FROM orders WHERE amount > 1000;
"""


@dataclass(frozen=True, slots=True)
class Construct:
    """Something SQL can say, the rule that maintains it, and a query that shows so over `SCHEMA`.

    `tests` names the files of `tests/traps` that hold it against PostgreSQL.
    """

    words: str
    rule: str
    query: str
    tests: str

    @property
    def proofs(self) -> list[Path]:
        """Those files. Raises FileNotFoundError for one that is not there."""
        return [(ROOT / f"tests/traps/test_{name}.py").resolve(strict=True) for name in self.tests.split()]


CONSTRUCTS = (
    Construct(
        "tables, partitioned tables; views, `WITH` and subqueries in `FROM` become part of the query",
        "scan",
        "WITH e AS (SELECT at, id FROM events) SELECT e.at, l.amount FROM e JOIN large l ON l.id = e.id",
        "rows changes",
    ),
    Construct(
        "`WHERE`: any condition",
        "filter",
        "SELECT id FROM orders WHERE note ~ 'gift' OR amount > 10",
        "joins rates",
    ),
    Construct(
        "the select list: any expression, also those that depend on `TimeZone` and the like",
        "project",
        "SELECT id, upper(note) AS note, CASE WHEN paid THEN 0 ELSE amount END AS due, placed::date AS day"
        " FROM orders",
        "rows changes",
    ),
    Construct(
        "`JOIN`, `CROSS JOIN`, `USING`, `NATURAL`, self-joins; any number, any condition",
        "join",
        "SELECT o.id, c.name, p.id AS earlier FROM orders o JOIN customers c ON o.customer = c.id"
        " JOIN orders p ON p.customer = c.id AND p.placed < o.placed",
        "joins",
    ),
    Construct(
        "`LEFT`, `RIGHT` and `FULL JOIN`; nested either way, any condition",
        "outer",
        "SELECT o.id, c.name FROM orders o FULL JOIN customers c ON o.customer = c.id AND o.paid",
        "outer_joins kinds rates",
    ),
    Construct(
        "functions in `FROM`, `LATERAL`, `WITH ORDINALITY`, `ROWS FROM`, `JSON_TABLE`, `XMLTABLE`;"
        " set-returning functions in the select list",
        "expand",
        "SELECT o.id, word, nr FROM orders o LEFT JOIN regexp_split_to_table(o.note, ' ') WITH ORDINALITY"
        " AS w (word, nr) ON word <> ''",
        "functions",
    ),
    Construct(
        "`EXISTS`, `IN`, `ANY`, `ALL` in any expression and any place, under `NOT`, `OR` and `CASE`;"
        " correlated, of several columns, several levels deep",
        "match",
        "SELECT id FROM customers AS c"
        " WHERE id > 10 OR NOT EXISTS (SELECT FROM orders WHERE customer = c.id)",
        "subqueries correlated kinds",
    ),
    Construct(
        "scalar subqueries and `ARRAY (SELECT …)`: joins with what they give for each row",
        "aggregate",
        "SELECT id, (SELECT max(amount) FROM orders WHERE customer = c.id) AS largest FROM customers AS c",
        "subqueries correlated",
    ),
    Construct(
        "a column compared with one value from a query: the rows between its old and its new one are met",
        "moving",
        "SELECT id FROM orders WHERE amount > (SELECT avg(amount) FROM orders)",
        "subqueries",
    ),
    Construct(
        "`UNION ALL`",
        "union",
        "SELECT id FROM orders UNION ALL SELECT id FROM customers",
        "rows sets",
    ),
    Construct(
        "`VALUES`, no `FROM`",
        "values",
        "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (id, name)",
        "sets subqueries",
    ),
    Construct(
        "`count`; `sum` and `avg` of integers and numeric; `bool_and`, `bool_or`; `FILTER`, `HAVING`",
        "aggregate",
        "SELECT customer, count(*) AS n, sum(amount) AS amount, avg(amount) FILTER (WHERE paid) AS paid,"
        " bool_and(paid) AS all_paid FROM orders GROUP BY customer HAVING count(*) > 1",
        "aggregates",
    ),
    Construct(
        "`variance`, `stddev` and their kin, of integers and numeric of a fixed scale; `regr_count`",
        "aggregate",
        "SELECT customer, stddev(amount) AS spread, var_pop(region) AS v"
        " FROM orders JOIN customers ON customers.id = orders.customer GROUP BY customer",
        "variances",
    ),
    Construct(
        "`min`, `max`",
        "aggregate",
        "SELECT customer, min(placed) AS first, max(amount) AS largest FROM orders GROUP BY customer",
        "aggregates",
    ),
    Construct(
        "`count(DISTINCT …)`, `sum(DISTINCT …)`, several of them, beside other calls:"
        " a hidden table of the different values",
        "aggregate",
        "SELECT customer, count(DISTINCT note) AS notes, count(DISTINCT placed::date) AS days, count(*) AS n"
        " FROM orders GROUP BY customer",
        "distinct kinds",
    ),
    Construct(
        "`GROUPING SETS`, `CUBE`, `ROLLUP`, `grouping()`",
        "aggregate",
        "SELECT customer, paid, grouping(paid) AS total, sum(amount) AS amount"
        " FROM orders GROUP BY customer, ROLLUP (paid)",
        "grouping_sets kinds",
    ),
    Construct(
        "`DISTINCT`, `UNION`",
        "aggregate",
        "SELECT DISTINCT customer FROM orders",
        "rows",
    ),
    Construct(
        "`INTERSECT [ALL]`, `EXCEPT [ALL]`",
        "aggregate",
        "SELECT id FROM customers EXCEPT ALL SELECT customer FROM orders",
        "sets kinds",
    ),
    Construct(
        "every other aggregate: `string_agg`, percentiles, `ORDER BY` inside, sums"
        " of floats, those of extensions and your own",
        "reread",
        "SELECT customer, string_agg(note, ', ' ORDER BY id) AS notes, sum(weight) AS weight"
        " FROM orders GROUP BY customer",
        "aggregates distinct",
    ),
    Construct(
        "aggregates over aggregates, joins of aggregates: a hidden table for each aggregate",
        "aggregate",
        "SELECT n, count(*) AS customers"
        " FROM (SELECT customer, count(*) AS n FROM orders GROUP BY customer) AS c GROUP BY n",
        "aggregates",
    ),
    Construct(
        "a result without an aggregate",
        "store",
        "SELECT id, customer FROM orders",
        "rows kinds",
    ),
)


def main(file: Path) -> None:
    """Write the page."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(), encoding="utf-8")


# What is maintained


def rules_of(construct: Construct) -> set[str]:
    """The rules that a construct's query compiles to. Raises CompileError if it falls back."""
    catalog = ivmc.Catalog.from_sql(SCHEMA)
    plan = ivmc.compile(construct.query, catalog, name="v", mode="differential")
    return {operator.rule for stage in plan.report for operator in stage.walk()}


def maintained() -> str:
    """A table: the constructs of each rule, its state, its cost."""
    words: dict[str, list[str]] = {}
    for construct in CONSTRUCTS:
        words.setdefault(construct.rule, []).append(construct.words)
    rows = [("<br>".join(said), *_of(name, "State", "Cost")) for name, said in words.items()]
    return table(("Maintained differentially", "State kept", "Cost of a refresh"), rows)


def _of(name: str, *wanted: str) -> tuple[str, ...]:
    found = rule_pages.fields(rule(name))
    return tuple(found[key] for key in wanted)


def rule(name: str) -> ModuleType:
    """The module of a rule."""
    return next(found for found in rule_pages.laws() if rule_pages.name(found) == name)


# What is not


def fallbacks() -> tuple[type[Fallback], ...]:
    """The diagnostics of constructs that are not maintained."""
    return tuple(code for code in catalogue() if issubclass(code, Fallback))


def treatment(code: type[Fallback]) -> str:
    """What `--mode auto` makes of a fallback's example: `recomputed` or `refused`."""
    sql = error_pages.example(code)
    if sql is None:
        return "recomputed"
    parsed = parse(sql)
    try:
        return {"full": "recomputed"}[ivmc.compile(sql, ivmc.Catalog.from_sql(parsed.ddl)).strategy]
    except ivmc.CompileError:
        return "refused"


def not_maintained() -> str:
    """A table: construct, what happens, the way out."""
    rows = [(_summary(code), treatment(code), code.instead, code.code) for code in fallbacks()]
    rows.append(("A volatile function, such as `random()`", "refused", "compute it where the view is read",
                 errors.VolatileFunction.code))  # fmt: skip
    return table(("Not maintained differentially", "The view is", "Instead", "Code"), rows)


def _summary(code: type[Fallback]) -> str:
    paragraph = " ".join(error_pages.text(code).partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".")


# The page


def page() -> str:
    """Both tables, with laws and proofs."""
    rows = [
        (
            c.words,
            f"[{rule_pages.title(found)}](rules/{c.rule}.md)",
            f"`{facts(found)[0]}`",
            *_of(c.rule, "State", "Cost"),
            "<br>".join(f"`{file.relative_to(ROOT.resolve())}`" for file in c.proofs),
        )
        for c in CONSTRUCTS
        for found in [rule(c.rule)]
    ]
    heads = ("Construct", "Rule", "Law", "State kept", "Cost of a refresh", "Against PostgreSQL")
    proofs = table(("Rule", "Tests"), [(name, "<br>".join(proved)) for name, proved in tests().items()])
    return (
        f"# What is maintained\n\n{table(heads, rows)}\n\n## What is not\n\n{not_maintained()}\n\n"
        "`docs/errors` has a page for each code. Golden diagnostics: `tests/errors/golden`.\n\n"
        f"## The tests of each rule\n\n{proofs}\n\n"
        "Beside them every rule is part of the random plans of `tests/property/test_laws.py` and of the\n"
        "random queries of `tests/property/test_against_postgres.py`.\n"
    )


def tests() -> dict[str, list[str]]:
    """Per rule: the tests of its law, and the golden cases that expect it."""
    return {
        name: [*_law_tests(name), *_golden_cases(name)] for name in map(rule_pages.name, rule_pages.laws())
    }


def _law_tests(rule: str) -> list[str]:
    file = "tests/property/test_rules.py"
    wanted = rf"^def (test_{rule}\w*)\("
    return [f"`{file}::{test}`" for test in re.findall(wanted, (ROOT / file).read_text(), re.MULTILINE)]


def _golden_cases(rule: str) -> list[str]:
    found = []
    for file in sorted((ROOT / "tests/sql").glob("*.sql")):
        for case in file.read_text().split("-- ==== ")[1:]:
            expected = re.search(r"^-- expect: (.+)$", case, re.MULTILINE)
            if expected and rule in re.split(r",\s*", expected[1]):
                found.append(f"`tests/sql/{file.name}`: {case.partition(chr(10))[0]}")
    return found


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    >>> print(table(("a", "b"), [("1", "x")]))
    | a | b |
    |---|---|
    | 1 | x |
    """
    lines = [f"| {' | '.join(rule_pages.escaped(cell) for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines])


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "docs/support.md"))
