"""Write the catalog snapshot that ivmc ships, read from a real PostgreSQL 18 (and 15) server.

    python scripts/catalog_snapshot.py --dsn DSN18 [--older DSN15] [--out ivmc/data]

The first server is the snapshot; the optional older one only tells which rows it lacks (`>15` in
the last field) and adds those that were since removed (`<18`). Each file is tab-separated text,
one object a line, sorted, with its fields named in a first line that starts with `#`.
Source: PostgreSQL manual, chapter 53 "System Catalogs".
"""

from __future__ import annotations

import argparse
from pathlib import Path

import psycopg

Row = tuple[str, ...]

# The name of type {0} as the snapshot spells it: bare inside pg_catalog.
TYPE_NAME = """(select case s_.nspname when 'pg_catalog' then t_.typname::text
    else concat(s_.nspname, '.', t_.typname) end
    from pg_type t_ join pg_namespace s_ on s_.oid = t_.typnamespace where t_.oid = {0})"""

# Whether type t has a default operator class of access method {0}, its own or that of a type
# to which it is binary-coercible (GetDefaultOpClass); `hash` counts only with the extended
# support function, which hash_record_extended needs.
OPCLASS = """exists (select from pg_opclass c join pg_am a on a.oid = c.opcmethod
    where a.amname = '{0}' and c.opcdefault
    and (c.opcintype = t.oid or exists (select from pg_cast k where k.castsource = t.oid
         and k.casttarget = c.opcintype and k.castmethod = 'b' and k.castcontext = 'i'))
    and ('{0}' <> 'hash' or exists (select from pg_amproc p where p.amprocfamily = c.opcfamily
         and p.amproclefttype = c.opcintype and p.amprocnum = 2)))"""

TYPES = f"""
select {TYPE_NAME.format("t.oid")}, t.typtype, t.typcategory,
    concat(case when t.typispreferred then 'p' end,
           case when t.typcollation <> 0 then 'c' end,
           case when {OPCLASS.format("btree")} then 'b' end,
           case when {OPCLASS.format("hash")} then 'h' end),
    case when t.typlen = -1 and t.typsubscript = 'array_subscript_handler'::regproc
         then {TYPE_NAME.format("t.typelem")} end,
    {TYPE_NAME.format("nullif(t.typarray, 0)")},
    case when t.typtype = 'd' then {TYPE_NAME.format("t.typbasetype")} end,
    case when t.typtype = 'd' then t.typtypmod end,
    {TYPE_NAME.format("coalesce(r.rngsubtype, m.rngtypid)")},
    concat((select provolatile from pg_proc where oid = t.typinput),
           (select provolatile from pg_proc where oid = t.typoutput))
from pg_type t
left join pg_range r on r.rngtypid = t.oid
left join pg_range m on m.rngmultitypid = t.oid
left join pg_type e on e.oid = t.typelem
where t.typnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
and t.typtype <> 'c' and coalesce(e.typtype, '') <> 'c'
"""

# Functions over these types cannot be called from a query.
UNCALLABLE = """('internal', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler',
    'index_am_handler', 'tsm_handler', 'table_am_handler')"""

FUNCTIONS = f"""
select p.proname,
    (select string_agg({TYPE_NAME.format("a.type")}, ',' order by a.i)
     from unnest(p.proargtypes) with ordinality a(type, i)),
    {TYPE_NAME.format("p.prorettype")},
    concat(p.prokind, p.provolatile, case when p.proisstrict then 's' else '-' end,
           case when p.proretset then 'r' else '-' end, g.aggkind,
           case when g.aggkind in ('o', 'h') then g.aggnumdirectargs end),
    case when p.provariadic <> 0 then {TYPE_NAME.format("p.provariadic")} end,
    nullif(p.pronargdefaults, 0),
    (select string_agg(p.proargnames[i], ',' order by i)
     from generate_subscripts(p.proargnames, 1) i
     where coalesce(p.proargmodes[i], 'i') in ('i', 'b', 'v')),
    (select string_agg(p.proargnames[i] || ':' || {TYPE_NAME.format("p.proallargtypes[i]")}, ','
            order by i)
     from generate_subscripts(p.proargnames, 1) i where p.proargmodes[i] in ('o', 'b', 't'))
from pg_proc p left join pg_aggregate g on g.aggfnoid = p.oid
where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind <> 'p'
and not exists (select from unnest(p.proargtypes || p.prorettype) a join pg_type t on t.oid = a
    where t.typname in {UNCALLABLE})
"""

OPERATORS = f"""
select o.oprname, {TYPE_NAME.format("nullif(o.oprleft, 0)")}, {TYPE_NAME.format("o.oprright")},
    {TYPE_NAME.format("o.oprresult")}, p.proname,
    nullif((select string_agg({TYPE_NAME.format("a.type")}, ',' order by a.i)
            from unnest(p.proargtypes) with ordinality a(type, i)),
           concat_ws(',', {TYPE_NAME.format("nullif(o.oprleft, 0)")},
                     {TYPE_NAME.format("o.oprright")})),
    (select oprname from pg_operator where oid = o.oprcom),
    (select oprname from pg_operator where oid = o.oprnegate)
from pg_operator o join pg_proc p on p.oid = o.oprcode
where o.oprnamespace = 'pg_catalog'::regnamespace
"""

CASTS = f"""
select {TYPE_NAME.format("c.castsource")}, {TYPE_NAME.format("c.casttarget")},
    concat(c.castcontext, c.castmethod), p.proname,
    (select string_agg({TYPE_NAME.format("a.type")}, ',' order by a.i)
     from unnest(p.proargtypes) with ordinality a(type, i))
from pg_cast c left join pg_proc p on p.oid = c.castfunc
where c.oid < 16384
"""

COLUMNS = f"""
select concat(n.nspname, '.', c.relname, ':', c.relkind),
    string_agg(a.attname || ':' || case when a.attnotnull then '!' else '' end
               || {TYPE_NAME.format("a.atttypid")}, ',' order by a.attnum)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v')
group by n.nspname, c.relname, c.relkind
"""

# file → (query, field names, how many leading fields identify a row)
FILES = {
    "types": (TYPES, "name kind category flags element array base base_typmod subtype io", 1),
    "functions": (FUNCTIONS, "name args result flags variadic defaults names out", 2),
    "operators": (OPERATORS, "name left right result function args commutator negator", 3),
    "casts": (CASTS, "source target context+method function args", 2),
    "relations": (COLUMNS, "relation columns", 1),
}


def read(dsn: str, query: str) -> list[Row]:
    """The rows of `query` as text, NULL as the empty string."""
    with psycopg.connect(dsn) as conn:
        rows = conn.execute(query.encode()).fetchall()
    return [tuple("" if v is None else str(v) for v in row) for row in rows]


def merged(new: list[Row], old: list[Row] | None, width: int) -> list[Row]:
    """`new`, each row with a last field that says which versions have it."""
    if old is None:
        return sorted((*row, "") for row in new)
    in_old, in_new = ({row[:width] for row in rows} for rows in (old, new))
    marked = [(*row, "" if row[:width] in in_old else ">15") for row in new]
    return sorted(marked + [(*row, "<18") for row in old if row[:width] not in in_new])


def write(out: Path, name: str, rows: list[Row]) -> None:
    """One file of the snapshot."""
    lines = ["\t".join(["#", *FILES[name][1].split(), "versions"])]
    lines += ["\t".join(row).rstrip("\t") for row in rows]
    (out / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write every file of the snapshot."""
    parser = argparse.ArgumentParser(description="write the catalog snapshot")
    parser.add_argument("--dsn", required=True, help="a PostgreSQL 18 server")
    parser.add_argument("--older", help="a PostgreSQL 15 server, to mark what it lacks")
    parser.add_argument("--out", type=Path, default=Path("ivmc/data"))
    args = parser.parse_args()
    for name, (query, _, width) in FILES.items():
        old = read(args.older, query) if args.older else None
        write(args.out, name, merged(read(args.dsn, query), old, width))


if __name__ == "__main__":
    main()
