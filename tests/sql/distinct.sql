CREATE TABLE visits (id int PRIMARY KEY, page int NOT NULL, visitor int NOT NULL, seconds int, at date);

-- ==== different visitors of each page
-- expect: aggregate
-- expect-not: reread, union, full
SELECT page, count(DISTINCT visitor) AS visitors FROM visits GROUP BY page;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by page: count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ stage v__1
--
-- aggregate by page, visitor: distinct rows
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ table visits

-- ---- sql
CREATE TABLE ivmc.v__1 (
  page integer NOT NULL,
  visitor integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  PRIMARY KEY (page, visitor)
) WITH (fillfactor = 70);

CREATE TABLE ivmc.v (
  page integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  PRIMARY KEY (page)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (page, visitor, __ivmc_count)
SELECT visits.page, visits.visitor, count(*) AS __ivmc_count
FROM public.visits
GROUP BY visits.page, visits.visitor;

INSERT INTO ivmc.v (page, __ivmc_count)
SELECT v__1.page, count(*) AS __ivmc_count
FROM ivmc.v__1
GROUP BY v__1.page;

CREATE FUNCTION ivmc.v__refresh(
  frontier ivmc.consumed, recompute boolean,
  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text
) LANGUAGE plpgsql AS $ivmc$
#variable_conflict use_column
<<n>>
DECLARE
  changed bigint := 0;
  pending bigint := 0;
  rough boolean;
  thinned double precision;
  expected double precision;
  visits_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  moved bigint := 0;
  changes bigint := 0;
  groups_2 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_visits b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_visits');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.visits_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_visits b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) visits_changes;
      n.pending := n.visits_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.visits_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_visits b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) visits_changes;
    n.pending := n.visits_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_visits b OFFSET 10000)) THEN
      -- Move the frontier; who refreshes this view already is waited for
      UPDATE ivmc.frontier f
      SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),
        seq = nextval('ivmc.change'), refreshes = f.refreshes + 0
      WHERE f.view = frontier.view;
      strategy := 'idle';
    END IF;
    RETURN;
  END IF;
  -- Move the frontier; who refreshes this view already is waited for
  UPDATE ivmc.frontier f
  SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),
    seq = nextval('ivmc.change'), refreshes = f.refreshes + 1
  WHERE f.view = frontier.view;
  strategy := 'differential';
  IF n.pending > 5000 THEN
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.visits_changes + 0.5 * n.visits_changes));
    IF frontier.rows_most < least(20000, n.pending / 3) AND frontier.ms_per_row IS NOT NULL THEN
      n.expected := 0.8 * n.expected;
    END IF;
    IF n.expected > frontier.ms_full AND NOT recompute THEN
      recompute := true;
      reason := format('about %s ms for %s changes, and %s ms for all rows', round(n.expected),
        n.pending, round(frontier.ms_full));
    END IF;
    IF NOT recompute THEN
      IF n.rough THEN
        IF n.visits_changes = 0 THEN
          SELECT *
          INTO n.visits_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_visits b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) visits_changes;
        END IF;
        n.pending := n.visits_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.visits_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_visits', n.visits_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.page::integer AS page,
           q.visitor::integer AS visitor,
           q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT visits.page, visits.visitor, count(*) AS __ivmc_count
      FROM public.visits
      GROUP BY visits.page, visits.visitor
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE t.page = d.page AND t.visitor = d.visitor);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON t.page = d.page AND t.visitor = d.visitor
    WHEN MATCHED AND ROW(t.page, t.visitor, t.__ivmc_count)::record *<> ROW(d.page, d.visitor, d.__ivmc_count)::record THEN
      UPDATE SET page = d.page, visitor = d.visitor, __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (page, visitor, __ivmc_count)
      VALUES (d.page, d.visitor, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.page::integer AS page, q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT v__1.page, count(*) AS __ivmc_count
      FROM ivmc.v__1
      GROUP BY v__1.page
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.page = d.page);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.page = d.page
    WHEN MATCHED AND ROW(t.page, t.__ivmc_count)::record *<> ROW(d.page, d.__ivmc_count)::record THEN
      UPDATE SET page = d.page, __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (page, __ivmc_count)
      VALUES (d.page, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_67a8ba31') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__groups_2;
    CREATE TEMPORARY TABLE v__groups (page integer, visitor integer, __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__moved (page integer, visitor integer, __ivmc_count bigint, __ivmc_count_was bigint);
    CREATE TEMPORARY TABLE v__changes (page integer, visitor integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__groups_2 (page integer, __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__made_67a8ba31 ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.visits_changes > 0 THEN
    -- groups += γ(Δvisits)
    INSERT INTO pg_temp.v__groups
    SELECT visits.page, visits.visitor, visits.__ivmc_weight * count(*) AS __ivmc_count
    FROM ivmc.changes_public_visits visits
    WHERE (visits.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(visits.__ivmc_xid, frontier.snapshot) AND visits.__ivmc_xid <> frontier.xid OR visits.__ivmc_xid = frontier.xid AND visits.__ivmc_seq > frontier.seq)
    GROUP BY visits.page, visits.visitor, visits.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.page,
           g.visitor,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           t.__ivmc_count AS __ivmc_count_was
    FROM (
      SELECT g.page, g.visitor, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.page, g.visitor
      HAVING sum(g.__ivmc_count) <> 0
      ORDER BY g.page, g.visitor
    ) g
    LEFT JOIN ivmc.v__1 t ON t.page = g.page AND t.visitor = g.visitor;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON t.page = d.page AND t.visitor = d.visitor
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (page, visitor, __ivmc_count)
        VALUES (d.page, d.visitor, d.__ivmc_count);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.page, terms.visitor, terms.__ivmc_weight
      FROM (
             SELECT v__moved.page, v__moved.visitor, 1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.page, v__moved_2.visitor, -1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved_2
             WHERE v__moved_2.__ivmc_count_was IS NOT NULL
           ) terms;
      GET DIAGNOSTICS step = ROW_COUNT; n.changes := n.changes + n.step;
    END IF;
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.changes > 0 THEN
    -- groups_2 += γ(Δv__1)
    INSERT INTO pg_temp.v__groups_2
    SELECT v__1.page, v__1.__ivmc_weight * count(*) AS __ivmc_count
    FROM pg_temp.v__changes v__1
    GROUP BY v__1.page, v__1.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.groups_2 > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.page, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) g
      GROUP BY g.page
      ORDER BY g.page
    ) d ON t.page = d.page
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (page, __ivmc_count)
      VALUES (d.page, d.__ivmc_count);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.moved > 1000 THEN TRUNCATE pg_temp.v__moved; ELSIF n.moved > 0 THEN DELETE FROM pg_temp.v__moved; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.groups_2 > 1000 THEN TRUNCATE pg_temp.v__groups_2; ELSIF n.groups_2 > 0 THEN DELETE FROM pg_temp.v__groups_2; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__moved', 'pg_temp.v__changes', 'pg_temp.v__groups_2');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT page,
       __ivmc_count AS visitors
FROM ivmc.v;

-- ==== beside other calls, and with a filter
-- expect: aggregate, union, filter
-- expect-not: reread, full
SELECT page, count(*) AS n, sum(seconds) AS seconds, count(DISTINCT visitor) FILTER (WHERE seconds > 9) AS readers
FROM visits GROUP BY page;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by page: count, sum
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 5 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ union all
--    ├─ compute 0, NULL::integer
--    │  └─ stage v__1
--    └─ compute 1, NULL::integer
--       └─ table visits
--
-- aggregate by page, visitor: distinct rows
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ filter seconds > 9
--    └─ table visits

-- ---- sql
CREATE TABLE ivmc.v__1 (
  page integer NOT NULL,
  visitor integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  PRIMARY KEY (page, visitor)
) WITH (fillfactor = 70);

CREATE TABLE ivmc.v (
  page integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_filtered bigint NOT NULL,
  __ivmc_count_seconds bigint NOT NULL,
  __ivmc_sum_seconds bigint NOT NULL,
  __ivmc_count_visitor bigint NOT NULL,
  PRIMARY KEY (page)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (page, visitor, __ivmc_count)
SELECT visits.page, visits.visitor, count(*) AS __ivmc_count
FROM public.visits
WHERE visits.seconds > 9
GROUP BY visits.page, visits.visitor;

INSERT INTO ivmc.v (page, __ivmc_count, __ivmc_count_filtered, __ivmc_count_seconds, __ivmc_sum_seconds, __ivmc_count_visitor)
SELECT terms.page,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE terms.arm = 1) AS __ivmc_count_filtered,
       count(*) FILTER (WHERE terms.seconds IS NOT NULL) AS __ivmc_count_seconds,
       coalesce(sum(terms.seconds), 0) AS __ivmc_sum_seconds,
       count(*) FILTER (WHERE terms.visitor IS NOT NULL) AS __ivmc_count_visitor
FROM (
       SELECT v__1.page, 0 AS arm, v__1.visitor, NULL::integer AS seconds
       FROM ivmc.v__1
       UNION ALL
       SELECT visits.page, 1 AS arm, NULL::integer AS visitor, visits.seconds
       FROM public.visits
     ) terms
GROUP BY terms.page;

CREATE FUNCTION ivmc.v__refresh(
  frontier ivmc.consumed, recompute boolean,
  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text
) LANGUAGE plpgsql AS $ivmc$
#variable_conflict use_column
<<n>>
DECLARE
  changed bigint := 0;
  pending bigint := 0;
  rough boolean;
  thinned double precision;
  expected double precision;
  visits_changes bigint := 0;
  groups bigint := 0;
  visits bigint := 0;
  step bigint;
  moved bigint := 0;
  changes bigint := 0;
  groups_2 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_visits b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_visits');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.visits_changes, n.visits
      FROM (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.seconds > 9)
        FROM ivmc.changes_public_visits b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) visits_changes;
      n.pending := n.visits_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.visits_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_visits b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) visits_changes;
    n.pending := n.visits_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_visits b OFFSET 10000)) THEN
      -- Move the frontier; who refreshes this view already is waited for
      UPDATE ivmc.frontier f
      SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),
        seq = nextval('ivmc.change'), refreshes = f.refreshes + 0
      WHERE f.view = frontier.view;
      strategy := 'idle';
    END IF;
    RETURN;
  END IF;
  -- Move the frontier; who refreshes this view already is waited for
  UPDATE ivmc.frontier f
  SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),
    seq = nextval('ivmc.change'), refreshes = f.refreshes + 1
  WHERE f.view = frontier.view;
  strategy := 'differential';
  IF n.pending > 5000 THEN
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.visits_changes + 0.5 * n.visits + 0.5 * n.visits_changes));
    IF frontier.rows_most < least(20000, n.pending / 3) AND frontier.ms_per_row IS NOT NULL THEN
      n.expected := 0.8 * n.expected;
    END IF;
    IF n.expected > frontier.ms_full AND NOT recompute THEN
      recompute := true;
      reason := format('about %s ms for %s changes, and %s ms for all rows', round(n.expected),
        n.pending, round(frontier.ms_full));
    END IF;
    IF NOT recompute THEN
      IF n.rough THEN
        IF n.visits_changes = 0 THEN
          SELECT *
          INTO n.visits_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_visits b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) visits_changes;
        END IF;
        n.pending := n.visits_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.visits_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_visits', n.visits_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.page::integer AS page,
           q.visitor::integer AS visitor,
           q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT visits.page, visits.visitor, count(*) AS __ivmc_count
      FROM public.visits
      WHERE visits.seconds > 9
      GROUP BY visits.page, visits.visitor
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE t.page = d.page AND t.visitor = d.visitor);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON t.page = d.page AND t.visitor = d.visitor
    WHEN MATCHED AND ROW(t.page, t.visitor, t.__ivmc_count)::record *<> ROW(d.page, d.visitor, d.__ivmc_count)::record THEN
      UPDATE SET page = d.page, visitor = d.visitor, __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (page, visitor, __ivmc_count)
      VALUES (d.page, d.visitor, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.page::integer AS page,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_filtered::bigint AS __ivmc_count_filtered,
           q.__ivmc_count_seconds::bigint AS __ivmc_count_seconds,
           q.__ivmc_sum_seconds::bigint AS __ivmc_sum_seconds,
           q.__ivmc_count_visitor::bigint AS __ivmc_count_visitor
    FROM (
      SELECT terms.page,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE terms.arm = 1) AS __ivmc_count_filtered,
             count(*) FILTER (WHERE terms.seconds IS NOT NULL) AS __ivmc_count_seconds,
             coalesce(sum(terms.seconds), 0) AS __ivmc_sum_seconds,
             count(*) FILTER (WHERE terms.visitor IS NOT NULL) AS __ivmc_count_visitor
      FROM (
             SELECT v__1.page, 0 AS arm, v__1.visitor, NULL::integer AS seconds
             FROM ivmc.v__1
             UNION ALL
             SELECT visits.page, 1 AS arm, NULL::integer AS visitor, visits.seconds
             FROM public.visits
           ) terms
      GROUP BY terms.page
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.page = d.page);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.page = d.page
    WHEN MATCHED AND ROW(t.page, t.__ivmc_count, t.__ivmc_count_filtered, t.__ivmc_count_seconds, t.__ivmc_sum_seconds, t.__ivmc_count_visitor)::record *<> ROW(d.page, d.__ivmc_count, d.__ivmc_count_filtered, d.__ivmc_count_seconds, d.__ivmc_sum_seconds, d.__ivmc_count_visitor)::record THEN
      UPDATE SET page = d.page,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_filtered = d.__ivmc_count_filtered,
                 __ivmc_count_seconds = d.__ivmc_count_seconds,
                 __ivmc_sum_seconds = d.__ivmc_sum_seconds,
                 __ivmc_count_visitor = d.__ivmc_count_visitor
    WHEN NOT MATCHED THEN
      INSERT (page, __ivmc_count, __ivmc_count_filtered, __ivmc_count_seconds, __ivmc_sum_seconds, __ivmc_count_visitor)
      VALUES (d.page, d.__ivmc_count, d.__ivmc_count_filtered, d.__ivmc_count_seconds, d.__ivmc_sum_seconds, d.__ivmc_count_visitor);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_e1f8339d') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__groups_2;
    CREATE TEMPORARY TABLE v__groups (page integer, visitor integer, __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__moved (page integer, visitor integer, __ivmc_count bigint, __ivmc_count_was bigint);
    CREATE TEMPORARY TABLE v__changes (page integer, visitor integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__groups_2 (page integer, __ivmc_count numeric, __ivmc_count_filtered numeric, __ivmc_count_seconds numeric, __ivmc_sum_seconds numeric, __ivmc_count_visitor numeric);
    CREATE TEMPORARY TABLE v__made_e1f8339d ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.visits_changes > 0 THEN
    -- groups += γ(Δvisits)
    INSERT INTO pg_temp.v__groups
    SELECT visits.page, visits.visitor, visits.__ivmc_weight * count(*) AS __ivmc_count
    FROM ivmc.changes_public_visits visits
    WHERE (visits.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(visits.__ivmc_xid, frontier.snapshot) AND visits.__ivmc_xid <> frontier.xid OR visits.__ivmc_xid = frontier.xid AND visits.__ivmc_seq > frontier.seq)
      AND visits.seconds > 9
    GROUP BY visits.page, visits.visitor, visits.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.page,
           g.visitor,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           t.__ivmc_count AS __ivmc_count_was
    FROM (
      SELECT g.page, g.visitor, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.page, g.visitor
      HAVING sum(g.__ivmc_count) <> 0
      ORDER BY g.page, g.visitor
    ) g
    LEFT JOIN ivmc.v__1 t ON t.page = g.page AND t.visitor = g.visitor;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON t.page = d.page AND t.visitor = d.visitor
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (page, visitor, __ivmc_count)
        VALUES (d.page, d.visitor, d.__ivmc_count);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.page, terms.visitor, terms.__ivmc_weight
      FROM (
             SELECT v__moved.page, v__moved.visitor, 1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.page, v__moved_2.visitor, -1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved_2
             WHERE v__moved_2.__ivmc_count_was IS NOT NULL
           ) terms;
      GET DIAGNOSTICS step = ROW_COUNT; n.changes := n.changes + n.step;
    END IF;
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.changes > 0 THEN
    -- groups_2 += γ(Δv__1)
    INSERT INTO pg_temp.v__groups_2
    SELECT v__1.page,
           v__1.__ivmc_weight * count(*) AS __ivmc_count,
           v__1.__ivmc_weight * count(*) FILTER (WHERE 0 = 1) AS __ivmc_count_filtered,
           v__1.__ivmc_weight * count(*) FILTER (WHERE NULL::integer IS NOT NULL) AS __ivmc_count_seconds,
           v__1.__ivmc_weight * coalesce(sum(NULL::integer), 0) AS __ivmc_sum_seconds,
           v__1.__ivmc_weight * count(*) FILTER (WHERE v__1.visitor IS NOT NULL) AS __ivmc_count_visitor
    FROM pg_temp.v__changes v__1
    GROUP BY v__1.page, v__1.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.visits_changes > 0 THEN
    -- groups_2 += γ(Δvisits)
    INSERT INTO pg_temp.v__groups_2
    SELECT visits.page,
           visits.__ivmc_weight * count(*) AS __ivmc_count,
           visits.__ivmc_weight * count(*) FILTER (WHERE 1 = 1) AS __ivmc_count_filtered,
           visits.__ivmc_weight * count(*) FILTER (WHERE visits.seconds IS NOT NULL) AS __ivmc_count_seconds,
           visits.__ivmc_weight * coalesce(sum(visits.seconds), 0) AS __ivmc_sum_seconds,
           visits.__ivmc_weight * count(*) FILTER (WHERE NULL::integer IS NOT NULL) AS __ivmc_count_visitor
    FROM ivmc.changes_public_visits visits
    WHERE (visits.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(visits.__ivmc_xid, frontier.snapshot) AND visits.__ivmc_xid <> frontier.xid OR visits.__ivmc_xid = frontier.xid AND visits.__ivmc_seq > frontier.seq)
    GROUP BY visits.page, visits.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.groups_2 > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.page,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_filtered) AS __ivmc_count_filtered,
             sum(g.__ivmc_count_seconds) AS __ivmc_count_seconds,
             sum(g.__ivmc_sum_seconds) AS __ivmc_sum_seconds,
             sum(g.__ivmc_count_visitor) AS __ivmc_count_visitor
      FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) g
      GROUP BY g.page
      ORDER BY g.page
    ) d ON t.page = d.page
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_filtered <> 0 OR d.__ivmc_count_seconds <> 0 OR d.__ivmc_sum_seconds <> 0 OR d.__ivmc_count_visitor <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_filtered = (t.__ivmc_count_filtered + d.__ivmc_count_filtered)::bigint,
                 __ivmc_count_seconds = (t.__ivmc_count_seconds + d.__ivmc_count_seconds)::bigint,
                 __ivmc_sum_seconds = (t.__ivmc_sum_seconds + d.__ivmc_sum_seconds)::bigint,
                 __ivmc_count_visitor = (t.__ivmc_count_visitor + d.__ivmc_count_visitor)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (page, __ivmc_count, __ivmc_count_filtered, __ivmc_count_seconds, __ivmc_sum_seconds, __ivmc_count_visitor)
      VALUES (d.page, d.__ivmc_count, d.__ivmc_count_filtered, d.__ivmc_count_seconds, d.__ivmc_sum_seconds, d.__ivmc_count_visitor);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.moved > 1000 THEN TRUNCATE pg_temp.v__moved; ELSIF n.moved > 0 THEN DELETE FROM pg_temp.v__moved; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.groups_2 > 1000 THEN TRUNCATE pg_temp.v__groups_2; ELSIF n.groups_2 > 0 THEN DELETE FROM pg_temp.v__groups_2; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__moved', 'pg_temp.v__changes', 'pg_temp.v__groups_2');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT page,
       __ivmc_count_filtered AS n,
       CASE WHEN __ivmc_count_seconds > 0 THEN __ivmc_sum_seconds END AS seconds,
       __ivmc_count_visitor AS readers
FROM ivmc.v;

-- ==== where the group is read again anyway
-- expect: reread
-- expect-not: union, full
SELECT page, count(DISTINCT visitor) AS visitors, string_agg(at::text, ',' ORDER BY id) AS days FROM visits GROUP BY page;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by page: count, string_agg
-- │     law    K = δ π_keys(ΔR), A(R′) = A(R) − A(R) ⋉ K + γ(R′ ⋉ K)
-- │     state  ivmc.v: the result
-- │     cost   O(Δ) for K, O(rows of the touched groups) to read them through an index on the key
-- │     note   count(DISTINCT …): equal values are not all alike, or other calls of the group are read again
-- │     note   string_agg() cannot be taken back
-- └─ table visits
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.visits (page);

-- ---- sql
CREATE TABLE ivmc.v (
  page integer NOT NULL,
  count bigint NOT NULL,
  string_agg text,
  PRIMARY KEY (page)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (page, count, string_agg)
SELECT visits.page,
       count(DISTINCT visits.visitor) AS count,
       string_agg(visits.at::text, ',' ORDER BY visits.id) AS string_agg
FROM public.visits
GROUP BY visits.page;

CREATE FUNCTION ivmc.v__refresh(
  frontier ivmc.consumed, recompute boolean,
  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text
) LANGUAGE plpgsql AS $ivmc$
#variable_conflict use_column
<<n>>
DECLARE
  changed bigint := 0;
  pending bigint := 0;
  rough boolean;
  thinned double precision;
  expected double precision;
  visits_changes bigint := 0;
  touched bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_visits b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_visits');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.visits_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_visits b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) visits_changes;
      n.pending := n.visits_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.visits_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_visits b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) visits_changes;
    n.pending := n.visits_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_visits b OFFSET 10000)) THEN
      -- Move the frontier; who refreshes this view already is waited for
      UPDATE ivmc.frontier f
      SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),
        seq = nextval('ivmc.change'), refreshes = f.refreshes + 0
      WHERE f.view = frontier.view;
      strategy := 'idle';
    END IF;
    RETURN;
  END IF;
  -- Move the frontier; who refreshes this view already is waited for
  UPDATE ivmc.frontier f
  SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),
    seq = nextval('ivmc.change'), refreshes = f.refreshes + 1
  WHERE f.view = frontier.view;
  strategy := 'differential';
  IF n.pending > 5000 THEN
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.visits_changes + 2.5 * n.visits_changes));
    IF frontier.rows_most < least(20000, n.pending / 3) AND frontier.ms_per_row IS NOT NULL THEN
      n.expected := 0.8 * n.expected;
    END IF;
    IF n.expected > frontier.ms_full AND NOT recompute THEN
      recompute := true;
      reason := format('about %s ms for %s changes, and %s ms for all rows', round(n.expected),
        n.pending, round(frontier.ms_full));
    END IF;
    IF NOT recompute THEN
      IF n.rough THEN
        SELECT *
        INTO n.visits_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_visits b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) visits_changes;
        n.pending := n.visits_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.visits_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_visits', n.visits_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.page::integer AS page, q.count::bigint AS count, q.string_agg::text AS string_agg
    FROM (
      SELECT visits.page,
             count(DISTINCT visits.visitor) AS count,
             string_agg(visits.at::text, ',' ORDER BY visits.id) AS string_agg
      FROM public.visits
      GROUP BY visits.page
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.page = d.page);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.page = d.page
    WHEN MATCHED AND ROW(t.page, t.count, t.string_agg)::record *<> ROW(d.page, d.count, d.string_agg)::record THEN
      UPDATE SET page = d.page, count = d.count, string_agg = d.string_agg
    WHEN NOT MATCHED THEN
      INSERT (page, count, string_agg)
      VALUES (d.page, d.count, d.string_agg);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_5af6c5a6') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__touched;
    CREATE TEMPORARY TABLE v__touched (page integer);
    CREATE TEMPORARY TABLE v__made_5af6c5a6 ();
  END IF;

  -- Stage v: what the view shows

  -- Touched groups: those with a net change
  IF n.visits_changes > 0 THEN
    -- touched += γ(net(Δvisits))
    INSERT INTO pg_temp.v__touched
    SELECT net.page
    FROM (
           SELECT visits.id, visits.page, visits.visitor, visits.at, sum(visits.__ivmc_weight) AS __ivmc_weight
           FROM (
                  SELECT visits.id, visits.page, visits.visitor, visits.at, visits.__ivmc_weight
                  FROM ivmc.changes_public_visits visits
                  WHERE (visits.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(visits.__ivmc_xid, frontier.snapshot) AND visits.__ivmc_xid <> frontier.xid OR visits.__ivmc_xid = frontier.xid AND visits.__ivmc_seq > frontier.seq)
                  LIMIT n.visits_changes
                ) visits
           GROUP BY visits.id, visits.page, visits.visitor, visits.at
           HAVING sum(visits.__ivmc_weight) <> 0
           OFFSET 0
         ) net
    GROUP BY net.page;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- Read the groups again
    IF n.touched > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT k.page, x.count, x.string_agg, x.__ivmc_found
        FROM (
          SELECT v__touched.page
          FROM (SELECT * FROM pg_temp.v__touched LIMIT n.touched) v__touched
          GROUP BY v__touched.page
        ) k
        LEFT JOIN (
          SELECT visits.page,
                 count(DISTINCT visits.visitor) AS count,
                 string_agg(visits.at::text, ',' ORDER BY visits.id) AS string_agg,
                 true AS __ivmc_found
          FROM (
                 SELECT v__touched.page
                 FROM (
                        SELECT * FROM (
                          SELECT * FROM pg_temp.v__touched
                          ORDER BY page
                          LIMIT n.touched
                        ) x LIMIT n.touched
                      ) v__touched
                 GROUP BY v__touched.page
               ) groups,
               public.visits
          WHERE groups.page = visits.page
          GROUP BY visits.page
        ) x ON x.page = k.page
      ) d ON t.page = d.page
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.count, t.string_agg)::record *<> ROW(d.count, d.string_agg)::record THEN
        UPDATE SET count = d.count, string_agg = d.string_agg
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (page, count, string_agg)
        VALUES (d.page, d.count, d.string_agg);
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
    END IF;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__touched');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT page,
       count AS visitors,
       string_agg AS days
FROM ivmc.v;
