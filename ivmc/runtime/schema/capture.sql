-- Capture: change buffers, and the triggers that fill them.

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

-- Show the planner what changes will look like: statistics of a sample outlive the sample. It is taken
-- from all over the table (about 200 pages), or the planner would merge-join as if changes had low keys.
CREATE OR REPLACE FUNCTION ivmc.seed(buffer name, source regclass, relation regclass, upstream text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_into   text;
    v_values text;
    v_pages  bigint := coalesce((SELECT sum(pg_relation_size(p.relid)) FROM pg_partition_tree(relation) p),
                                pg_relation_size(relation)) / 8192;
    v_last   bigint := nextval('ivmc.change');
    v_waits  boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM ivmc.%I)', buffer) INTO v_waits;
    SELECT coalesce(string_agg(', ' || quote_ident(c.name), ''), ''), coalesce(string_agg(', ' || c.value, ''), '')
    INTO v_into, v_values FROM ivmc.columns_of(source, upstream, ivmc.captured(buffer)) c;
    EXECUTE format('INSERT INTO ivmc.%I (__ivmc_weight%s) SELECT 1 - 2 * (random() < 0.5)::integer%s '
                   'FROM %s TABLESAMPLE SYSTEM (%s) LIMIT %s',
                   buffer, v_into, v_values, relation, least(100, 20000.0 / greatest(v_pages, 1)), 50000);
    EXECUTE format('ANALYZE ivmc.%I', buffer);
    -- Empty pages would be read by every refresh: they stay only where changes wait among them.
    EXECUTE format(CASE WHEN v_waits THEN
                       'DELETE FROM ivmc.%I WHERE __ivmc_xid = pg_current_xact_id() AND __ivmc_seq > %s'
                   ELSE 'TRUNCATE ivmc.%I' END, buffer, v_last);
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
        -- Every row that waits may be of one transaction: the planner shall not conclude that few are new.
        EXECUTE format('ALTER TABLE ivmc.%I ALTER __ivmc_xid SET STATISTICS 0, ALTER __ivmc_seq SET STATISTICS 0', buffer);
    ELSIF v_add IS NULL THEN
        RETURN false;
    END IF;
    IF v_add IS NOT NULL THEN
        EXECUTE format('ALTER TABLE ivmc.%I %s', buffer, v_add);
    END IF;
    PERFORM ivmc.seed(buffer, source, relation, upstream);
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
    FOR s IN SELECT * FROM ivmc.source x 
             WHERE x.view = v_id AND x.buffer IS NOT NULL AND to_regclass('ivmc.' || quote_ident(x.buffer)) IS NULL LOOP
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
