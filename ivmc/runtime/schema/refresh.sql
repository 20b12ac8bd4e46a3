-- Refreshing: one attempt under one snapshot, repeated until it is the only one.

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

-- Say which source of a view is gone, if one is.
CREATE OR REPLACE FUNCTION ivmc.require_sources(view text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_gone text := (SELECT min(format('%I.%I', s.schema, s.name)) FROM ivmc.source s
                    WHERE s.view = $1 AND to_regclass(s.path) IS DISTINCT FROM s.relation);
BEGIN
    IF v_gone IS NOT NULL THEN
        RAISE 'source "%" of "%" no longer exists', v_gone, view
            USING ERRCODE = 'IV404', TABLE = v_gone, HINT = 'Restore it and create the view again, or drop the view.';
    END IF;
END $$;

-- Have the planner know how full a change buffer is. A vacuum that finds it empty, and cannot give its pages
-- back, leaves the belief that they hold nothing: a million changes are then planned for as one.
CREATE OR REPLACE FUNCTION ivmc.reckon(buffer regclass, changes bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = buffer AND c.relpages > 0 AND pg_has_role(c.relowner, 'USAGE')
               AND 2 * c.reltuples / c.relpages * (pg_relation_size(buffer) / current_setting('block_size')::integer)
                   < changes) THEN
        EXECUTE format('ANALYZE %s (__ivmc_weight)', buffer);
    END IF;
END $$;

-- Give back the pages of temporary tables from which rows were deleted. Nothing vacuums these, and what the next
-- refresh writes comes behind them, so that whoever goes on refreshing would read more pages each time.
CREATE OR REPLACE FUNCTION ivmc.reclaim(VARIADIC tables regclass[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_table regclass;
BEGIN
    FOREACH v_table IN ARRAY tables LOOP
        IF pg_relation_size(v_table) > 65536 THEN
            EXECUTE format('TRUNCATE %s', v_table);
        END IF;
    END LOOP;
END $$;

-- One attempt at a refresh, under this transaction's snapshot. `stale`: another refresh or a rewrite
-- was committed after the snapshot, so roll back and try again. `trims`: worth trimming afterwards.
-- Its own statements are the same every time, so one plan serves them all. The page cost is for the program as well.
CREATE OR REPLACE FUNCTION ivmc.attempt(
    view text, OUT stale boolean, OUT trims boolean, OUT rows_in bigint, OUT rows_changed bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
SET random_page_cost = 1.1 AS $$
DECLARE
    v          record;
    v_frontier ivmc.consumed;
    v_root     text;
    v_abroad   boolean;
    v_entries  xid[];
    v_unsure   boolean;
    v_gap      text;
    v_changed  boolean := false;
    v_settled  boolean := pg_current_xact_id_if_assigned() IS NULL;
    v_start    timestamptz := clock_timestamp();
    v_run      record;
    v_done     record;
    v_ms       double precision;
    v_rate     double precision;
BEGIN
    stale := false;
    SELECT x.id, x.state, x.setting_names, x.setting_values, x.root, x.program, x.lock, x.relations, x.entries
    INTO v FROM ivmc.view x WHERE x.id = $1;
    IF v.id IS NULL THEN
        SELECT * INTO stale, trims, rows_in, rows_changed FROM ivmc.attempt(ivmc.find(view));
        RETURN;
    ELSIF v.state <> 'ready' THEN
        RAISE '"%" was never filled: its creation was interrupted', v.id
            USING ERRCODE = 'IV415', TABLE = v.id, HINT = 'Drop it and create it again.';
    END IF;
    SELECT * INTO v_frontier FROM ivmc.consumed f WHERE f.view = $1;
    v_abroad := concat(v_frontier.system_identifier, ' ', v_frontier.database)
                    <> coalesce(nullif(current_setting('ivmc.home', true), ''), ivmc.home())
                OR pg_snapshot_xmax(v_frontier.snapshot) > pg_snapshot_xmax(pg_current_snapshot());
    v_root := format('ivmc.%I', v.root);
    BEGIN
        IF v.lock IS NOT NULL THEN
            EXECUTE v.lock;
        END IF;
        IF to_regclass(v_root) IS NULL THEN
            PERFORM ivmc.require_sources(v.id);
            stale := EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'ivmc'::regnamespace AND c.relname = v.root);
            IF stale THEN
                RETURN;
            END IF;
            RAISE 'the storage "%" of "%" no longer exists', v_root, v.id
                USING ERRCODE = 'IV404', TABLE = v_root, HINT = 'Create the view again.';
        END IF;

        -- A first look, which mostly suffices: each ALTER, TRUNCATE, new or disabled trigger and new child writes rows
        -- of these catalogs, or has the table unlike what the snapshot says of it. VACUUM and ANALYZE do not. The
        -- name of a schema is in none of these rows.
        v_entries := ARRAY(
            SELECT CASE WHEN c.relkind = 'r' AND c.relpersistence <> 'u' AND NOT c.relhassubclass
                             AND c.relfilenode = pg_relation_filenode(c.oid) AND NOT row_security_active(c.oid)
                        THEN c.xmin END
            FROM pg_class c WHERE c.oid = ANY (v.relations)
            UNION ALL SELECT a.xmin FROM pg_attribute a WHERE a.attrelid = ANY (v.relations) AND a.attnum > 0
            UNION ALL SELECT t.xmin FROM pg_trigger t WHERE t.tgrelid = ANY (v.relations) AND t.tgname LIKE '\_\_ivmc\_%');
        v_unsure := v_entries IS DISTINCT FROM v.entries OR v.lock <> ivmc.locking(v.relations);
        IF v_unsure THEN
            PERFORM ivmc.require_sources(v.id);
            SELECT coalesce(bool_or(o.files IS DISTINCT FROM o.files_seen), false),
                   bool_or(o.files IS DISTINCT FROM o.files_then OR o.attributes IS DISTINCT FROM o.attributes_then
                           OR o.buffer IS NOT NULL AND (o.triggers IS NULL OR o.triggers IS DISTINCT FROM o.triggers_then)
                           OR o.inherited OR row_security_active(o.relation::oid))
            INTO stale, v_changed FROM ivmc.observed o WHERE o.view = v.id;
            IF stale THEN
                RETURN;
            END IF;
        END IF;
        IF v_abroad OR pg_snapshot_xmax(v_frontier.snapshot) = '1'::xid8 THEN
            v_gap := 'restored into another cluster';
        ELSIF v_changed THEN
            SELECT string_agg(ivmc.gap(o), '; ') INTO v_gap FROM ivmc.observed o WHERE o.view = v.id;
        END IF;
        IF v_unsure AND v_gap IS NULL AND EXISTS (SELECT FROM ivmc.truncation) THEN
            SELECT string_agg(DISTINCT format('%s was truncated', s.path), '; ') INTO v_gap
            FROM ivmc.truncation t JOIN ivmc.source s ON s.buffer = t.buffer
            WHERE s.view = v.id AND (
                t.xid = v_frontier.xid AND t.seq > v_frontier.seq
                OR t.xid <> v_frontier.xid AND t.xid >= pg_snapshot_xmin(v_frontier.snapshot)
                   AND NOT pg_visible_in_snapshot(t.xid, v_frontier.snapshot));
        END IF;
        IF v_abroad THEN
            PERFORM ivmc.adopt();
        END IF;
        IF v.setting_names[1] = 'search_path' AND v.setting_values[2:] = ARRAY[
            current_setting('TimeZone'), current_setting('DateStyle'), current_setting('IntervalStyle'),
            current_setting('extra_float_digits'), current_setting('bytea_output'), current_setting('xmlbinary'),
            current_setting('xmloption'), current_setting('lc_monetary'), current_setting('lc_numeric'),
            current_setting('lc_time'), current_setting('default_text_search_config'),
            current_setting('standard_conforming_strings'), current_setting('array_nulls'),
            current_setting('timezone_abbreviations'), current_setting('transform_null_equals')] THEN
            PERFORM set_config('search_path', v.setting_values[1], true);
        ELSE
            PERFORM set_config(p.name, p.value, true)
            FROM ROWS FROM (unnest(v.setting_names), unnest(v.setting_values)) AS p (name, value)
            WHERE current_setting(p.name, true) IS DISTINCT FROM p.value;
        END IF;
        -- The program moves the frontier before it works, and so waits for whoever refreshes this view already.
        EXECUTE v.program INTO v_run USING v_frontier, v_gap IS NOT NULL;
        v_done := v_run.done;
        rows_in := v_done.rows_in;
        rows_changed := v_done.rows_changed;
        PERFORM set_config('search_path', 'pg_catalog, pg_temp', true),
            set_config('plan_cache_mode', 'force_generic_plan', true);
        IF v_unsure AND (v_changed OR v_done.strategy IS NOT NULL) THEN
            UPDATE ivmc.source s SET triggers = o.triggers, files = o.files
            FROM ivmc.observed o
            WHERE s.view = v.id AND o.view = v.id AND o.path = s.path
              AND (s.triggers, s.files) IS DISTINCT FROM (o.triggers, o.files);
        END IF;
    EXCEPTION
        WHEN serialization_failure THEN
            stale := true;
            RETURN;
        WHEN undefined_table OR invalid_schema_name THEN
            PERFORM ivmc.require_sources(v.id);
            RAISE;
    END;
    -- Not where this transaction might go on to write the same rows.
    IF v_settled AND v_unsure AND array_position(v_entries, NULL) IS NULL THEN
        BEGIN
            UPDATE ivmc.view x SET entries = v_entries
            WHERE x.id = v.id AND NOT EXISTS (
                SELECT FROM ivmc.observed o WHERE o.view = v.id AND o.buffer IS NOT NULL AND o.triggers IS NULL);
        EXCEPTION WHEN serialization_failure THEN
            NULL;  -- another refresh has done so
        END;
    END IF;
    IF v_done.strategy IS NULL THEN
        RETURN;
    ELSIF v_done.strategy = 'idle' THEN
        trims := true;
        RETURN;
    END IF;

    IF v_unsure THEN
        SELECT coalesce(bool_or(o.files IS DISTINCT FROM o.files_seen OR o.files IS DISTINCT FROM o.files_then), false)
        INTO stale FROM ivmc.observed o WHERE o.view = v.id;
    END IF;
    v_ms := 1000 * extract(epoch FROM clock_timestamp() - v_start);
    -- The rate by which later refreshes choose, without the 3 ms that any one takes. Many changes cost less each than
    -- few, and the first refresh of a session more: what was better before is not given up for as few, or fewer.
    -- While the full refresh wins, the other slowly gets its chance again.
    IF v_done.strategy = 'full' THEN
        UPDATE ivmc.frontier f SET ms_full = v_ms, ms_per_row = 0.95 * f.ms_per_row WHERE f.view = v.id;
    ELSIF rows_in > 5000 THEN
        v_rate := greatest(v_ms - 3, v_ms / 4) / rows_in;
        UPDATE ivmc.frontier f SET
            ms_per_row = CASE WHEN f.ms_per_row IS NULL OR rows_in > 3 * f.rows_most THEN v_rate
                              WHEN rows_in < greatest(20000, f.rows_most / 3) THEN least(f.ms_per_row, v_rate)
                              ELSE (f.ms_per_row + v_rate) / 2 END,
            rows_most = greatest(f.rows_most, rows_in)
        WHERE f.view = v.id;
    END IF;
    INSERT INTO ivmc.history VALUES (v.id, v_frontier.refreshes + 1, v_start, rows_in, rows_changed,
        v_ms, v_done.strategy, coalesce(v_gap, v_done.reason));
    IF rows_in > 1000 OR v_frontier.refreshes % 16 = 0 THEN
        -- Some change buffer waited for this view alone.
        trims := EXISTS (
            SELECT FROM ivmc.source s WHERE s.view = v.id AND s.buffer IS NOT NULL AND NOT EXISTS (
                SELECT FROM ivmc.source o JOIN ivmc.frontier f ON f.view = o.view
                WHERE o.buffer = s.buffer AND o.view <> v.id
                  AND pg_snapshot_xmin(f.snapshot) <= pg_snapshot_xmin(v_frontier.snapshot)));
    END IF;
END $$;

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
    FROM ivmc.view v, unnest(v.setting_names) AS n (name)
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
    -- A transaction that began with its statement, or just before, was begun for it: no client is that fast.
    IF pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) pg_catalog.transaction_timestamp()
           OPERATOR(pg_catalog.>) '20 microseconds'::pg_catalog.interval AND ivmc.inside_transaction() THEN
        PERFORM ivmc.refresh_here(name);
        RETURN;
    END IF;
    LOOP
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        v_attempt := ivmc.attempt(name);
        EXIT WHEN NOT v_attempt.stale;
        ROLLBACK;
    END LOOP;
    IF v_attempt.trims THEN
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        SET LOCAL synchronous_commit = off;
        PERFORM ivmc.trim_sources(ivmc.find(name), empties => true);
    END IF;
END $$;
