-- The schema `ivmc`: what keeps maintained views fresh inside PostgreSQL 15 and later, without Python.
--
--   ivmc.view, source, frontier       which views there are, what they read, how far they have read
--   ivmc.history, status              what each refresh did, and how many changes wait for the next
--   CALL ivmc.refresh('name')         brings a view up to date, in transactions of its own
--   SELECT ivmc.refresh_here('name')  the same inside a REPEATABLE READ transaction
--   CALL ivmc.trim()                  removes changes that every view has consumed
--   CALL ivmc.drop('name')            removes a view and whatever only it needed
--
-- SQLSTATE IVnnn is the error IVMnnn of ivmc's own catalogue.
-- This file may be run again at any time.

CREATE SCHEMA IF NOT EXISTS ivmc;

-- Orders the changes of one transaction. It is only ever compared among rows of one xid, so each
-- session may take numbers in advance.
CREATE SEQUENCE IF NOT EXISTS ivmc.change CACHE 1024;

CREATE TABLE IF NOT EXISTS ivmc.view (
    id               text PRIMARY KEY,
    schema           name NOT NULL,
    name             name NOT NULL,
    query            text NOT NULL,            -- as the user wrote it
    mode             text NOT NULL,            -- asked for: auto, differential, full
    strategy         text NOT NULL,            -- chosen: differential, full
    reason           text,                     -- why it is not differential
    state            text NOT NULL,            -- filling, ready
    setting_names    text[] NOT NULL,          -- pinned while the query's expressions are evaluated
    setting_values   text[] NOT NULL,
    root             name NOT NULL,            -- the state table that the user's relation shows
    visible_names    text[] NOT NULL,          -- its columns,
    visible_values   text[] NOT NULL,          -- each an expression over the root's columns,
    visible_where    text,                     -- and a condition
    program          text NOT NULL,            -- "SELECT ivmc.…($1, $2) AS done"
    lock             text,                     -- "LOCK TABLE … IN ACCESS SHARE MODE"
    objects          text[] NOT NULL DEFAULT '{}',  -- tables and functions that go when the view goes
    plan             jsonb,
    created          timestamptz NOT NULL DEFAULT now(),
    relations        regclass[] NOT NULL DEFAULT '{}',  -- what it reads, as in ivmc.source,
    entries          xid[]                     -- and what the catalogs said of it at the last refresh; null: unknown
);
CREATE UNIQUE INDEX IF NOT EXISTS view_name ON ivmc.view (schema, name) WHERE state = 'ready';

-- What a view has consumed: a change is new iff the snapshot does not see its xid, or it was made by
-- the refreshing transaction itself afterwards. '1:1:' has consumed nothing: recompute.
CREATE TABLE IF NOT EXISTS ivmc.frontier (
    view              text PRIMARY KEY REFERENCES ivmc.view ON DELETE CASCADE ON UPDATE CASCADE,
    snapshot          pg_snapshot NOT NULL DEFAULT '1:1:',
    xid               xid8 NOT NULL DEFAULT '0',
    seq               bigint NOT NULL DEFAULT 0,
    system_identifier bigint NOT NULL,
    database          oid NOT NULL,
    refreshes         bigint NOT NULL DEFAULT 0,
    ms_full           double precision,        -- what computing everything took, last time
    ms_per_row        double precision,        -- what a change costs, learned from large refreshes
    rows_most         bigint NOT NULL DEFAULT 0  -- the most changes that a delta has carried
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

-- Whatever is beyond `reached` is new, which is quicker to tell. As a generated column of the table it took each
-- refresh a third of the time to move its frontier.
CREATE OR REPLACE VIEW ivmc.consumed AS
SELECT f.*, greatest(pg_snapshot_xmax(f.snapshot), f.xid) AS reached FROM ivmc.frontier f;

CREATE TABLE IF NOT EXISTS ivmc.source (
    view       text NOT NULL REFERENCES ivmc.view ON DELETE CASCADE ON UPDATE CASCADE,
    schema     name NOT NULL,
    name       name NOT NULL,
    kind       "char" NOT NULL,                -- r table, p partitioned table, v maintained view
    relation   regclass NOT NULL,              -- where changes are captured: the table, or a view's storage
    path       text NOT NULL,                  -- its name, quoted
    buffer     name,                           -- its change buffer; null: not captured
    columns    name[] NOT NULL,
    attributes text,                           -- how its columns, triggers and files looked at the last
    triggers   text[],                         -- refresh: what differs since then was not captured
    files      text[],
    PRIMARY KEY (view, path)
);

CREATE TABLE IF NOT EXISTS ivmc.truncation (
    buffer name NOT NULL,
    xid    xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq    bigint NOT NULL DEFAULT nextval('ivmc.change')
);

CREATE TABLE IF NOT EXISTS ivmc.history (
    view         text NOT NULL,
    refresh      bigint NOT NULL,              -- counts from 1
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows_in      bigint NOT NULL,  -- changes that waited, about how many where nobody had to know
    rows_changed bigint NOT NULL,
    ms           double precision NOT NULL,
    strategy     text NOT NULL,
    reason       text,
    PRIMARY KEY (view, refresh)
);

-- How many changes in a buffer lie beyond a frontier; an update is two. Of more than 4 MB a part is read, and the
-- answer is an estimate. Null for who may not read the buffer.
CREATE OR REPLACE FUNCTION ivmc.unread(buffer name, snapshot pg_snapshot, xid xid8, seq bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_buffer text := format('ivmc.%I', buffer);
    v_read   float8 := least(1, 4000000 / greatest(pg_relation_size(to_regclass(v_buffer)), 1)::float8);
    v_found  bigint;
BEGIN
    IF has_table_privilege(to_regclass(v_buffer), 'SELECT') THEN
        EXECUTE format(
            'SELECT count(*) / $4 FROM %s b TABLESAMPLE SYSTEM (100 * $4) REPEATABLE (0)
             WHERE NOT pg_visible_in_snapshot(b.__ivmc_xid, $1) AND b.__ivmc_xid <> $2
                OR b.__ivmc_xid = $2 AND b.__ivmc_seq > $3', v_buffer)
            INTO v_found USING snapshot, xid, seq, v_read;
    END IF;
    RETURN v_found;
END $$;

-- A refresh that found nothing to do leaves no record: `last_refresh` is the last one that did. What waits for a
-- view that nobody refreshes stays in the buffers.
CREATE OR REPLACE VIEW ivmc.status AS
SELECT v.id, v.schema, v.name, v.state, v.mode, v.strategy, v.reason,
       h.at AS last_refresh, f.refreshes, h.rows_in, h.rows_changed, h.ms,
       h.strategy AS last_strategy, h.reason AS last_reason,
       ARRAY(SELECT format('%I.%I', s.schema, s.name) FROM ivmc.source s
             WHERE s.view = v.id ORDER BY 1) AS sources,
       (SELECT sum(ivmc.unread(s.buffer, f.snapshot, f.xid, f.seq))::bigint FROM ivmc.source s
        WHERE s.view = v.id) AS waiting
FROM ivmc.view v
JOIN ivmc.frontier f ON f.view = v.id
LEFT JOIN ivmc.history h ON h.view = v.id AND h.refresh = f.refreshes;

-- A crash empties an unlogged table, and resets the server's statistics.
CREATE OR REPLACE FUNCTION ivmc.lifetime(persistence "char") RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN persistence = 'u'
        THEN ' ' || extract(epoch FROM pg_catalog.pg_stat_get_bgwriter_stat_reset_time()) END
$$;

-- A source as the catalogs have it now. `files` are the latest, `files_seen` those of the snapshot:
-- where they differ, a TRUNCATE or a rewrite was committed in between, and the table looks empty.
-- `triggers` is null where one is missing or not enabled ALWAYS.
CREATE OR REPLACE VIEW ivmc.observed AS
SELECT s.view, s.schema, s.name, s.kind, s.relation, s.path, s.buffer,
       s.attributes AS attributes_then, s.triggers AS triggers_then, s.files AS files_then,
       (SELECT string_agg(concat_ws(' ', a.attname, a.atttypid::int8, a.atttypmod, a.attcollation::int8), ', '
                          ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = s.relation AND a.attname = ANY (s.columns) AND NOT a.attisdropped
       ) AS attributes,
       (SELECT CASE WHEN count(*) >= 4 AND bool_and(t.tgenabled = 'A') THEN
                   array_agg(concat_ws(' ', t.tgrelid::int8, t.tgname, t.xmin::text)
                             ORDER BY t.tgrelid, t.tgname) END
        FROM pg_catalog.pg_trigger t
        WHERE t.tgname LIKE '\_\_ivmc\_%'
          AND t.tgrelid = ANY (CASE s.kind
              WHEN 'p' THEN ARRAY(SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(s.relation) p)
              ELSE ARRAY[s.relation::oid] END)
       ) AS triggers,
       CASE s.kind
           WHEN 'p' THEN ARRAY(SELECT concat(p.relid::oid, ' ', pg_catalog.pg_relation_filenode(p.relid))
                               FROM pg_catalog.pg_partition_tree(s.relation) p WHERE p.isleaf
                               ORDER BY p.relid::oid)
           ELSE ARRAY(SELECT concat(pg_catalog.pg_relation_filenode(c.oid), ivmc.lifetime(c.relpersistence))
                      FROM pg_catalog.pg_class c WHERE c.oid = s.relation) END AS files,
       CASE s.kind
           WHEN 'p' THEN ARRAY(SELECT concat(p.relid::oid, ' ', nullif(c.relfilenode, 0))
                               FROM pg_catalog.pg_partition_tree(s.relation) p
                               LEFT JOIN pg_catalog.pg_class c ON c.oid = p.relid WHERE p.isleaf
                               ORDER BY p.relid::oid)
           ELSE ARRAY(SELECT concat(c.relfilenode, ivmc.lifetime(c.relpersistence))
                      FROM pg_catalog.pg_class c WHERE c.oid = s.relation) END AS files_seen,
       s.kind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = s.relation) AS inherited
FROM ivmc.source s;

CREATE OR REPLACE FUNCTION ivmc.system() RETURNS bigint
LANGUAGE sql STABLE AS $$ SELECT system_identifier FROM pg_catalog.pg_control_system() $$;

CREATE OR REPLACE FUNCTION ivmc.database() RETURNS oid
LANGUAGE sql STABLE AS $$
    SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
$$;

-- Both of them, which a session asks for once: to read the control file takes longer than to find a view.
CREATE OR REPLACE FUNCTION ivmc.home() RETURNS text
LANGUAGE sql AS $$ SELECT pg_catalog.set_config('ivmc.home', concat(ivmc.system(), ' ', ivmc.database()), false) $$;

-- What keeps sources from being dropped, altered or truncated. It names them as they are called now.
CREATE OR REPLACE FUNCTION ivmc.locking(relations regclass[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT 'LOCK TABLE ' || pg_catalog.array_to_string(relations, ', ') || ' IN ACCESS SHARE MODE'
$$;

-- The id of a view: itself, "name", "schema.name", quoted where SQL would ask for it.
CREATE OR REPLACE FUNCTION ivmc.find(name text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_id text;
BEGIN
    SELECT v.id INTO v_id FROM ivmc.view v
    WHERE v.id = $1 OR format('%s.%s', v.schema, v.name) = $1 OR format('%I.%I', v.schema, v.name) = $1
       OR (v.schema = 'public' AND quote_ident(v.name) = $1)
       OR v.id = (SELECT min(w.id) FROM ivmc.view w WHERE w.name = $1 HAVING count(DISTINCT w.schema) = 1)
    ORDER BY v.id <> $1, v.state = 'filling' LIMIT 1;
    IF v_id IS NULL THEN
        RAISE 'there is no maintained view "%"', $1
            USING ERRCODE = 'IV402', TABLE = $1, HINT = 'SELECT * FROM ivmc.status lists the maintained views.';
    END IF;
    RETURN v_id;
END $$;
