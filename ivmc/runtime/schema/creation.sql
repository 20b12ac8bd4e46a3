-- Creating and dropping: registered and captured in one transaction, filled in another.

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
    program text, plan jsonb, replaces boolean DEFAULT false)
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
        setting_values, root, visible_names, visible_values, visible_where, program, NULL, '{}', plan);
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
    UPDATE ivmc.view x SET relations = coalesce(s.relations, '{}'), lock = ivmc.locking(s.relations)
    FROM (SELECT array_agg(s.relation ORDER BY s.path) AS relations FROM ivmc.source s WHERE s.view = $1) s
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
    UPDATE ivmc.frontier f SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(), seq = nextval('ivmc.change'),
        ms_full = 750 * extract(epoch FROM clock_timestamp() - transaction_timestamp())  -- a quarter is for indexes
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

-- Whether no other view needs what is captured of a source.
CREATE OR REPLACE FUNCTION ivmc.only_reader(source ivmc.source) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT source.buffer IS NOT NULL AND NOT EXISTS (
        SELECT FROM ivmc.source s WHERE s.buffer = source.buffer AND s.view <> source.view)
$$;

-- Stop capturing a source that no view reads any more.
CREATE OR REPLACE FUNCTION ivmc.release(source ivmc.source) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_trigger name;
BEGIN
    IF NOT ivmc.only_reader(source) THEN
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
    SELECT x.* INTO STRICT v FROM ivmc.view x WHERE x.id = ivmc.find($1);
    FOR s IN SELECT * FROM ivmc.source x WHERE x.view = v.id AND x.relation = to_regclass(x.path) ORDER BY x.path LOOP
        IF ivmc.only_reader(s) THEN  -- the sources before the frontier, as a refresh does
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', s.path);
        END IF;
    END LOOP;
    PERFORM FROM ivmc.view x JOIN ivmc.frontier f ON f.view = x.id WHERE x.id = v.id FOR UPDATE;
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
