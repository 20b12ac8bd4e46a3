-- Trimming: changes that every view has consumed are removed.

-- Empty a large change buffer whose rows were all consumed, in much less time than it takes to delete them, if
-- nobody else is at it: the lock is not waited for. A snapshot that is older than a frontier may need what that
-- has consumed, without having locked anything so far. `newest`: the age of the youngest frontier.
CREATE OR REPLACE FUNCTION ivmc.emptied(buffer regclass, below xid8, newest integer) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_needed boolean;
BEGIN
    IF pg_relation_size(buffer) < 16777216 OR NOT has_table_privilege(buffer, 'TRUNCATE')
       OR NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN  -- which shows the snapshots of others
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', buffer);
    v_needed := EXISTS (SELECT FROM pg_stat_activity a
                        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
                          AND a.backend_type <> 'autovacuum worker' AND age(a.backend_xmin) >= newest);
    IF NOT v_needed THEN
        EXECUTE format('SELECT count(*) > 0 FROM %s WHERE __ivmc_xid >= $1', buffer) INTO v_needed USING below;
    END IF;
    IF v_needed THEN
        RAISE lock_not_available;  -- gives back the lock
    END IF;
    EXECUTE format('TRUNCATE %s', buffer);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;

-- Remove changes of one view's sources that every view has consumed. In READ COMMITTED, and by
-- DELETE, since an older snapshot may still need them; `empties`: or else, where none does. That
-- keeps writers away until the end of the transaction, so it is not for a caller's.
CREATE OR REPLACE FUNCTION ivmc.trim_sources(view text, empties boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_buffer name;
    v_below  xid8;
    v_newest integer;
    v_trims  boolean;
BEGIN
    FOR v_buffer, v_below, v_newest IN
        SELECT DISTINCT ON (s.buffer) s.buffer, pg_snapshot_xmin(f.snapshot),
               min(age(f.xmin)) OVER (PARTITION BY s.buffer)
        FROM ivmc.source s JOIN ivmc.frontier f ON f.view = s.view
        WHERE s.buffer IN (SELECT r.buffer FROM ivmc.source r WHERE r.view = $1)
        ORDER BY s.buffer, 2
    LOOP
        -- Where the first row has to stay, others that may go can wait: no scan while a view lags behind.
        EXECUTE format('SELECT (SELECT b.__ivmc_xid FROM ivmc.%I AS b LIMIT 1) < $1', v_buffer)
            INTO v_trims USING v_below;
        IF v_trims AND NOT (empties AND ivmc.emptied(format('ivmc.%I', v_buffer)::regclass, v_below, v_newest)) THEN
            EXECUTE format('DELETE FROM ivmc.%I WHERE __ivmc_xid < $1', v_buffer) USING v_below;
        END IF;
        DELETE FROM ivmc.truncation t WHERE t.buffer = v_buffer AND t.xid < v_below;
    END LOOP;
    DELETE FROM ivmc.history h
    WHERE h.view = $1 AND h.refresh < (SELECT f.refreshes - 1000 FROM ivmc.frontier f WHERE f.view = $1);
END $$;

CREATE OR REPLACE PROCEDURE ivmc.trim()
LANGUAGE sql AS $$ SELECT ivmc.trim_sources(v.id) FROM ivmc.view v $$;
