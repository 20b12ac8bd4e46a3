CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, city text);
CREATE TABLE returns (id int PRIMARY KEY, customer int NOT NULL, city text);

-- ==== customers who never returned anything
-- expect: aggregate, union
-- expect-not: store, reread, full
SELECT customer FROM orders EXCEPT SELECT customer FROM returns;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by orders.customer: count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 2 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ union all
--    ├─ compute true
--    │  └─ table orders
--    └─ compute false
--       └─ table returns

-- ---- sql
CREATE TABLE ivmc.v (
  customer integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_is_left bigint NOT NULL,
  PRIMARY KEY (customer)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (customer, __ivmc_count, __ivmc_count_is_left)
SELECT terms.customer,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE terms.is_left) AS __ivmc_count_is_left
FROM (
       SELECT orders.customer, true AS is_left
       FROM public.orders
       UNION ALL
       SELECT returns.customer, false AS is_left
       FROM public.returns
     ) terms
GROUP BY terms.customer;

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
  orders_changes bigint := 0;
  returns_changes bigint := 0;
  groups bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_returns b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_orders') + pg_relation_size('ivmc.changes_public_returns');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.orders_changes, n.returns_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_returns b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) returns_changes;
      n.pending := n.orders_changes + n.returns_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.orders_changes, n.returns_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_returns b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) returns_changes;
    n.pending := n.orders_changes + n.returns_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_returns b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.orders_changes + 0.5 * n.orders_changes
        + 0.3 * n.returns_changes + 0.5 * n.returns_changes));
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
        IF n.orders_changes = 0 THEN
          SELECT *
          INTO n.orders_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_orders b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) orders_changes;
        END IF;
        IF n.returns_changes = 0 THEN
          SELECT *
          INTO n.returns_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_returns b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) returns_changes;
        END IF;
        n.pending := n.orders_changes + n.returns_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
    IF n.returns_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_returns', n.returns_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.customer::integer AS customer,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_is_left::bigint AS __ivmc_count_is_left
    FROM (
      SELECT terms.customer,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE terms.is_left) AS __ivmc_count_is_left
      FROM (
             SELECT orders.customer, true AS is_left
             FROM public.orders
             UNION ALL
             SELECT returns.customer, false AS is_left
             FROM public.returns
           ) terms
      GROUP BY terms.customer
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.customer = d.customer);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.customer = d.customer
    WHEN MATCHED AND ROW(t.customer, t.__ivmc_count, t.__ivmc_count_is_left)::record *<> ROW(d.customer, d.__ivmc_count, d.__ivmc_count_is_left)::record THEN
      UPDATE SET customer = d.customer,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_is_left = d.__ivmc_count_is_left
    WHEN NOT MATCHED THEN
      INSERT (customer, __ivmc_count, __ivmc_count_is_left)
      VALUES (d.customer, d.__ivmc_count, d.__ivmc_count_is_left);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_7c97691c') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups;
    CREATE TEMPORARY TABLE v__groups (customer integer, __ivmc_count numeric, __ivmc_count_is_left numeric);
    CREATE TEMPORARY TABLE v__made_7c97691c ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.orders_changes > 0 THEN
    -- groups += γ(Δorders)
    INSERT INTO pg_temp.v__groups
    SELECT orders.customer,
           orders.__ivmc_weight * count(*) AS __ivmc_count,
           orders.__ivmc_weight * count(*) FILTER (WHERE true) AS __ivmc_count_is_left
    FROM ivmc.changes_public_orders orders
    WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
    GROUP BY orders.customer, orders.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.returns_changes > 0 THEN
    -- groups += γ(Δreturns)
    INSERT INTO pg_temp.v__groups
    SELECT returns.customer,
           returns.__ivmc_weight * count(*) AS __ivmc_count,
           returns.__ivmc_weight * count(*) FILTER (WHERE false) AS __ivmc_count_is_left
    FROM ivmc.changes_public_returns returns
    WHERE (returns.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(returns.__ivmc_xid, frontier.snapshot) AND returns.__ivmc_xid <> frontier.xid OR returns.__ivmc_xid = frontier.xid AND returns.__ivmc_seq > frontier.seq)
    GROUP BY returns.customer, returns.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.customer,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_is_left) AS __ivmc_count_is_left
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.customer
      ORDER BY g.customer
    ) d ON t.customer = d.customer
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_is_left <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_is_left = (t.__ivmc_count_is_left + d.__ivmc_count_is_left)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (customer, __ivmc_count, __ivmc_count_is_left)
      VALUES (d.customer, d.__ivmc_count, d.__ivmc_count_is_left);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT customer
FROM ivmc.v
WHERE (__ivmc_count_is_left > 0) AND (__ivmc_count - __ivmc_count_is_left = 0);

-- ==== pairs on both sides, as often as on the side with fewer
-- expect: aggregate, union, expand
-- expect-not: reread, full
SELECT customer, city FROM orders INTERSECT ALL SELECT customer, city FROM returns;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per image, with its weight
-- │     cost   O(Δ)
-- └─ expand generate_series(1, least(copies_left, copies - copies_left))
--    │     law    Δ expand(R) = expand(ΔR)
--    │     cost   O(Δ · rows that the functions give)
--    └─ filter least(copies_left, copies - copies_left) > 0
--       └─ stage v__1
--
-- aggregate by orders.customer, orders.city: count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 2 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ union all
--    ├─ compute true
--    │  └─ table orders
--    └─ compute false
--       └─ table returns

-- ---- sql
CREATE TABLE ivmc.v__1 (
  customer integer NOT NULL,
  city text,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_is_left bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v__1 (hash_record_extended(ROW(customer, city), 0));

CREATE TABLE ivmc.v (
  customer integer NOT NULL,
  city text,
  __ivmc_weight bigint NOT NULL CHECK (__ivmc_weight > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(customer, city), 0));

INSERT INTO ivmc.v__1 (customer, city, __ivmc_count, __ivmc_count_is_left)
SELECT terms.customer,
       terms.city,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE terms.is_left) AS __ivmc_count_is_left
FROM (
       SELECT orders.customer, orders.city, true AS is_left
       FROM public.orders
       UNION ALL
       SELECT returns.customer, returns.city, false AS is_left
       FROM public.returns
     ) terms
GROUP BY terms.customer, terms.city;

INSERT INTO ivmc.v (customer, city, __ivmc_weight)
SELECT v__1.customer, v__1.city, count(*) AS __ivmc_weight
FROM ivmc.v__1,
     LATERAL generate_series(1, least(v__1.__ivmc_count_is_left, v__1.__ivmc_count - v__1.__ivmc_count_is_left)) copy (copy)
WHERE least(v__1.__ivmc_count_is_left, v__1.__ivmc_count - v__1.__ivmc_count_is_left) > 0
GROUP BY v__1.customer, v__1.city;

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
  orders_changes bigint := 0;
  returns_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  moved bigint := 0;
  changes bigint := 0;
  delta bigint := 0;
  v__1 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_returns b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_orders') + pg_relation_size('ivmc.changes_public_returns');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.orders_changes, n.returns_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_returns b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) returns_changes;
      n.pending := n.orders_changes + n.returns_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.orders_changes, n.returns_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_returns b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) returns_changes;
    n.pending := n.orders_changes + n.returns_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_returns b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.orders_changes + 0.5 * n.orders_changes
        + 0.3 * n.returns_changes + 0.5 * n.returns_changes));
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
        IF n.orders_changes = 0 THEN
          SELECT *
          INTO n.orders_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_orders b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) orders_changes;
        END IF;
        IF n.returns_changes = 0 THEN
          SELECT *
          INTO n.returns_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_returns b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) returns_changes;
        END IF;
        n.pending := n.orders_changes + n.returns_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
    IF n.returns_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_returns', n.returns_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.customer::integer AS customer,
           q.city::text AS city,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_is_left::bigint AS __ivmc_count_is_left
    FROM (
      SELECT terms.customer,
             terms.city,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE terms.is_left) AS __ivmc_count_is_left
      FROM (
             SELECT orders.customer, orders.city, true AS is_left
             FROM public.orders
             UNION ALL
             SELECT returns.customer, returns.city, false AS is_left
             FROM public.returns
           ) terms
      GROUP BY terms.customer, terms.city
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE hash_record_extended(ROW(t.customer, t.city), 0) = hash_record_extended(ROW(d.customer, d.city), 0) AND t.customer = d.customer AND t.city IS NOT DISTINCT FROM d.city);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON hash_record_extended(ROW(t.customer, t.city), 0) = hash_record_extended(ROW(d.customer, d.city), 0) AND t.customer = d.customer AND t.city IS NOT DISTINCT FROM d.city
    WHEN MATCHED AND ROW(t.customer, t.city, t.__ivmc_count, t.__ivmc_count_is_left)::record *<> ROW(d.customer, d.city, d.__ivmc_count, d.__ivmc_count_is_left)::record THEN
      UPDATE SET customer = d.customer,
                 city = d.city,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_is_left = d.__ivmc_count_is_left
    WHEN NOT MATCHED THEN
      INSERT (customer, city, __ivmc_count, __ivmc_count_is_left)
      VALUES (d.customer, d.city, d.__ivmc_count, d.__ivmc_count_is_left);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.customer::integer AS customer, q.city::text AS city, q.__ivmc_weight
    FROM (
      SELECT v__1.customer, v__1.city, count(*) AS __ivmc_weight
      FROM ivmc.v__1,
           LATERAL generate_series(1, least(v__1.__ivmc_count_is_left, v__1.__ivmc_count - v__1.__ivmc_count_is_left)) copy (copy)
      WHERE least(v__1.__ivmc_count_is_left, v__1.__ivmc_count - v__1.__ivmc_count_is_left) > 0
      GROUP BY v__1.customer, v__1.city
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.customer, t.city), 0) = hash_record_extended(ROW(d.customer, d.city), 0) AND ROW(t.customer, t.city)::record *= ROW(d.customer, d.city)::record);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.customer, t.city), 0) = hash_record_extended(ROW(d.customer, d.city), 0) AND ROW(t.customer, t.city)::record *= ROW(d.customer, d.city)::record
    WHEN MATCHED AND ROW(t.customer, t.city, t.__ivmc_weight)::record *<> ROW(d.customer, d.city, d.__ivmc_weight)::record THEN
      UPDATE SET customer = d.customer, city = d.city, __ivmc_weight = d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (customer, city, __ivmc_weight)
      VALUES (d.customer, d.city, d.__ivmc_weight);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_1a6356e7') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__delta;
    CREATE TEMPORARY TABLE v__groups (customer integer, city text, __ivmc_count numeric, __ivmc_count_is_left numeric);
    CREATE TEMPORARY TABLE v__moved (customer integer, city text, __ivmc_count bigint, __ivmc_count_is_left bigint, __ivmc_count_was bigint, __ivmc_count_is_left_was bigint);
    CREATE TEMPORARY TABLE v__changes (customer integer, city text, copies bigint, copies_left bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta (customer integer, city text, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_1a6356e7 ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.orders_changes > 0 THEN
    -- groups += γ(Δorders)
    INSERT INTO pg_temp.v__groups
    SELECT orders.customer,
           orders.city,
           orders.__ivmc_weight * count(*) AS __ivmc_count,
           orders.__ivmc_weight * count(*) FILTER (WHERE true) AS __ivmc_count_is_left
    FROM ivmc.changes_public_orders orders
    WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
    GROUP BY orders.customer, orders.city, orders.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.returns_changes > 0 THEN
    -- groups += γ(Δreturns)
    INSERT INTO pg_temp.v__groups
    SELECT returns.customer,
           returns.city,
           returns.__ivmc_weight * count(*) AS __ivmc_count,
           returns.__ivmc_weight * count(*) FILTER (WHERE false) AS __ivmc_count_is_left
    FROM ivmc.changes_public_returns returns
    WHERE (returns.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(returns.__ivmc_xid, frontier.snapshot) AND returns.__ivmc_xid <> frontier.xid OR returns.__ivmc_xid = frontier.xid AND returns.__ivmc_seq > frontier.seq)
    GROUP BY returns.customer, returns.city, returns.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.customer,
           g.city,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           (coalesce(t.__ivmc_count_is_left, 0) + g.__ivmc_count_is_left)::bigint AS __ivmc_count_is_left,
           t.__ivmc_count AS __ivmc_count_was,
           t.__ivmc_count_is_left AS __ivmc_count_is_left_was
    FROM (
      SELECT g.customer,
             g.city,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_is_left) AS __ivmc_count_is_left
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.customer, g.city
      HAVING sum(g.__ivmc_count) <> 0 OR sum(g.__ivmc_count_is_left) <> 0
      ORDER BY g.customer, g.city
    ) g
    LEFT JOIN ivmc.v__1 t ON hash_record_extended(ROW(t.customer, t.city), 0) = hash_record_extended(ROW(g.customer, g.city), 0) AND t.customer = g.customer AND t.city IS NOT DISTINCT FROM g.city;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON hash_record_extended(ROW(t.customer, t.city), 0) = hash_record_extended(ROW(d.customer, d.city), 0) AND t.customer = d.customer AND t.city IS NOT DISTINCT FROM d.city
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count, __ivmc_count_is_left = d.__ivmc_count_is_left
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (customer, city, __ivmc_count, __ivmc_count_is_left)
        VALUES (d.customer, d.city, d.__ivmc_count, d.__ivmc_count_is_left);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.customer, terms.city, terms.copies, terms.copies_left, terms.__ivmc_weight
      FROM (
             SELECT v__moved.customer,
                    v__moved.city,
                    v__moved.__ivmc_count AS copies,
                    v__moved.__ivmc_count_is_left AS copies_left,
                    1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.customer,
                    v__moved_2.city,
                    v__moved_2.__ivmc_count_was AS copies,
                    v__moved_2.__ivmc_count_is_left_was AS copies_left,
                    -1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved_2
             WHERE v__moved_2.__ivmc_count_was IS NOT NULL
           ) terms;
      GET DIAGNOSTICS step = ROW_COUNT; n.changes := n.changes + n.step;
    END IF;
  END IF;

  -- Stage v: what the view shows
  IF n.changes > 0 THEN
    SELECT count(*) INTO n.v__1
    FROM pg_temp.v__changes v__1
    WHERE least(v__1.copies_left, v__1.copies - v__1.copies_left) > 0;
  END IF;
  IF n.v__1 > 0 THEN
    -- delta += expand(Δv__1)
    INSERT INTO pg_temp.v__delta
    SELECT v__1.customer, v__1.city, v__1.__ivmc_weight
    FROM (
           SELECT v__1.customer, v__1.city, v__1.copies, v__1.copies_left, v__1.__ivmc_weight
           FROM pg_temp.v__changes v__1
           WHERE least(v__1.copies_left, v__1.copies - v__1.copies_left) > 0
           LIMIT n.v__1
         ) v__1,
         LATERAL generate_series(1, least(v__1.copies_left, v__1.copies - v__1.copies_left)) copy (copy);
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by image
    MERGE INTO ivmc.v t USING (
      SELECT v__delta.customer, v__delta.city, sum(v__delta.__ivmc_weight) AS __ivmc_weight
      FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
      GROUP BY v__delta.customer, v__delta.city
      HAVING sum(v__delta.__ivmc_weight) <> 0
    ) d ON hash_record_extended(ROW(t.customer, t.city), 0) = hash_record_extended(ROW(d.customer, d.city), 0) AND ROW(t.customer, t.city)::record *= ROW(d.customer, d.city)::record
    WHEN MATCHED AND t.__ivmc_weight + d.__ivmc_weight = 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET __ivmc_weight = t.__ivmc_weight + d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (customer, city, __ivmc_weight)
      VALUES (d.customer, d.city, d.__ivmc_weight);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.moved > 1000 THEN TRUNCATE pg_temp.v__moved; ELSIF n.moved > 0 THEN DELETE FROM pg_temp.v__moved; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__moved', 'pg_temp.v__changes', 'pg_temp.v__delta');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT customer,
       city
FROM ivmc.v CROSS JOIN generate_series(1, __ivmc_weight) __ivmc_copy;
