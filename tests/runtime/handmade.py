"""Plans written by hand, so that the runtime is tested apart from the compiler."""

from dataclasses import replace

from ivmc.catalog import Column, Type
from ivmc.emit.capture import BACKLOG, buffer_name, unread
from ivmc.emit.function import advance, refresh_function
from ivmc.names import fitted, identifier, qualified, view_id
from ivmc.plan import Plan, Source, Visible

INT = Type("pg_catalog", "int4")
BIGINT = Type("pg_catalog", "int8")


def columns(*names: str, type: Type = INT) -> tuple[Column, ...]:
    return tuple(Column(name, type) for name in names)


def source(schema: str, name: str, *names: str, kind: str = "r", type: Type = INT) -> Source:
    return Source(schema, name, kind, columns(*names, type=type), (), buffer_name(schema, name))  # type: ignore[arg-type]


def totals(
    schema: str,
    name: str,
    read: Source,
    group: str = "g",
    value: str = "x",
    *,
    settings: tuple[tuple[str, str], ...] = (),
) -> Plan:
    """`SELECT g, count(*) AS n, sum(x) AS total FROM read GROUP BY g`, with g NOT NULL."""
    g, x, table = identifier(group), identifier(value), qualified(read.schema, read.name)
    view = view_id(schema, name)
    root = f"ivmc.{identifier(view)}"
    query = f"SELECT {g} AS g, count(*) AS n, sum({x}) AS total FROM {table} GROUP BY {g}"
    stored = (
        f"SELECT {g} AS g, count(*) AS n, sum({x}) AS total, count({x}) AS filled FROM {table} GROUP BY {g}"
    )
    idle, move = ("\n".join(advance(works=works)) for works in (False, True))
    program = f"""CREATE FUNCTION ivmc.{identifier(fitted(view, "__refresh"))}(
    frontier ivmc.consumed, recompute boolean,
    OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text)
LANGUAGE plpgsql AS $program$
#variable_conflict use_column
BEGIN
    SELECT count(*), 0 INTO rows_in, rows_changed FROM ivmc.{identifier(read.buffer)} AS b
    WHERE {unread("b", "frontier")};
    IF rows_in = 0 AND NOT recompute THEN
        IF EXISTS (SELECT FROM ivmc.{identifier(read.buffer)} OFFSET {BACKLOG}) THEN
            {idle}
            strategy := 'idle';
        END IF;
        RETURN;
    END IF;
    {move}
    IF recompute THEN
        SELECT count(*) INTO rows_in FROM {table};
        DELETE FROM {root};
        INSERT INTO {root} {stored};
        GET DIAGNOSTICS rows_changed = ROW_COUNT;
        strategy := 'full';
        RETURN;
    END IF;
    MERGE INTO {root} AS r
    USING (SELECT b.{g} AS g, sum(b.__ivmc_weight) AS n, coalesce(sum(b.__ivmc_weight * b.{x}), 0) AS total,
                  coalesce(sum(b.__ivmc_weight) FILTER (WHERE b.{x} IS NOT NULL), 0) AS filled
           FROM ivmc.{identifier(read.buffer)} AS b WHERE {unread("b", "frontier")} GROUP BY b.{g}) AS d
    ON r.g = d.g
    WHEN MATCHED AND r.n + d.n = 0 THEN DELETE
    WHEN MATCHED AND (d.n <> 0 OR d.total <> 0 OR d.filled <> 0) THEN UPDATE SET
        n = r.n + d.n, filled = r.filled + d.filled,
        total = CASE WHEN r.filled + d.filled > 0 THEN coalesce(r.total, 0) + d.total END
    WHEN NOT MATCHED AND d.n > 0 THEN INSERT VALUES (
        d.g, d.n, CASE WHEN d.filled > 0 THEN d.total END, d.filled);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    strategy := 'differential';
END $program$"""
    return Plan(
        schema=schema,
        name=name,
        query=query,
        mode="auto",
        strategy="differential",
        reason=None,
        settings=settings,
        sources=(read,),
        storage=(
            f"CREATE TABLE {root} AS {stored} WITH NO DATA",
            f"ALTER TABLE {root} ADD PRIMARY KEY (g)",
        ),
        fill=(f"INSERT INTO {root} {stored}",),
        program=program,
        view=f"CREATE VIEW {qualified(schema, name)} AS SELECT g, n, total FROM {root}",
        root=view,
        visible=Visible((("g", "g"), ("n", "n"), ("total", "total"))),
    )


def recomputed(plan: Plan) -> Plan:
    """The same view, filled anew by every refresh."""
    filled = (f"DELETE FROM ivmc.{identifier(plan.root)}", *plan.fill)
    steps = "\n".join((*advance(), *(f"{sql};" for sql in filled)))
    code = f"""
#variable_conflict use_column
BEGIN
rows_in := 0;
{steps}
GET DIAGNOSTICS rows_changed = ROW_COUNT;
strategy := 'full';
END """
    program = refresh_function(plan.id, code)
    return replace(plan, strategy="full", reason="asked for", program=program)
