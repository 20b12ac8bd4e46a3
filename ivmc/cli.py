"""The command `ivmc`.

Thin: it reads files, connects, calls the library and prints. Data goes to stdout, messages to
stderr. Exit status: 0 done, 1 the query or the data is at fault, 2 wrong usage. The library is
imported by the command that needs it, so that each starts fast.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ivmc.diagnostics import CompileError
from ivmc.terminal import STDIN, Commands, File, SqlFile, ViewName, answer, naming

if TYPE_CHECKING:
    import psycopg

    from ivmc.catalog import Catalog
    from ivmc.plan import Mode, Plan
    from ivmc.runtime import Verified

F = TypeVar("F", bound=Callable[..., Any])

OLDEST = 15  # the first PostgreSQL with MERGE


query_argument = click.argument("query", type=SqlFile(), metavar="QUERY.sql")
schema_option = click.option(
    "--schema", type=SqlFile(), multiple=True, metavar="FILE", help="CREATE statements that the query needs."
)
dsn_option = click.option(
    "--dsn", default=None, metavar="DSN", help="The database; else IVMC_DSN, else libpq's PG* variables."
)
name_option = click.option(
    "--name", type=ViewName(), metavar="[SCHEMA.]NAME", help="The view's name; the file's by default."
)
mode_option = click.option(
    "--mode",
    type=click.Choice(["auto", "differential", "full"]),
    default="auto",
    show_default=True,
    help="How it is refreshed. auto: differentially where the query allows, else in full.",
)
pg_option = click.option(
    "--pg",
    type=click.Choice(["15", "16", "17", "18"]),
    help="The oldest PostgreSQL that the SQL must run on.  [default: 15, or the server's]",
)
trust_option = click.option(
    "--trust-foreign-keys/--no-trust-foreign-keys",
    default=True,
    show_default=True,
    help="Do not join new rows to tables that refer to them: nothing old can.",
)
names_argument = click.argument("names", nargs=-1, metavar="[NAME]...")


def format_option(*choices: str) -> Callable[[F], F]:
    """`--format`, whose first choice is the default."""
    return click.option("--format", "form", type=click.Choice(choices), default=choices[0], show_default=True)


def compiling(command: F) -> F:
    """The argument and options by which a query is compiled."""
    for decorate in (
        trust_option,
        pg_option,
        mode_option,
        name_option,
        dsn_option,
        schema_option,
        query_argument,
    ):
        command = decorate(command)
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ivmc", message="ivmc %(version)s")
def main() -> None:
    """Keep the result of a PostgreSQL SELECT up to date, incrementally."""


@main.command("compile")
@compiling
@format_option("sql", "json")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write there, not to stdout.")
def compile_(form: str, output: str | None, **how: Any) -> None:
    """Print the script that installs a view.

    It is for `psql -f`, and needs no Python where it runs.

    QUERY.sql holds one SELECT, and may hold the CREATE TABLEs that it needs; `-` is the standard
    input. Without --schema or --dsn nothing is read but this file.
    """
    plan = compiled(**how)
    note_fallback(plan)
    text = json.dumps(plan.as_dict(), indent=2, default=str) if form == "json" else plan.script
    if output is None:
        click.echo(text.rstrip("\n"))
        return
    try:
        Path(output).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {output!r}: {error.strerror}") from None


@main.command()
@compiling
@format_option("text", "mermaid", "json")
def explain(form: str, **how: Any) -> None:
    """Show how a view would be maintained.

    Its operators with their laws, the state that they keep, what they cost, and why they fall back.
    """
    from ivmc.explain import explain as explained

    plan = compiled(**how)
    if _asks_a_database(how["query"], how["schema"], how["dsn"]):
        from ivmc import runtime

        with connected(how["dsn"]) as conn:
            plan = runtime.weighed(conn, plan)
    click.echo(explained(plan, form))


@main.command()
@click.argument("name", type=ViewName(), metavar="[SCHEMA.]NAME")
@query_argument
@dsn_option
@mode_option
@trust_option
@click.option("--or-replace", is_flag=True, help="Replace the maintained view of this name.")
def create(
    name: str, query: File, dsn: str | None, mode: Mode, trust_foreign_keys: bool, or_replace: bool
) -> None:
    """Install a view and fill it.

    QUERY.sql holds one SELECT. CREATE TABLEs in it are passed over: the database has its own.
    """
    from ivmc import runtime

    with naming(query), connected(dsn) as conn:
        plan = runtime.create(
            conn,
            name,
            query.text,
            mode=mode,
            or_replace=or_replace,
            trust_foreign_keys=trust_foreign_keys,
        )
    click.echo(f"created {plan.schema}.{plan.name}, {_manner(plan)}", err=True)


@main.command()
@names_argument
@dsn_option
@format_option("text", "json")
def refresh(names: tuple[str, ...], dsn: str | None, form: str) -> None:
    """Bring views up to date.

    All of them where none is named, each after those that it reads.
    """
    from ivmc import runtime

    with connected(dsn) as conn:
        answer(
            runtime.refresh(conn, names), form, "view", "strategy", "rows_in", "rows_changed", "ms", "reason"
        )


@main.command()
@names_argument
@dsn_option
@format_option("text", "json")
def verify(names: tuple[str, ...], dsn: str | None, form: str) -> None:
    """Compare views with their queries.

    Refreshes, recomputes each query as it was written, and compares as bags; where they differ, shows
    rows (- missing, + too many) and exits with 1.
    """
    from ivmc import runtime

    with connected(dsn) as conn:
        results = runtime.verify(conn, names)
    answer(results, form, "view", "rows", "missing", "surplus")
    if form == "text":
        differing_rows(results)
    if wrong := [r.diagnostic for r in results if r.diagnostic]:
        raise CompileError(wrong)


def differing_rows(results: Sequence[Verified]) -> None:
    """Show some of the rows by which views differ from their queries."""
    for result in results:
        for mark, rows in (("-", result.missing_rows), ("+", result.surplus_rows)):
            for row in rows:
                click.echo(f"{mark} {result.view} {json.dumps(row, ensure_ascii=False, default=str)}")


@main.command()
@dsn_option
@format_option("text", "json")
def status(dsn: str | None, form: str) -> None:
    """List views, their last refresh, and how many changes wait for the next."""
    from ivmc import runtime

    with connected(dsn) as conn:
        shown = (
            "id",
            "state",
            "strategy",
            "refreshes",
            "last_refresh",
            "rows_in",
            "rows_changed",
            "ms",
            "waiting",
            "sources",
        )
        answer(runtime.status(conn), form, *shown)


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@dsn_option
def drop(names: tuple[str, ...], dsn: str | None) -> None:
    """Remove views and everything that only they needed."""
    from ivmc import runtime

    with connected(dsn) as conn:
        for name in names:
            runtime.drop(conn, name)
            click.echo(f"dropped {name}", err=True)


@main.command()
def demo() -> None:
    """Show it all on an org chart.

    Nothing to set up: a PostgreSQL is started for the occasion, in a temporary directory.
    """
    from ivmc.demo import run

    run()


@contextmanager
def connected(dsn: str | None) -> Iterator[psycopg.Connection[Any]]:
    """A connection, on which what the server complains of is a diagnostic."""
    from ivmc import runtime
    from ivmc.runtime.connection import diagnosed

    with runtime.connect(dsn) as conn, diagnosed():
        yield conn


def compiled(query: File, name: str | None, mode: Mode, trust_foreign_keys: bool, **where: Any) -> Plan:
    """The plan of a query, its names looked up offline or in a database."""
    import ivmc

    with naming(query):
        catalog, version = names_of(query, **where)
        return ivmc.compile(
            query.text,
            catalog,
            name=name or _name_from(query.name),
            mode=mode,
            version=version,
            trust_foreign_keys=trust_foreign_keys,
        )


def names_of(query: File, schema: Sequence[File], dsn: str | None, pg: str | None) -> tuple[Catalog, int]:
    """The catalog of a query, and the oldest server version to write for."""
    from ivmc.parse import parse

    if schema and dsn:
        raise click.UsageError("give --schema or --dsn, not both")
    if _asks_a_database(query, schema, dsn):
        return _online(dsn, pg)
    return _offline([*schema, File(parse(query.text).ddl, query.name)], pg), int(pg or OLDEST)


def _asks_a_database(query: File, schema: Sequence[File], dsn: str | None) -> bool:
    """Where --dsn says so, or where IVMC_DSN does and there is no schema to read."""
    from ivmc.parse import parse

    return bool(
        dsn or (os.environ.get("IVMC_DSN") and not schema and "CREATE" not in parse(query.text).ddl.upper())
    )


def _online(dsn: str | None, pg: str | None) -> tuple[Catalog, int]:
    from ivmc.catalog import Catalog

    with connected(dsn) as conn:
        catalog = Catalog.from_database(conn)
    return catalog, int(pg or catalog.version)


def _offline(files: Sequence[File], pg: str | None) -> Catalog:
    from pglast.parser import ParseError

    from ivmc import errors
    from ivmc.catalog import Catalog, Unresolved
    from ivmc.catalog.ddl import blanked
    from ivmc.parse import check, keyword

    try:
        ddl = "\n;\n".join(file.text for file in files)
        return Catalog.from_sql(ddl, version=int(pg)) if pg else Catalog.from_sql(ddl)
    except ParseError:
        for file in files:
            text = blanked(file.text)
            with naming(File(text, file.name)):
                check(text)
        raise
    except Unresolved as fault:
        name = fault.message.split('"')[1].upper() if '"' in fault.message else ""
        spans = [(file, keyword(blanked(file.text), name)) for file in files]
        file, span = next((found for found in spans if found[1]), (files[0], None))
        raise CompileError([errors.InvalidSchema(span, fault.message)], file.text, file.name) from None


def _name_from(filename: str) -> str:
    return Path(filename).stem.replace(".", "_") if filename != STDIN else "view"


def note_fallback(plan: Plan) -> None:
    """Say on stderr that the view will be recomputed, and why, unless that was asked for."""
    if plan.strategy == "full" and plan.mode != "full":
        click.echo(f"note: {_manner(plan)}", err=True)


def _manner(plan: Plan) -> str:
    if plan.strategy == "differential":
        return "refreshed differentially"
    return "refreshed in full" + (f": {plan.reason}" if plan.mode != "full" else "")
