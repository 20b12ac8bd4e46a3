-- The schema `ivmc`: what keeps maintained views fresh inside PostgreSQL 15 and later, without Python.
--
--   ivmc.view, source, frontier       which views there are, what they read, how far they have read
--   ivmc.history, status              what each refresh did
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
    program          text NOT NULL,            -- "SELECT * FROM ivmc.…($1, $2)"
    pending          text,                     -- "SELECT ivmc.…($1)"; null: every refresh has work to do
    lock             text,                     -- "LOCK TABLE … IN ACCESS SHARE MODE"
    objects          text[] NOT NULL DEFAULT '{}',  -- tables and functions that go when the view goes
    plan             jsonb,
    created          timestamptz NOT NULL DEFAULT now()
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
    refreshes         bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

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
    rows_in      bigint NOT NULL,
    rows_changed bigint NOT NULL,
    ms           double precision NOT NULL,
    strategy     text NOT NULL,
    reason       text,
    PRIMARY KEY (view, refresh)
);

-- A refresh that found nothing to do leaves no record: `last_refresh` is the last one that did.
CREATE OR REPLACE VIEW ivmc.status AS
SELECT v.id, v.schema, v.name, v.state, v.mode, v.strategy, v.reason,
       h.at AS last_refresh, f.refreshes, h.rows_in, h.rows_changed, h.ms,
       h.strategy AS last_strategy, h.reason AS last_reason,
       ARRAY(SELECT format('%I.%I', s.schema, s.name) FROM ivmc.source s
             WHERE s.view = v.id ORDER BY 1) AS sources
FROM ivmc.view v
JOIN ivmc.frontier f ON f.view = v.id
LEFT JOIN ivmc.history h ON h.view = v.id AND h.refresh = f.refreshes;

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
           ELSE ARRAY[pg_catalog.pg_relation_filenode(s.relation)::text] END AS files,
       CASE s.kind
           WHEN 'p' THEN ARRAY(SELECT concat(p.relid::oid, ' ', nullif(c.relfilenode, 0))
                               FROM pg_catalog.pg_partition_tree(s.relation) p
                               LEFT JOIN pg_catalog.pg_class c ON c.oid = p.relid WHERE p.isleaf
                               ORDER BY p.relid::oid)
           ELSE ARRAY(SELECT c.relfilenode::text FROM pg_catalog.pg_class c WHERE c.oid = s.relation)
           END AS files_seen,
       s.kind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = s.relation) AS inherited
FROM ivmc.source s;

CREATE OR REPLACE FUNCTION ivmc.system() RETURNS bigint
LANGUAGE sql STABLE AS $$ SELECT system_identifier FROM pg_catalog.pg_control_system() $$;

CREATE OR REPLACE FUNCTION ivmc.database() RETURNS oid
LANGUAGE sql STABLE AS $$
    SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
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


-- ── Capture ──────────────────────────────────────────────────────────────────────────────────────

-- The columns that a view reads of a source, with their types. Those of a maintained view are
-- expressions over its storage, where its changes are captured.
CREATE OR REPLACE FUNCTION ivmc.columns_of(source regclass, upstream text, names text[])
RETURNS TABLE (name text, type text, value text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.attname,
           format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation
               THEN format(' COLLATE %I.%I', n.nspname, c.collname) ELSE '' END,
           coalesce(v.visible_values[array_position(v.visible_names, a.attname::text)], quote_ident(a.attname))
    FROM unnest(names) WITH ORDINALITY AS wanted (name, position)
    JOIN pg_attribute a ON a.attrelid = source AND a.attname = wanted.name AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation c ON c.oid = a.attcollation
    LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
    LEFT JOIN ivmc.view v ON v.id = upstream
    ORDER BY wanted.position
$$;

-- The captured columns of a buffer: all but its bookkeeping.
CREATE OR REPLACE FUNCTION ivmc.captured(buffer name) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') FROM pg_attribute a
    WHERE a.attrelid = to_regclass(format('ivmc.%I', buffer)) AND a.attnum > 3 AND NOT a.attisdropped
$$;

-- Write the trigger function of a buffer: the rows of a statement, old ones with weight -1, new ones
-- with weight 1, columns by name. `gone` stands in for a column that was dropped or renamed, so that
-- writers go on; the refresh reports it.
CREATE OR REPLACE FUNCTION ivmc.write_capture(buffer name, kind "char", source regclass, upstream text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $write$
DECLARE
    v_into  text;     -- , a, b
    v_image text;     -- ROW(changed.a, changed.b)
    v_gone  text;     -- NULL::integer AS a, NULL::text AS b
    v_names text;     -- a, b
    v_shown text;     -- x + 1 AS a, y AS b
    v_body  text;
BEGIN
    SELECT coalesce(string_agg(', ' || quote_ident(c.name), ''), ''),
           format('ROW(%s)::record', string_agg('changed.' || quote_ident(c.name), ', ')),
           coalesce(string_agg(format('NULL::%s AS %I', c.type, c.name), ', '), ''),
           coalesce(string_agg(quote_ident(c.name), ', '), ''),
           coalesce(string_agg(format('%s AS %I', c.value, c.name), ', '), '')
    INTO v_into, v_image, v_gone, v_names, v_shown
    FROM ivmc.columns_of(source, upstream, ivmc.captured(buffer)) c;
    IF kind = 'p' THEN
        v_body := ivmc.row_capture(buffer, v_into, format('(SELECT %s) AS gone', v_gone), v_names);
    ELSIF upstream IS NULL THEN
        v_body := ivmc.statement_capture(buffer, v_into, v_image,
            format('(SELECT %s) AS gone, LATERAL (SELECT %s FROM ', v_gone, v_names), ') AS changed');
    ELSE
        v_body := ivmc.statement_capture(buffer, v_into, v_image, format('(SELECT %s FROM ', v_shown),
            coalesce((SELECT ' WHERE ' || v.visible_where FROM ivmc.view v WHERE v.id = upstream), '') || ') AS changed');
    END IF;
    EXECUTE format($function$
CREATE OR REPLACE FUNCTION ivmc.%I() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %L$function$, buffer, v_body);
END $write$;

-- The body where transition tables hold a statement's rows. An UPDATE whose rows all look as before is
-- dropped: they come in pairs, and mostly the first pair tells that it is not.
CREATE OR REPLACE FUNCTION ivmc.statement_capture(buffer name, names text, image text, before text, after text)
RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $write$
    SELECT format($body$
#variable_conflict use_column
DECLARE
    v_same   boolean;
    v_others refcursor;
    v_old    record;
    v_new    record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        %2$s
        %4$s;
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        %2$s
        %3$s;
        RETURN NULL;
    ELSIF TG_OP = 'TRUNCATE' THEN
        INSERT INTO ivmc.truncation (buffer) VALUES (%1$L);
        RETURN NULL;
    END IF;
    v_same := (SELECT o.image OPERATOR(pg_catalog.*=) n.image
               FROM (SELECT %5$s AS image FROM %6$s LIMIT 1) AS o,
                    (SELECT %5$s AS image FROM %7$s LIMIT 1) AS n);
    IF v_same THEN
        OPEN v_others NO SCROLL FOR SELECT %5$s AS image FROM %7$s;
        FOR v_old IN SELECT %5$s AS image FROM %6$s LOOP
            FETCH v_others INTO v_new;
            v_same := v_old.image OPERATOR(pg_catalog.*=) v_new.image;
            EXIT WHEN v_same IS NOT TRUE;
        END LOOP;
        FETCH v_others INTO v_new;
        v_same := v_same AND NOT FOUND;
        CLOSE v_others;
    END IF;
    IF v_same IS NOT TRUE THEN
        %2$s
        %3$s
        UNION ALL
        %4$s;
    END IF;
    RETURN NULL;
END $body$, buffer, format('INSERT INTO ivmc.%I (__ivmc_xid, __ivmc_seq, __ivmc_weight%s)', buffer, names),
        part.text || '-1, changed.* FROM ' || old.rows, part.text || '1, changed.* FROM ' || new.rows,
        image, old.rows, new.rows)
    FROM (SELECT before || '__ivmc_old' || after) AS old (rows), (SELECT before || '__ivmc_new' || after) AS new (rows),
         (SELECT 'SELECT (SELECT pg_current_xact_id()), (SELECT nextval(''ivmc.change'')), ') AS part (text)
$write$;

-- The body for row-level triggers, and partitions whose columns stand in an order of their own.
CREATE OR REPLACE FUNCTION ivmc.row_capture(buffer name, names text, gone text, columns text)
RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $write$
    SELECT format($body$
#variable_conflict use_column
BEGIN
    IF TG_OP = 'INSERT' THEN
        %2$s
        SELECT 1, changed.* FROM %3$s, LATERAL (%5$s) AS changed;
    ELSIF TG_OP = 'DELETE' THEN
        %2$s
        SELECT -1, changed.* FROM %3$s, LATERAL (%4$s) AS changed;
    ELSIF TG_OP = 'UPDATE' THEN
        %2$s
        SELECT changed.* FROM %3$s, LATERAL (%4$s) AS o, LATERAL (%5$s) AS n,
            LATERAL (SELECT -1, o.* UNION ALL SELECT 1, n.*) AS changed
        WHERE NOT %6$s OPERATOR(pg_catalog.*=) %7$s;
    ELSE
        INSERT INTO ivmc.truncation (buffer) VALUES (%1$L);
    END IF;
    RETURN NULL;
END $body$, buffer, format('INSERT INTO ivmc.%I (__ivmc_weight%s)', buffer, names), gone,
        format('SELECT %s FROM (SELECT (OLD).*) AS line', columns),
        format('SELECT %s FROM (SELECT (NEW).*) AS line', columns),
        'ROW(o.*)::record', 'ROW(n.*)::record')
$write$;

-- Attach a buffer's function to its source, whatever session_replication_role. A partitioned table
-- has row-level triggers, which its partitions inherit: transition tables stay empty when MERGE
-- moves a row between partitions.
CREATE OR REPLACE FUNCTION ivmc.attach(buffer name, kind "char", relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_event text;
    v_rows  text;
    v_fires "char";
BEGIN
    FOREACH v_event IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
        v_rows := CASE
            WHEN v_event = 'truncate' THEN 'FOR EACH STATEMENT'
            WHEN kind = 'p' THEN 'FOR EACH ROW'
            WHEN v_event = 'insert' THEN 'REFERENCING NEW TABLE AS __ivmc_new FOR EACH STATEMENT'
            WHEN v_event = 'delete' THEN 'REFERENCING OLD TABLE AS __ivmc_old FOR EACH STATEMENT'
            ELSE 'REFERENCING OLD TABLE AS __ivmc_old NEW TABLE AS __ivmc_new FOR EACH STATEMENT' END;
        SELECT t.tgenabled INTO v_fires FROM pg_trigger t
        WHERE t.tgrelid = relation AND t.tgname = '__ivmc_' || v_event;
        IF NOT FOUND THEN
            EXECUTE format('CREATE TRIGGER __ivmc_%1$s AFTER %1$s ON %2$s %3$s EXECUTE FUNCTION ivmc.%4$I()',
                           v_event, relation, v_rows, buffer);
        END IF;
        IF v_fires IS DISTINCT FROM 'A' THEN
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER __ivmc_%s', relation, v_event);
        END IF;
    END LOOP;
END $$;

-- Show the planner what changes will look like: statistics of a sample outlive the sample.
CREATE OR REPLACE FUNCTION ivmc.seed(buffer name, source regclass, relation regclass, upstream text, fresh boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_into   text;
    v_values text;
    v_pages  bigint := (SELECT sum(pg_relation_size(p.relid)) / 8192 FROM pg_partition_tree(relation) p);
    v_last   bigint := nextval('ivmc.change');
BEGIN
    SELECT coalesce(string_agg(', ' || quote_ident(c.name), ''), ''), coalesce(string_agg(', ' || c.value, ''), '')
    INTO v_into, v_values FROM ivmc.columns_of(source, upstream, ivmc.captured(buffer)) c;
    EXECUTE format('INSERT INTO ivmc.%I (__ivmc_weight%s) SELECT 1 - 2 * (random() < 0.5)::integer%s '
                   'FROM %s TABLESAMPLE SYSTEM (%s) LIMIT %s',
                   buffer, v_into, v_values, relation, least(100, 30000.0 / greatest(v_pages, 1)),
                   CASE WHEN fresh THEN 20000 ELSE 2000 END);
    EXECUTE format('ANALYZE ivmc.%I', buffer);
    EXECUTE format(CASE WHEN fresh THEN 'TRUNCATE ivmc.%I'
                   ELSE 'DELETE FROM ivmc.%I WHERE __ivmc_xid = pg_current_xact_id() AND __ivmc_seq > %s' END,
                   buffer, v_last);
END $$;

-- Make the change buffer of a source, or give it the columns that it lacks. Autovacuum shall not
-- replace the seeded statistics by those of the few rows that happen to wait.
CREATE OR REPLACE FUNCTION ivmc.widen(buffer name, source regclass, relation regclass, upstream text, columns text[])
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_add text := (SELECT string_agg(format('ADD COLUMN %I %s', c.name, c.type), ', ')
                   FROM ivmc.columns_of(source, upstream, columns) c WHERE c.name <> ALL (ivmc.captured(buffer)));
    v_fresh boolean := to_regclass(format('ivmc.%I', buffer)) IS NULL;
BEGIN
    IF v_fresh THEN
        EXECUTE format(
            'CREATE TABLE ivmc.%I (__ivmc_xid xid8 NOT NULL DEFAULT pg_current_xact_id(), '
            '__ivmc_seq bigint NOT NULL DEFAULT nextval(''ivmc.change''), __ivmc_weight smallint NOT NULL) '
            'WITH (autovacuum_analyze_threshold = 2000000000, autovacuum_vacuum_threshold = 1000, '
            'autovacuum_vacuum_scale_factor = 0)', buffer);
    ELSIF v_add IS NULL THEN
        RETURN false;
    END IF;
    IF v_add IS NOT NULL THEN
        EXECUTE format('ALTER TABLE ivmc.%I %s', buffer, v_add);
    END IF;
    PERFORM ivmc.seed(buffer, source, relation, upstream, v_fresh);
    RETURN true;
END $$;

-- The maintained view whose storage a source is, if it is one.
CREATE OR REPLACE FUNCTION ivmc.root_of(source ivmc.source) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.id FROM ivmc.view v
    WHERE source.kind = 'v' AND v.schema = source.schema AND v.name = source.name AND v.state = 'ready'
$$;

-- Capture what a registered view reads. New buffers first, while writers go on; then, source by
-- source in one order for everybody, the lock that waits for the writers in flight.
CREATE OR REPLACE PROCEDURE ivmc.capture(view text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s       ivmc.source;
    v_root  text;
    v_wider boolean;
    v_id    text := coalesce(ivmc.filling(view), view);
BEGIN
    FOR s IN SELECT * FROM ivmc.source x WHERE x.view = v_id AND to_regclass(format('ivmc.%I', x.buffer)) IS NULL LOOP
        v_root := ivmc.root_of(s);
        PERFORM ivmc.widen(s.buffer, format('%I.%I', s.schema, s.name)::regclass, s.relation, v_root, s.columns::text[]);
        PERFORM ivmc.write_capture(s.buffer, s.kind, format('%I.%I', s.schema, s.name)::regclass, v_root);
    END LOOP;
    FOR s IN SELECT * FROM ivmc.source x WHERE x.view = v_id AND x.buffer IS NOT NULL ORDER BY x.path LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', s.path);
        v_root := ivmc.root_of(s);
        v_wider := ivmc.widen(s.buffer, format('%I.%I', s.schema, s.name)::regclass, s.relation, v_root, s.columns::text[]);
        IF v_wider THEN
            PERFORM ivmc.write_capture(s.buffer, s.kind, format('%I.%I', s.schema, s.name)::regclass, v_root);
        END IF;
        PERFORM ivmc.attach(s.buffer, s.kind, s.relation);
    END LOOP;
END $$;


-- ── Creating and dropping ────────────────────────────────────────────────────────────────────────

-- The id of a view that is being filled to replace the one of this id. No view is called so.
CREATE OR REPLACE FUNCTION ivmc.next(id text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT id || ' (next)' $$;

-- The id under which a view is registered that is being filled, itself or as another's successor.
CREATE OR REPLACE FUNCTION ivmc.filling(id text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT v.id FROM ivmc.view v WHERE v.id IN ($1, ivmc.next($1)) AND v.state = 'filling'
$$;

-- Register a view whose storage is still to be filled. It holds back trimming from here on. One that
-- replaces another stands beside it, under an id of its own, until begin_fill.
CREATE OR REPLACE PROCEDURE ivmc.register(
    id text, schema name, name name, query text, mode text, strategy text, reason text,
    setting_names text[], setting_values text[],
    root name, visible_names text[], visible_values text[], visible_where text,
    program text, pending text, plan jsonb, replaces boolean DEFAULT false)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_kind text;
    v_half text;
BEGIN
    IF to_regnamespace(quote_ident(schema)) IS NULL THEN
        RAISE 'schema "%" does not exist', schema USING ERRCODE = 'IV417', TABLE = schema;
    END IF;
    FOR v_half IN SELECT v.id FROM ivmc.view v WHERE v.schema = $2 AND v.name = $3 AND v.state = 'filling' LOOP
        CALL ivmc.drop(v_half);
    END LOOP;
    SELECT CASE WHEN EXISTS (SELECT FROM ivmc.view v WHERE v.id = $1) THEN 'maintained view'
                ELSE (SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                                            WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' ELSE 'relation' END
                      FROM pg_class c WHERE c.oid = to_regclass(format('%I.%I', schema, name))) END INTO v_kind;
    IF v_kind = 'maintained view' AND replaces THEN
        id := ivmc.next(id);
    ELSIF v_kind IS NOT NULL THEN
        RAISE '% "%" exists already', v_kind, format('%s.%s', schema, name)
            USING ERRCODE = 'IV401', TABLE = name, DATATYPE = v_kind;
    END IF;
    INSERT INTO ivmc.view VALUES (id, schema, name, query, mode, strategy, reason, 'filling', setting_names,
        setting_values, root, visible_names, visible_values, visible_where, program, pending, NULL, '{}', plan);
    INSERT INTO ivmc.frontier (view, system_identifier, database) VALUES (id, ivmc.system(), ivmc.database());
END $$;

-- Note that a view reads a source; `types` are those that it was compiled for.
CREATE OR REPLACE PROCEDURE ivmc.reads(
    view text, schema name, name name, kind text, buffer name, columns text[], types text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_source   text := format('%I.%I', schema, name);
    v_relation regclass := to_regclass(v_source);
    v_change   text;
BEGIN
    IF kind = 'view' THEN
        v_relation := (SELECT to_regclass(format('ivmc.%I', v.root)) FROM ivmc.view v
                       WHERE v.schema = $2 AND v.name = $3 AND v.state = 'ready');
    END IF;
    IF v_relation IS NULL THEN
        RAISE 'source "%" of "%" no longer exists', v_source, view
            USING ERRCODE = 'IV404', TABLE = v_source, HINT = 'Compile the query again.';
    ELSIF row_security_active(v_relation::oid) THEN
        RAISE '"%" is under row-level security', v_source USING ERRCODE = 'IV407', TABLE = v_source,
            HINT = 'A stored result would bypass the policy: create the view as a role that it does not restrict.';
    END IF;
    SELECT string_agg(format('column %s is %s, not %s', w.name, coalesce(format_type(a.atttypid, a.atttypmod), 'gone'),
                             w.type), ', ') INTO v_change
    FROM unnest(columns, types) AS w (name, type)
    LEFT JOIN pg_attribute a ON a.attrelid = v_source::regclass AND a.attname = w.name AND NOT a.attisdropped
    WHERE a.atttypid IS DISTINCT FROM to_regtype(w.type);
    IF kind <> 'view' AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = v_relation AND c.relkind::text = kind) THEN
        v_change := concat_ws(', ', 'it is another kind of relation', v_change);
    END IF;
    IF v_change IS NOT NULL THEN
        RAISE 'source "%" of "%" was altered: %', v_source, view, v_change
            USING ERRCODE = 'IV405', TABLE = v_source, DETAIL = v_change, HINT = 'Compile the query again.';
    END IF;
    INSERT INTO ivmc.source VALUES (coalesce(ivmc.filling(view), view), schema, name, left(kind, 1)::"char", v_relation,
        (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = v_relation), buffer, columns);
END $$;

-- Take what makes the transaction safe to read the sources in: their locks, and the certainty that
-- none of them was truncated or rewritten after the snapshot. A view that this one replaces goes now;
-- should the filling fail, it never went.
CREATE OR REPLACE PROCEDURE ivmc.begin_fill(view text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v ivmc.view;
BEGIN
    PERFORM ivmc.require_snapshot();
    IF ivmc.filling(view) <> view THEN
        CALL ivmc.drop(view);
        UPDATE ivmc.view x SET id = $1 WHERE x.id = ivmc.next($1);
    END IF;
    UPDATE ivmc.view x SET lock = (
        SELECT 'LOCK TABLE ' || string_agg(s.path, ', ' ORDER BY s.path) || ' IN ACCESS SHARE MODE'
        FROM ivmc.source s WHERE s.view = $1)
    WHERE x.id = $1 RETURNING x.* INTO STRICT v;
    IF v.lock IS NOT NULL THEN
        EXECUTE v.lock;
    END IF;
    IF EXISTS (SELECT FROM ivmc.observed o WHERE o.view = $1 AND o.files IS DISTINCT FROM o.files_seen) THEN
        RAISE 'a source of "%" was truncated or rewritten just now', view
            USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
    END IF;
END $$;

-- The storage holds the result as this transaction's snapshot sees it: from here on, refresh.
CREATE OR REPLACE PROCEDURE ivmc.ready(view text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_objects text[];
    v_object  text;
BEGIN
    UPDATE ivmc.frontier f SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(), seq = nextval('ivmc.change')
    WHERE f.view = $1;
    UPDATE ivmc.source s SET attributes = o.attributes, triggers = o.triggers, files = o.files
    FROM ivmc.observed o WHERE s.view = $1 AND o.view = $1 AND o.path = s.path;
    UPDATE ivmc.view v SET state = 'ready', objects = ARRAY(
        SELECT o.object FROM (
            SELECT 'TABLE ' || c.oid::regclass, c.relname FROM pg_class c
            WHERE c.relnamespace = 'ivmc'::regnamespace AND c.relkind IN ('r', 'p')
            UNION ALL
            SELECT 'ROUTINE ' || p.oid::regprocedure, p.proname FROM pg_proc p
            WHERE p.pronamespace = 'ivmc'::regnamespace) AS o (object, name)
        WHERE starts_with(o.name::text, left($1, 40))
          AND NOT EXISTS (SELECT FROM ivmc.view w WHERE o.object = ANY (w.objects))
          AND NOT EXISTS (SELECT FROM ivmc.source s WHERE s.buffer = o.name)
          AND o.name <> ALL (ARRAY['view', 'frontier', 'source', 'truncation', 'history']::name[]))
    WHERE v.id = $1 RETURNING v.objects INTO v_objects;
    FOREACH v_object IN ARRAY v_objects LOOP
        IF v_object LIKE 'TABLE %' THEN
            EXECUTE 'ANALYZE ' || substr(v_object, 6);
        END IF;
    END LOOP;
END $$;

-- Stop capturing a source that no view reads any more.
CREATE OR REPLACE FUNCTION ivmc.release(source ivmc.source) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_trigger name;
BEGIN
    IF source.buffer IS NULL OR EXISTS (SELECT FROM ivmc.source s WHERE s.buffer = source.buffer) THEN
        RETURN;
    END IF;
    FOR v_trigger IN SELECT t.tgname FROM pg_trigger t
                     WHERE t.tgrelid = source.relation AND t.tgname LIKE '\_\_ivmc\_%' LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', v_trigger, source.relation);
    END LOOP;
    EXECUTE format('DROP FUNCTION IF EXISTS ivmc.%I()', source.buffer);
    EXECUTE format('DROP TABLE IF EXISTS ivmc.%I', source.buffer);
    DELETE FROM ivmc.truncation t WHERE t.buffer = source.buffer;
END $$;

-- Remove a view: what the user reads, its storage and program, and the capture that no other needs.
CREATE OR REPLACE PROCEDURE ivmc.drop(name text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v        ivmc.view;
    s        ivmc.source;
    v_object text;
    v_others text;
BEGIN
    SELECT x.* INTO STRICT v FROM ivmc.view x WHERE x.id = ivmc.find($1) FOR UPDATE;
    PERFORM FROM ivmc.frontier f WHERE f.view = v.id FOR UPDATE;
    SELECT string_agg(DISTINCT r.view, ', ') INTO v_others FROM ivmc.source r
    WHERE v.state = 'ready' AND r.kind = 'v' AND r.schema = v.schema AND r.name = v.name;
    IF v_others IS NOT NULL THEN
        RAISE '"%" is read by %', v.id, v_others
            USING ERRCODE = 'IV411', TABLE = v.id, DETAIL = v_others, HINT = 'Drop those first.';
    END IF;
    IF v.state = 'ready' THEN
        EXECUTE format('DROP VIEW IF EXISTS %I.%I', v.schema, v.name);
    END IF;
    FOREACH v_object IN ARRAY v.objects LOOP
        EXECUTE format('DROP %s IF EXISTS %s', split_part(v_object, ' ', 1), substr(v_object, strpos(v_object, ' ')));
    END LOOP;
    FOR s IN DELETE FROM ivmc.source x WHERE x.view = v.id RETURNING x.* LOOP
        PERFORM ivmc.release(s);
    END LOOP;
    DELETE FROM ivmc.history h WHERE h.view = v.id;
    DELETE FROM ivmc.view x WHERE x.id = v.id;
END $$;


-- Forget a view whose filling failed.
CREATE OR REPLACE PROCEDURE ivmc.abandon(id text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF ivmc.filling(id) IS NOT NULL THEN
        CALL ivmc.drop(ivmc.filling(id));
    END IF;
END $$;


-- ── Refreshing ───────────────────────────────────────────────────────────────────────────────────

-- Raise unless every statement of this transaction sees the same snapshot.
CREATE OR REPLACE FUNCTION ivmc.require_snapshot() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('repeatable read', 'serializable') THEN
        RAISE 'a refresh inside a transaction needs REPEATABLE READ, and this one is %',
            upper(current_setting('transaction_isolation'))
            USING ERRCODE = 'IV408', DETAIL = upper(current_setting('transaction_isolation')),
            HINT = 'BEGIN ISOLATION LEVEL REPEATABLE READ, or CALL ivmc.refresh outside a transaction block.';
    END IF;
END $$;

-- Start over after a restore into another cluster, whose transaction ids mean nothing here: what the
-- buffers hold is void, and no view has consumed anything.
CREATE OR REPLACE FUNCTION ivmc.adopt() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_buffer name;
BEGIN
    UPDATE ivmc.frontier SET snapshot = '1:1:', xid = '0', seq = 0,
        system_identifier = ivmc.system(), database = ivmc.database();
    FOR v_buffer IN SELECT DISTINCT s.buffer FROM ivmc.source s WHERE s.buffer IS NOT NULL LOOP
        EXECUTE format('DELETE FROM ivmc.%I', v_buffer);
    END LOOP;
    DELETE FROM ivmc.truncation;
    UPDATE ivmc.source s SET attributes = o.attributes FROM ivmc.observed o WHERE o.view = s.view AND o.path = s.path;
END $$;

-- Why the stored result cannot be carried forward by the captured changes, if so: something happened
-- to a source that triggers do not see. Raises where the view cannot be computed at all.
CREATE OR REPLACE FUNCTION ivmc.gap(o ivmc.observed) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_source text := format('%I.%I', o.schema, o.name);
    v_file   text;
    v_rows   boolean := o.kind <> 'p' OR NOT o.files_then <@ o.files;
BEGIN
    IF o.attributes IS DISTINCT FROM o.attributes_then THEN
        RAISE 'source "%" of "%" was altered', v_source, o.view USING ERRCODE = 'IV405', TABLE = v_source,
            DETAIL = format('its columns were %s, and are %s', o.attributes_then, o.attributes),
            HINT = 'Create the view again.';
    ELSIF row_security_active(o.relation::oid) THEN
        RAISE '"%" is under row-level security', v_source USING ERRCODE = 'IV407', TABLE = v_source,
            HINT = 'Refresh as a role that the policy does not restrict.';
    ELSIF o.buffer IS NOT NULL AND o.triggers IS NULL THEN
        RAISE WARNING 'changes of "%" are not captured: a trigger is disabled or gone', v_source
            USING ERRCODE = 'IV416', TABLE = v_source, HINT = format('CALL ivmc.capture(%L) puts it back.', o.view);
        RETURN format('changes of %s are not captured', v_source);
    ELSIF o.buffer IS NOT NULL AND (o.triggers_then <@ o.triggers) IS NOT TRUE THEN
        RETURN format('the triggers of %s were changed', v_source);
    ELSIF o.inherited THEN
        RETURN format('%s has inheritance children, whose changes are not captured', v_source);
    ELSIF o.files IS NOT DISTINCT FROM o.files_then THEN
        RETURN NULL;
    END IF;
    FOREACH v_file IN ARRAY CASE WHEN v_rows THEN '{}' ELSE o.files END LOOP
        IF v_file <> ALL (o.files_then) THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', split_part(v_file, ' ', 1)::oid::regclass) INTO v_rows;
            EXIT WHEN v_rows;
        END IF;
    END LOOP;
    RETURN CASE WHEN v_rows THEN format('%s was truncated, rewritten or got other partitions', v_source) END;
END $$;

-- One attempt at a refresh, under this transaction's snapshot. `stale`: another refresh or a rewrite
-- was committed after the snapshot, so roll back and try again. `trims`: worth trimming afterwards.
CREATE OR REPLACE FUNCTION ivmc.attempt(
    view text, OUT stale boolean, OUT trims boolean, OUT rows_in bigint, OUT rows_changed bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v          record;
    v_frontier ivmc.frontier;
    v_look     record;
    v_gap      text;
    v_pending  integer := 2;
    v_start    timestamptz := clock_timestamp();
    v_strategy text;
    v_reason   text;
BEGIN
    stale := false;
    trims := false;
    rows_in := 0;
    rows_changed := 0;
    SELECT x.id, x.state, x.setting_names, x.setting_values, x.program, x.pending, x.lock,
           (SELECT min(format('%I.%I', s.schema, s.name)) FROM ivmc.source s
            WHERE s.view = x.id AND to_regclass(s.path) IS DISTINCT FROM s.relation) AS gone
    INTO v FROM ivmc.view x WHERE x.id = $1;
    IF v.id IS NULL THEN
        SELECT * INTO stale, trims, rows_in, rows_changed FROM ivmc.attempt(ivmc.find(view));
        RETURN;
    ELSIF v.state <> 'ready' THEN
        RAISE '"%" was never filled: its creation was interrupted', v.id
            USING ERRCODE = 'IV415', TABLE = v.id, HINT = 'Drop it and create it again.';
    ELSIF v.gone IS NOT NULL THEN
        RAISE 'source "%" of "%" no longer exists', v.gone, v.id
            USING ERRCODE = 'IV404', TABLE = v.gone, HINT = 'Restore it and create the view again, or drop the view.';
    END IF;
    IF v.lock IS NOT NULL THEN
        EXECUTE v.lock;
    END IF;

    SELECT f AS frontier, look.*, EXISTS (SELECT FROM ivmc.truncation) AS truncated,
           f.system_identifier <> c.system_identifier OR f.database <> d.oid
               OR pg_snapshot_xmax(f.snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS abroad
    INTO STRICT v_look
    FROM ivmc.frontier f, pg_control_system() c, pg_database d, LATERAL (
        SELECT bool_or(o.files IS DISTINCT FROM o.files_seen) AS stale,
               bool_or(o.files IS DISTINCT FROM o.files_then OR o.attributes IS DISTINCT FROM o.attributes_then
                       OR o.buffer IS NOT NULL AND (o.triggers IS NULL OR o.triggers IS DISTINCT FROM o.triggers_then)
                       OR o.inherited OR row_security_active(o.relation::oid)) AS changed,
               bool_or(o.kind = 'p') AS partitioned
        FROM ivmc.observed o WHERE o.view = f.view) AS look
    WHERE f.view = v.id AND d.datname = current_database();
    v_frontier := v_look.frontier;
    IF v_look.stale THEN
        stale := true;
        RETURN;
    ELSIF v_look.abroad OR pg_snapshot_xmax(v_frontier.snapshot) = '1'::xid8 THEN
        v_gap := 'restored into another cluster';
    ELSIF v_look.changed THEN
        SELECT string_agg(ivmc.gap(o), '; ') INTO v_gap FROM ivmc.observed o WHERE o.view = v.id;
    END IF;
    IF v_gap IS NULL AND v_look.truncated THEN
        SELECT string_agg(DISTINCT format('%s was truncated', s.path), '; ') INTO v_gap
        FROM ivmc.truncation t JOIN ivmc.source s ON s.buffer = t.buffer
        WHERE s.view = v.id AND (
            t.xid = v_frontier.xid AND t.seq > v_frontier.seq
            OR t.xid <> v_frontier.xid AND t.xid >= pg_snapshot_xmin(v_frontier.snapshot)
               AND NOT pg_visible_in_snapshot(t.xid, v_frontier.snapshot));
    END IF;
    IF v_gap IS NULL AND v.pending IS NOT NULL THEN
        EXECUTE v.pending INTO v_pending USING v_frontier;
        IF v_pending = 0 AND NOT v_look.changed THEN
            RETURN;
        END IF;
    END IF;

    BEGIN
        UPDATE ivmc.frontier f
        SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(), seq = nextval('ivmc.change'),
            refreshes = f.refreshes + (v_pending = 2)::integer
        WHERE f.view = v.id;
        IF v_look.abroad THEN
            PERFORM ivmc.adopt();
            UPDATE ivmc.frontier f SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id() WHERE f.view = v.id;
        END IF;
    EXCEPTION WHEN serialization_failure THEN
        stale := true;
        RETURN;
    END;
    IF v_look.changed THEN
        UPDATE ivmc.source s SET triggers = o.triggers, files = o.files
        FROM ivmc.observed o WHERE s.view = v.id AND o.view = v.id AND o.path = s.path;
    END IF;
    IF v_pending < 2 THEN
        trims := v_pending = 1;
        RETURN;
    END IF;

    PERFORM set_config(p.name, p.value, true)
    FROM ROWS FROM (unnest(v.setting_names), unnest(v.setting_values)) AS p (name, value)
    WHERE current_setting(p.name, true) IS DISTINCT FROM p.value;
    EXECUTE v.program INTO rows_in, rows_changed, v_strategy, v_reason USING v_frontier, v_gap IS NOT NULL;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);

    IF v_look.partitioned THEN
        SELECT bool_or(o.files IS DISTINCT FROM o.files_seen OR o.files IS DISTINCT FROM o.files_then)
        INTO stale FROM ivmc.observed o WHERE o.view = v.id;
    END IF;
    INSERT INTO ivmc.history VALUES (v.id, v_frontier.refreshes + 1, v_start, rows_in, rows_changed,
        1000 * extract(epoch FROM clock_timestamp() - v_start), v_strategy, coalesce(v_gap, v_reason));
    trims := rows_in > 1000 OR v_frontier.refreshes % 16 = 0;
END $$;

-- Remove changes of one view's sources that every view has consumed. In READ COMMITTED, and by
-- DELETE: an older snapshot may still need them.
CREATE OR REPLACE FUNCTION ivmc.trim_sources(view text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_buffer name;
    v_below  xid8;
BEGIN
    FOR v_buffer, v_below IN
        SELECT DISTINCT ON (s.buffer) s.buffer, pg_snapshot_xmin(f.snapshot)
        FROM ivmc.source s JOIN ivmc.frontier f ON f.view = s.view
        WHERE s.buffer IN (SELECT r.buffer FROM ivmc.source r WHERE r.view = $1)
        ORDER BY s.buffer, 2
    LOOP
        EXECUTE format('DELETE FROM ivmc.%I WHERE __ivmc_xid < $1', v_buffer) USING v_below;
        DELETE FROM ivmc.truncation t WHERE t.buffer = v_buffer AND t.xid < v_below;
    END LOOP;
    DELETE FROM ivmc.history h
    WHERE h.view = $1 AND h.refresh < (SELECT f.refreshes - 1000 FROM ivmc.frontier f WHERE f.view = $1);
END $$;

CREATE OR REPLACE PROCEDURE ivmc.trim()
LANGUAGE sql AS $$ SELECT ivmc.trim_sources(v.id) FROM ivmc.view v $$;

-- Refresh a view inside the caller's REPEATABLE READ transaction; returns the number of rows changed.
-- What the refresh pins is given back to the caller.
CREATE OR REPLACE FUNCTION ivmc.refresh_here(name text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_names   text[];
    v_values  text[];
    v_attempt record;
BEGIN
    PERFORM ivmc.require_snapshot();
    SELECT array_agg(n.name), array_agg(current_setting(n.name)) INTO v_names, v_values
    FROM ivmc.view v, unnest(v.setting_names || ARRAY['random_page_cost', 'plan_cache_mode']) AS n (name)
    WHERE v.id = ivmc.find($1) AND n.name <> 'search_path';
    SELECT * INTO v_attempt FROM ivmc.attempt(name);
    IF v_attempt.stale THEN
        RAISE 'another refresh of "%" was committed after this transaction began', name
            USING ERRCODE = 'serialization_failure', HINT = 'Roll back and try again.';
    END IF;
    PERFORM set_config(p.name, p.value, true)
    FROM ROWS FROM (unnest(v_names), unnest(v_values)) AS p (name, value)
    WHERE current_setting(p.name, true) IS DISTINCT FROM p.value;
    RETURN v_attempt.rows_changed;
END $$;

-- Whether ivmc.refresh was called inside a transaction block, where it cannot commit, so that it can say
-- what to do about it. In doubt it says no, and COMMIT is an error of PostgreSQL's own: a driver that
-- prepares statements begins a transaction before the statement too, but has a portal open.
CREATE OR REPLACE FUNCTION ivmc.inside_transaction() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_stack text;
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RETURN current_setting('transaction_isolation') <> current_setting('default_transaction_isolation')
            OR transaction_timestamp() <> statement_timestamp();
    ELSIF transaction_timestamp() = statement_timestamp() THEN
        RETURN false;
    END IF;
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    RETURN v_stack NOT LIKE E'%\n%\n%'  -- called by the client, not by a procedure
        AND (pg_current_xact_id_if_assigned() IS NOT NULL OR NOT EXISTS (SELECT FROM pg_cursors));
END $$;

-- Bring a view up to date. Outside a transaction block it commits what the session has done so far,
-- works in transactions of its own, and waits for whoever refreshes the view already. It has no SET
-- clause and no rights of its own, since it commits: every name is qualified.
CREATE OR REPLACE PROCEDURE ivmc.refresh(name text)
LANGUAGE plpgsql AS $$
DECLARE
    v_attempt record;
BEGIN
    IF ivmc.inside_transaction() THEN
        PERFORM ivmc.refresh_here(name);
        RETURN;
    END IF;
    LOOP
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        SELECT a.stale, a.trims INTO v_attempt FROM ivmc.attempt(name) AS a;
        EXIT WHEN NOT v_attempt.stale;
        ROLLBACK;
    END LOOP;
    IF v_attempt.trims THEN
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        SET LOCAL synchronous_commit = off;
        PERFORM ivmc.trim_sources(ivmc.find(name));
    END IF;
END $$;
