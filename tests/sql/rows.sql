CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric(12,2), note text);
CREATE TABLE returns (customer int, amount numeric(12,2));
CREATE VIEW large AS SELECT id, customer, amount FROM orders WHERE amount > 1000;

-- ==== filter and project by the key
-- expect: filter, project, store
-- expect-not: join
SELECT id, upper(note) AS note, coalesce(amount, 0) * 2 AS twice FROM orders WHERE amount > 10;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ compute upper(note), coalesce(amount, 0) * 2
--    └─ filter amount > 10
--       └─ table orders

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  note text,
  twice numeric NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id, note, twice)
SELECT orders.id, upper(orders.note) AS note, coalesce(orders.amount, 0) * 2 AS twice
FROM public.orders
WHERE orders.amount > 10;

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
  orders bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_orders');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.orders_changes, n.orders
      FROM (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.amount > 10)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.orders_changes, n.orders
    FROM (
      SELECT count(*), count(*) FILTER (WHERE b.amount > 10)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes;
    n.pending := n.orders_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.orders_changes + 2.5 * greatest(n.orders)));
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
        INTO n.orders_changes, n.orders
        FROM (
          SELECT count(*), count(*) FILTER (WHERE b.amount > 10)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes;
        n.pending := n.orders_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.note::text AS note, q.twice::numeric AS twice
    FROM (
      SELECT orders.id, upper(orders.note) AS note, coalesce(orders.amount, 0) * 2 AS twice
      FROM public.orders
      WHERE orders.amount > 10
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t.note, t.twice)::record *<> ROW(d.id, d.note, d.twice)::record THEN
      UPDATE SET id = d.id, note = d.note, twice = d.twice
    WHEN NOT MATCHED THEN
      INSERT (id, note, twice)
      VALUES (d.id, d.note, d.twice);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;


  -- Stage v: what the view shows
  IF n.orders > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT orders.id, orders.note, orders.twice, sum(orders.__ivmc_weight) AS __ivmc_weight
        FROM (
               SELECT orders.id,
                      upper(orders.note) AS note,
                      coalesce(orders.amount, 0) * 2 AS twice,
                      orders.__ivmc_weight
               FROM ivmc.changes_public_orders orders
               WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
                 AND orders.amount > 10
               LIMIT n.orders
             ) orders
        GROUP BY orders.id, orders.note, orders.twice, record_send(ROW(orders.twice))
        HAVING sum(orders.__ivmc_weight) <> 0
      ) net
      ORDER BY id, __ivmc_weight DESC
    ) d ON t.id = d.id
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, note = d.note, twice = d.twice
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, note, twice)
      VALUES (d.id, d.note, d.twice);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       note,
       twice
FROM ivmc.v;

-- ==== rows without a key are a bag
-- expect: filter, store
-- expect-not: join
SELECT customer, amount FROM returns WHERE amount > 0;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per image, with its weight
-- │     cost   O(Δ)
-- └─ filter amount > 0
--    └─ table returns

-- ---- sql
CREATE TABLE ivmc.v (
  customer integer,
  amount numeric(12,2),
  __ivmc_weight bigint NOT NULL CHECK (__ivmc_weight > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(customer, amount), 0));

INSERT INTO ivmc.v (customer, amount, __ivmc_weight)
SELECT returns.customer, returns.amount, count(*) AS __ivmc_weight
FROM public.returns
WHERE returns.amount > 0
GROUP BY returns.customer, returns.amount;

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
  returns_changes bigint := 0;
  returns bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_returns b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_returns');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.returns_changes, n.returns
      FROM (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.amount > 0)
        FROM ivmc.changes_public_returns b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) returns_changes;
      n.pending := n.returns_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.returns_changes, n.returns
    FROM (
      SELECT count(*), count(*) FILTER (WHERE b.amount > 0)
      FROM ivmc.changes_public_returns b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) returns_changes;
    n.pending := n.returns_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_returns b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.returns_changes + 2.5 * greatest(n.returns)));
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
        INTO n.returns_changes, n.returns
        FROM (
          SELECT count(*), count(*) FILTER (WHERE b.amount > 0)
          FROM ivmc.changes_public_returns b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) returns_changes;
        n.pending := n.returns_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.returns_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_returns', n.returns_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.customer::integer AS customer, q.amount::numeric(12,2) AS amount, q.__ivmc_weight
    FROM (
      SELECT returns.customer, returns.amount, count(*) AS __ivmc_weight
      FROM public.returns
      WHERE returns.amount > 0
      GROUP BY returns.customer, returns.amount
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.customer, t.amount), 0) = hash_record_extended(ROW(d.customer, d.amount), 0) AND ROW(t.customer, t.amount)::record *= ROW(d.customer, d.amount)::record);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.customer, t.amount), 0) = hash_record_extended(ROW(d.customer, d.amount), 0) AND ROW(t.customer, t.amount)::record *= ROW(d.customer, d.amount)::record
    WHEN MATCHED AND ROW(t.customer, t.amount, t.__ivmc_weight)::record *<> ROW(d.customer, d.amount, d.__ivmc_weight)::record THEN
      UPDATE SET customer = d.customer, amount = d.amount, __ivmc_weight = d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (customer, amount, __ivmc_weight)
      VALUES (d.customer, d.amount, d.__ivmc_weight);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;


  -- Stage v: what the view shows
  IF n.returns > 0 THEN
    -- MERGE: net rows by image
    MERGE INTO ivmc.v t USING (
      SELECT returns.customer, returns.amount, sum(returns.__ivmc_weight) AS __ivmc_weight
      FROM (
             SELECT returns.customer, returns.amount, returns.__ivmc_weight
             FROM ivmc.changes_public_returns returns
             WHERE (returns.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(returns.__ivmc_xid, frontier.snapshot) AND returns.__ivmc_xid <> frontier.xid OR returns.__ivmc_xid = frontier.xid AND returns.__ivmc_seq > frontier.seq)
               AND returns.amount > 0
             LIMIT n.returns
           ) returns
      GROUP BY returns.customer, returns.amount
      HAVING sum(returns.__ivmc_weight) <> 0
    ) d ON hash_record_extended(ROW(t.customer, t.amount), 0) = hash_record_extended(ROW(d.customer, d.amount), 0) AND ROW(t.customer, t.amount)::record *= ROW(d.customer, d.amount)::record
    WHEN MATCHED AND t.__ivmc_weight + d.__ivmc_weight = 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET __ivmc_weight = t.__ivmc_weight + d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (customer, amount, __ivmc_weight)
      VALUES (d.customer, d.amount, d.__ivmc_weight);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
END $ivmc$;

CREATE VIEW public.v AS
SELECT customer,
       amount
FROM ivmc.v CROSS JOIN generate_series(1, __ivmc_weight) __ivmc_copy;

-- ==== UNION ALL
-- expect: union, store
-- expect-not: aggregate
SELECT customer, amount FROM orders UNION ALL SELECT customer, -amount FROM returns;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per image, with its weight
-- │     cost   O(Δ)
-- └─ union all
--    ├─ compute orders.amount::numeric
--    │  └─ table orders
--    └─ compute -returns.amount
--       └─ table returns

-- ---- sql
CREATE TABLE ivmc.v (
  customer integer,
  amount numeric,
  __ivmc_weight bigint NOT NULL CHECK (__ivmc_weight > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(customer, amount), 0));

INSERT INTO ivmc.v (customer, amount, __ivmc_weight)
SELECT terms.customer, terms.amount, count(*) AS __ivmc_weight
FROM (
       SELECT orders.customer, orders.amount::numeric AS amount
       FROM public.orders
       UNION ALL
       SELECT returns.customer, -returns.amount AS amount
       FROM public.returns
     ) terms
GROUP BY terms.customer, terms.amount, record_send(ROW(terms.amount));

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
  delta bigint := 0;
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
    SELECT q.customer::integer AS customer, q.amount::numeric AS amount, q.__ivmc_weight
    FROM (
      SELECT terms.customer, terms.amount, count(*) AS __ivmc_weight
      FROM (
             SELECT orders.customer, orders.amount::numeric AS amount
             FROM public.orders
             UNION ALL
             SELECT returns.customer, -returns.amount AS amount
             FROM public.returns
           ) terms
      GROUP BY terms.customer, terms.amount, record_send(ROW(terms.amount))
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.customer, t.amount), 0) = hash_record_extended(ROW(d.customer, d.amount), 0) AND ROW(t.customer, t.amount)::record *= ROW(d.customer, d.amount)::record);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.customer, t.amount), 0) = hash_record_extended(ROW(d.customer, d.amount), 0) AND ROW(t.customer, t.amount)::record *= ROW(d.customer, d.amount)::record
    WHEN MATCHED AND ROW(t.customer, t.amount, t.__ivmc_weight)::record *<> ROW(d.customer, d.amount, d.__ivmc_weight)::record THEN
      UPDATE SET customer = d.customer, amount = d.amount, __ivmc_weight = d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (customer, amount, __ivmc_weight)
      VALUES (d.customer, d.amount, d.__ivmc_weight);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_d80cc5bd') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta;
    CREATE TEMPORARY TABLE v__delta (customer integer, amount numeric, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_d80cc5bd ();
  END IF;

  -- Stage v: what the view shows
  IF n.orders_changes > 0 THEN
    -- delta += Δorders
    INSERT INTO pg_temp.v__delta
    SELECT orders.customer, orders.amount::numeric AS amount, orders.__ivmc_weight
    FROM ivmc.changes_public_orders orders
    WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq);
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.returns_changes > 0 THEN
    -- delta += Δreturns
    INSERT INTO pg_temp.v__delta
    SELECT returns.customer, -returns.amount AS amount, returns.__ivmc_weight
    FROM ivmc.changes_public_returns returns
    WHERE (returns.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(returns.__ivmc_xid, frontier.snapshot) AND returns.__ivmc_xid <> frontier.xid OR returns.__ivmc_xid = frontier.xid AND returns.__ivmc_seq > frontier.seq);
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by image
    MERGE INTO ivmc.v t USING (
      SELECT v__delta.customer, v__delta.amount, sum(v__delta.__ivmc_weight) AS __ivmc_weight
      FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
      GROUP BY v__delta.customer, v__delta.amount, record_send(ROW(v__delta.amount))
      HAVING sum(v__delta.__ivmc_weight) <> 0
    ) d ON hash_record_extended(ROW(t.customer, t.amount), 0) = hash_record_extended(ROW(d.customer, d.amount), 0) AND ROW(t.customer, t.amount)::record *= ROW(d.customer, d.amount)::record
    WHEN MATCHED AND t.__ivmc_weight + d.__ivmc_weight = 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET __ivmc_weight = t.__ivmc_weight + d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (customer, amount, __ivmc_weight)
      VALUES (d.customer, d.amount, d.__ivmc_weight);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT customer,
       amount
FROM ivmc.v CROSS JOIN generate_series(1, __ivmc_weight) __ivmc_copy;

-- ==== a view and a WITH query are inlined
-- expect: filter, store
-- expect-not: join
WITH big AS (SELECT id, amount FROM large) SELECT id FROM big WHERE amount < 5000;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ filter amount > 1000, amount < 5000
--    └─ table orders

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id)
SELECT orders.id
FROM public.orders
WHERE orders.amount > 1000
  AND orders.amount < 5000;

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
  orders bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_orders');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.orders_changes, n.orders
      FROM (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.amount > 1000 AND b.amount < 5000)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.orders_changes, n.orders
    FROM (
      SELECT count(*), count(*) FILTER (WHERE b.amount > 1000 AND b.amount < 5000)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes;
    n.pending := n.orders_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.orders_changes + 2.5 * greatest(n.orders)));
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
        INTO n.orders_changes, n.orders
        FROM (
          SELECT count(*), count(*) FILTER (WHERE b.amount > 1000 AND b.amount < 5000)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes;
        n.pending := n.orders_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id
    FROM (
      SELECT orders.id
      FROM public.orders
      WHERE orders.amount > 1000
        AND orders.amount < 5000
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id)::record *<> ROW(d.id)::record THEN
      UPDATE SET id = d.id
    WHEN NOT MATCHED THEN
      INSERT (id)
      VALUES (d.id);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;


  -- Stage v: what the view shows
  IF n.orders > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT orders.id, sum(orders.__ivmc_weight) AS __ivmc_weight
        FROM (
               SELECT orders.id, orders.__ivmc_weight
               FROM ivmc.changes_public_orders orders
               WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
                 AND orders.amount > 1000
                 AND orders.amount < 5000
               LIMIT n.orders
             ) orders
        GROUP BY orders.id
        HAVING sum(orders.__ivmc_weight) <> 0
      ) net
      ORDER BY id, __ivmc_weight DESC
    ) d ON t.id = d.id
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id)
      VALUES (d.id);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id
FROM ivmc.v;

-- ==== LIMIT is refreshed in full
-- expect: full
-- expect-not: differential, store
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 10;

-- ---- plan
-- public.v: full refresh
--   because LIMIT is not maintained incrementally
--   cost    O(the whole query), over public.orders

-- ---- sql
CREATE TABLE ivmc.v AS
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 10
WITH NO DATA;

INSERT INTO ivmc.v
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 10;

CREATE FUNCTION ivmc.v__refresh(
  frontier ivmc.consumed, recompute boolean,
  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text
) LANGUAGE plpgsql AS $ivmc$
BEGIN
  strategy := 'full';
  rows_in := 0;
  -- Move the frontier; who refreshes this view already is waited for
  UPDATE ivmc.frontier f
  SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),
    seq = nextval('ivmc.change'), refreshes = f.refreshes + 1
  WHERE f.view = frontier.view;
  EXECUTE $query$CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 10$query$;
  DELETE FROM ivmc.v;
  EXECUTE $query$INSERT INTO ivmc.v TABLE pg_temp.v__anew$query$;
  GET DIAGNOSTICS rows_changed = ROW_COUNT;
  EXECUTE $query$DROP TABLE pg_temp.v__anew$query$;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id, amount
FROM ivmc.v;
