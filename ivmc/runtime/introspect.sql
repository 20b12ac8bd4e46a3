-- Everything that a catalog needs of a live database, one result after the other; see introspect.py.
-- What PostgreSQL made itself (object identifiers below 16384) comes from the shipped snapshot,
-- except the identifiers of its types, by which the rest refers to them.

-- 1. The session.
SELECT current_setting('server_version_num')::int / 10000 AS version,
       current_schemas(false)::text[] AS search_path,
       (SELECT array_agg(ARRAY[name, current_setting(name, true)] ORDER BY place)
        FROM unnest(ARRAY['search_path', 'TimeZone', 'DateStyle', 'IntervalStyle', 'extra_float_digits',
                          'bytea_output', 'xmlbinary', 'xmloption', 'lc_monetary', 'lc_numeric', 'lc_time',
                          'default_text_search_config', 'standard_conforming_strings', 'array_nulls',
                          'timezone_abbreviations', 'transform_null_equals'])
             WITH ORDINALITY AS setting(name, place)
        WHERE current_setting(name, true) IS NOT NULL) AS settings,
       (SELECT array_agg(CASE n.nspname WHEN 'pg_catalog' THEN '' ELSE quote_ident(n.nspname) || '.' END
                         || quote_ident(c.collname))
        FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace
        WHERE NOT c.collisdeterministic) AS nondeterministic;

-- 2. Types: of PostgreSQL's own ones only identifier and name.
SELECT t.oid, n.nspname, t.typname, t.typtype::text, t.typcategory::text, t.typispreferred,
       t.typcollation <> 0 AS collatable,
       CASE WHEN t.typlen = -1 AND t.typsubscript = 'array_subscript_handler'::regproc
            THEN nullif(t.typelem, 0) END AS element,
       nullif(t.typarray, 0) AS array,
       nullif(t.typbasetype, 0) AS base, t.typtypmod,
       coalesce(r.rngsubtype, m.rngtypid) AS subtype,
       nullif(r.rngmultitypid, 0) AS multirange,
       CASE WHEN t.oid >= 16384 AND t.typtype = 'b' AND t.typelem = 0 THEN (
           SELECT s.nspname FROM pg_opclass AS c JOIN pg_am AS a ON a.oid = c.opcmethod
           JOIN pg_amop AS e ON e.amopfamily = c.opcfamily AND e.amopstrategy = 3
                            AND e.amoplefttype = c.opcintype AND e.amoprighttype = c.opcintype
           JOIN pg_operator AS o ON o.oid = e.amopopr JOIN pg_namespace AS s ON s.oid = o.oprnamespace
           WHERE a.amname = 'btree' AND c.opcdefault AND (c.opcintype = t.oid OR EXISTS (
               SELECT FROM pg_cast AS k WHERE k.castsource = t.oid AND k.casttarget = c.opcintype
               AND k.castmethod = 'b' AND k.castcontext = 'i'))
           ORDER BY c.opcintype = t.oid DESC LIMIT 1) END AS operators,
       t.oid >= 16384 AND t.typtype = 'b' AND t.typelem = 0 AND EXISTS (
           SELECT FROM pg_opclass AS c JOIN pg_am AS a ON a.oid = c.opcmethod
           JOIN pg_amproc AS p ON p.amprocfamily = c.opcfamily AND p.amproclefttype = c.opcintype
                              AND p.amprocnum = 2
           WHERE a.amname = 'hash' AND c.opcdefault AND (c.opcintype = t.oid OR EXISTS (
               SELECT FROM pg_cast AS k WHERE k.castsource = t.oid AND k.casttarget = c.opcintype
               AND k.castmethod = 'b' AND k.castcontext = 'i'))) AS has_hash,
       coalesce(i.provolatile, 's')::text, coalesce(o.provolatile, 's')::text,
       nullif(t.typrelid, 0) AS relation
FROM pg_type AS t
JOIN pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_range AS r ON r.rngtypid = t.oid
LEFT JOIN pg_range AS m ON m.rngmultitypid = t.oid
LEFT JOIN pg_proc AS i ON i.oid = t.typinput
LEFT JOIN pg_proc AS o ON o.oid = t.typoutput
WHERE n.nspname NOT LIKE 'pg\_toast%' AND NOT pg_is_other_temp_schema(n.oid)
ORDER BY t.oid;

-- 3. Relations.
SELECT c.oid, CASE WHEN n.oid = pg_my_temp_schema() THEN 'pg_temp' ELSE n.nspname END, c.relname,
       c.relkind::text, c.relpersistence::text,
       -- a maintained view is a source like a table: its definition is nobody's business
       CASE WHEN c.relkind IN ('v', 'm') AND NOT EXISTS (
           SELECT FROM pg_rewrite w
           JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
           JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
           WHERE w.ev_class = c.oid AND t.relnamespace = to_regnamespace('ivmc')
       ) THEN rtrim(pg_get_viewdef(c.oid), ';') END AS definition,
       CASE WHEN c.reltuples > 0 THEN c.reltuples::float8 END AS rows,
       c.relrowsecurity,
       c.relkind = 'r' AND c.relhassubclass
           AND EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) AS has_children
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND n.nspname NOT LIKE 'pg\_toast%' AND NOT pg_is_other_temp_schema(n.oid);

-- 4. Their columns, and the fields of composite types. A NOT NULL that is not yet validated (18)
--    promises nothing about the rows.
SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod,
       a.attnotnull AND NOT EXISTS (
           SELECT FROM pg_constraint AS k WHERE k.conrelid = a.attrelid AND k.contype = 'n'
           AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum]) AS not_null,
       CASE WHEN a.attcollation <> t.typcollation THEN
            CASE n.nspname WHEN 'pg_catalog' THEN '' ELSE quote_ident(n.nspname) || '.' END
            || quote_ident(l.collname) END AS collation,
       a.attgenerated::text,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS expression
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
ORDER BY a.attrelid, a.attnum;

-- 5. Whole btree and hash indexes: their leading plain columns; whether they are a key.
--    A key must compare as its columns do: under their collations, by an ordinary operator class.
SELECT i.indrelid, i.indisprimary AND NOT i.indisexclusion AND i.indimmediate AS is_primary,
       i.indisunique AND NOT i.indisexclusion AND i.indimmediate
       AND i.indnkeyatts = cardinality(plain.columns) AND plain.ordinary AS is_key,
       plain.columns
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = c.relam AND m.amname IN ('btree', 'hash')
CROSS JOIN LATERAL (
    SELECT array_agg(a.attname::text ORDER BY k.place) AS columns,
           bool_and(i.indcollation[k.place - 1] = a.attcollation
                    AND (o.opcdefault OR o.opcname LIKE '%pattern_ops')) AS ordinary
    FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
    JOIN pg_opclass AS o ON o.oid = i.indclass[k.place - 1]
    WHERE k.place <= i.indnkeyatts
    AND k.place < coalesce((SELECT min(e.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS e(number, place)
                            WHERE e.number = 0), 1000)) AS plain
WHERE i.indrelid >= 16384 AND i.indisvalid AND i.indpred IS NULL AND plain.columns IS NOT NULL
ORDER BY i.indexrelid;

-- 6. Foreign keys: not the copies that each partition of the other table has.
SELECT f.conrelid, f.confrelid,
       (SELECT array_agg(a.attname::text ORDER BY k.place)
        FROM unnest(f.conkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.number),
       (SELECT array_agg(a.attname::text ORDER BY k.place)
        FROM unnest(f.confkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.number),
       f.convalidated AND coalesce((to_jsonb(f) ->> 'conenforced')::bool, true), f.condeferrable
FROM pg_constraint AS f
WHERE f.contype = 'f' AND NOT coalesce((to_jsonb(f) ->> 'conperiod')::bool, false)
AND NOT EXISTS (SELECT FROM pg_constraint AS p WHERE p.oid = f.conparentid AND p.conrelid = f.conrelid)
ORDER BY f.oid;

-- 7. Functions and aggregates, and PostgreSQL's own ones that user operators and casts are made of.
SELECT p.oid, n.nspname, p.proname, p.prokind::text, p.proargtypes::oid[], p.prorettype,
       p.provolatile::text, p.proisstrict, p.proretset, nullif(p.provariadic, 0), p.pronargdefaults,
       coalesce(p.proargnames, '{}'), coalesce(p.proargmodes::text[], '{}'),
       coalesce(p.proallargtypes, '{}'), coalesce(g.aggkind, 'n')::text,
       CASE WHEN g.aggkind IN ('o', 'h') THEN g.aggnumdirectargs ELSE 0 END, p.oid >= 16384 AS own
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
LEFT JOIN pg_aggregate AS g ON g.aggfnoid = p.oid
WHERE p.prokind <> 'p' AND p.prorettype <> 'trigger'::regtype
AND (p.oid >= 16384 OR p.oid IN (SELECT oprcode FROM pg_operator WHERE oid >= 16384)
     OR p.oid IN (SELECT castfunc FROM pg_cast WHERE oid >= 16384));

-- 8. Operators.
SELECT n.nspname, o.oprname, nullif(o.oprleft, 0), o.oprright, o.oprresult, o.oprcode::oid,
       c.oprname, g.oprname
FROM pg_operator AS o
JOIN pg_namespace AS n ON n.oid = o.oprnamespace
LEFT JOIN pg_operator AS c ON c.oid = o.oprcom
LEFT JOIN pg_operator AS g ON g.oid = o.oprnegate
WHERE o.oid >= 16384 AND o.oprcode <> 0;

-- 9. Casts.
SELECT castsource, casttarget, castcontext::text, castmethod::text, nullif(castfunc, 0)
FROM pg_cast WHERE oid >= 16384;
