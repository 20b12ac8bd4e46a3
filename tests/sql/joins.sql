CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, country text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, placed date, amount numeric(12,2));
CREATE TABLE items (order_id int NOT NULL REFERENCES orders, line int, article text, price numeric(12,2), PRIMARY KEY (order_id, line));
CREATE TABLE notes (customer_id int, note text);

-- ==== two tables by foreign key
-- expect: join, store
-- expect-not: full
SELECT o.id, c.name, o.amount FROM orders o JOIN customers c ON c.id = o.customer_id;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per o.id
-- │     cost   O(Δ)
-- └─ join on c.id = customer_id
--    │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    │     note   trusts the foreign key from orders to customers: no old row refers to a new one
--    ├─ table orders o
--    └─ table customers c
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  name text NOT NULL,
  amount numeric(12,2),
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id, name, amount)
SELECT o.id, c.name, o.amount
FROM public.orders o, public.customers c
WHERE c.id = o.customer_id;

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
  customers_changes bigint := 0;
  delta bigint := 0;
  step bigint;
  net bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_orders') + pg_relation_size('ivmc.changes_public_customers');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.orders_changes, n.customers_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes;
      n.pending := n.orders_changes + n.customers_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.orders_changes, n.customers_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes;
    n.pending := n.orders_changes + n.customers_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.orders_changes + 2.5 * n.orders_changes
        + 0.3 * n.customers_changes + 2.5 * n.customers_changes));
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
        INTO n.orders_changes, n.customers_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes;
        n.pending := n.orders_changes + n.customers_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
  END IF;
  IF n.customers_changes > 0 AND NOT recompute THEN
    recompute := NOT EXISTS (SELECT FROM pg_constraint c
      WHERE c.conrelid = 'public.orders'::regclass AND c.confrelid = 'public.customers'::regclass
        AND c.contype = 'f' AND c.convalidated AND NOT c.condeferrable);
    reason := CASE WHEN recompute THEN 'no foreign key from orders to customers' END;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.name::text AS name, q.amount::numeric(12,2) AS amount
    FROM (
      SELECT o.id, c.name, o.amount
      FROM public.orders o, public.customers c
      WHERE c.id = o.customer_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t.name, t.amount)::record *<> ROW(d.id, d.name, d.amount)::record THEN
      UPDATE SET id = d.id, name = d.name, amount = d.amount
    WHEN NOT MATCHED THEN
      INSERT (id, name, amount)
      VALUES (d.id, d.name, d.amount);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_dae5fd2c') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__net;
    CREATE TEMPORARY TABLE v__delta (id integer, name text, amount numeric(12,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (id integer, name text, net bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_dae5fd2c ();
  END IF;

  -- Stage v: what the view shows
  IF n.orders_changes > 0 THEN
    -- delta += Δo ⋈ c′
    INSERT INTO pg_temp.v__delta
    SELECT o.id, c.name, o.amount, o.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT o.id, o.customer_id, o.amount, o.__ivmc_weight
             FROM ivmc.changes_public_orders o
             WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
             ORDER BY customer_id
             LIMIT n.orders_changes
           ) x LIMIT n.orders_changes
         ) o,
         public.customers c
    WHERE c.id = o.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 THEN
    -- net += net(Δc ⋈ γ(Δc))
    INSERT INTO pg_temp.v__net
    SELECT c.id, c.name, groups.net, sum(c.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT c.id, c.name, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (
           SELECT c_2.id, coalesce(sum(c_2.__ivmc_weight), 0) AS net
           FROM (
                  SELECT c_2.id, c_2.__ivmc_weight
                  FROM ivmc.changes_public_customers c_2
                  WHERE (c_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c_2.__ivmc_xid, frontier.snapshot) AND c_2.__ivmc_xid <> frontier.xid OR c_2.__ivmc_xid = frontier.xid AND c_2.__ivmc_seq > frontier.seq)
                  LIMIT n.customers_changes
                ) c_2
           GROUP BY c_2.id
         ) groups
    WHERE groups.net < 1
      AND c.id = groups.id
    GROUP BY c.id, c.name, groups.net
    HAVING sum(c.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta += o′ ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT o.id, v__net.name, o.amount, v__net.__ivmc_weight
    FROM public.orders o,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
    WHERE v__net.net <> -1
      AND v__net.id = o.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.orders_changes > 0 AND n.net > 0 THEN
    -- delta += − Δo ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT o.id, v__net.name, o.amount, -o.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT o.id, o.customer_id, o.amount, o.__ivmc_weight
           FROM ivmc.changes_public_orders o
           WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) o,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE v__net.id = o.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, v__delta.name, v__delta.amount, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta.name, v__delta.amount
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, __ivmc_weight DESC
    ) d ON t.id = d.id
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, name = d.name, amount = d.amount
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, name, amount)
      VALUES (d.id, d.name, d.amount);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__net');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       name,
       amount
FROM ivmc.v;

-- ==== three tables
-- expect: join, store
-- expect-not: full
SELECT c.name, o.placed, i.article
FROM customers c JOIN orders o ON o.customer_id = c.id JOIN items i ON i.order_id = o.id
WHERE c.country = 'FR' AND i.price > 10;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per order_id, line
-- │     cost   O(Δ)
-- └─ join on customer_id = c.id
--    │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    │     note   trusts the foreign key from orders to customers: no old row refers to a new one
--    ├─ join on order_id = o.id
--    │  │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │  │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    │  │     note   trusts the foreign key from items to orders: no old row refers to a new one
--    │  ├─ filter price > 10
--    │  │  └─ table items i
--    │  └─ table orders o
--    └─ filter country = 'FR'
--       └─ table customers c
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);
--
-- Indexes that pay where few rows satisfy the condition:
--   CREATE INDEX ON public.customers (id) WHERE country = 'FR';

-- ---- sql
CREATE TABLE ivmc.v (
  name text NOT NULL,
  placed date,
  article text,
  order_id integer NOT NULL,
  line integer NOT NULL,
  PRIMARY KEY (order_id, line)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (name, placed, article, order_id, line)
SELECT c.name, o.placed, i.article, i.order_id, i.line
FROM public.items i, public.orders o, public.customers c
WHERE i.price > 10
  AND i.order_id = o.id
  AND c.country = 'FR'
  AND o.customer_id = c.id;

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
  items_changes bigint := 0;
  orders_changes bigint := 0;
  customers_changes bigint := 0;
  delta bigint := 0;
  delta_2 bigint := 0;
  i bigint := 0;
  step bigint;
  net bigint := 0;
  net_2 bigint := 0;
  c bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_items b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_items') + pg_relation_size('ivmc.changes_public_orders') + pg_relation_size('ivmc.changes_public_customers');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.items_changes, n.i, n.orders_changes, n.customers_changes, n.c
      FROM (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.price > 10)
        FROM ivmc.changes_public_items b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) items_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes, (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.country = 'FR')
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes;
      n.pending := n.items_changes + n.orders_changes + n.customers_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.items_changes, n.i, n.orders_changes, n.customers_changes, n.c
    FROM (
      SELECT count(*), count(*) FILTER (WHERE b.price > 10)
      FROM ivmc.changes_public_items b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) items_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes, (
      SELECT count(*), count(*) FILTER (WHERE b.country = 'FR')
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes;
    n.pending := n.items_changes + n.orders_changes + n.customers_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_items b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.items_changes + 2.5 * greatest(n.i)
        + 0.3 * n.orders_changes + 2.5 * n.orders_changes
        + 0.3 * n.customers_changes + 2.5 * n.customers_changes));
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
        INTO n.items_changes, n.i, n.orders_changes, n.customers_changes, n.c
        FROM (
          SELECT count(*), count(*) FILTER (WHERE b.price > 10)
          FROM ivmc.changes_public_items b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) items_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes, (
          SELECT count(*), count(*) FILTER (WHERE b.country = 'FR')
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes;
        n.pending := n.items_changes + n.orders_changes + n.customers_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.items_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_items', n.items_changes);
    END IF;
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
  END IF;
  IF n.customers_changes > 0 AND NOT recompute THEN
    recompute := NOT EXISTS (SELECT FROM pg_constraint c
      WHERE c.conrelid = 'public.orders'::regclass AND c.confrelid = 'public.customers'::regclass
        AND c.contype = 'f' AND c.convalidated AND NOT c.condeferrable);
    reason := CASE WHEN recompute THEN 'no foreign key from orders to customers' END;
  END IF;
  IF n.orders_changes > 0 AND NOT recompute THEN
    recompute := NOT EXISTS (SELECT FROM pg_constraint c
      WHERE c.conrelid = 'public.items'::regclass AND c.confrelid = 'public.orders'::regclass
        AND c.contype = 'f' AND c.convalidated AND NOT c.condeferrable);
    reason := CASE WHEN recompute THEN 'no foreign key from items to orders' END;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.name::text AS name,
           q.placed::date AS placed,
           q.article::text AS article,
           q.order_id::integer AS order_id,
           q.line::integer AS line
    FROM (
      SELECT c.name, o.placed, i.article, i.order_id, i.line
      FROM public.customers c, public.orders o, public.items i
      WHERE c.country = 'FR'
        AND i.price > 10
        AND i.order_id = o.id
        AND o.customer_id = c.id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.order_id = d.order_id AND t.line = d.line);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.order_id = d.order_id AND t.line = d.line
    WHEN MATCHED AND ROW(t.name, t.placed, t.article, t.order_id, t.line)::record *<> ROW(d.name, d.placed, d.article, d.order_id, d.line)::record THEN
      UPDATE SET name = d.name,
                 placed = d.placed,
                 article = d.article,
                 order_id = d.order_id,
                 line = d.line
    WHEN NOT MATCHED THEN
      INSERT (name, placed, article, order_id, line)
      VALUES (d.name, d.placed, d.article, d.order_id, d.line);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_08ae1e49') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__delta_2, pg_temp.v__net, pg_temp.v__net_2;
    CREATE TEMPORARY TABLE v__delta (name text, placed date, article text, order_id integer, line integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_2 (order_id integer, line integer, article text, customer_id integer, placed date, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (id integer, customer_id integer, placed date, net bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net_2 (id integer, name text, net bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_08ae1e49 ();
  END IF;

  -- Stage v: what the view shows
  IF n.i > 0 THEN
    -- delta_2 += Δi ⋈ o′
    INSERT INTO pg_temp.v__delta_2
    SELECT i.order_id, i.line, i.article, o.customer_id, o.placed, i.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT i.order_id, i.line, i.article, i.__ivmc_weight
             FROM ivmc.changes_public_items i
             WHERE (i.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(i.__ivmc_xid, frontier.snapshot) AND i.__ivmc_xid <> frontier.xid OR i.__ivmc_xid = frontier.xid AND i.__ivmc_seq > frontier.seq)
               AND i.price > 10
             ORDER BY order_id
             LIMIT n.i
           ) x LIMIT n.i
         ) i,
         public.orders o
    WHERE i.order_id = o.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- net += net(Δo ⋈ γ(Δo))
    INSERT INTO pg_temp.v__net
    SELECT o.id, o.customer_id, o.placed, groups.net, sum(o.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT o.id, o.customer_id, o.placed, o.__ivmc_weight
           FROM ivmc.changes_public_orders o
           WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) o,
         (
           SELECT o_2.id, coalesce(sum(o_2.__ivmc_weight), 0) AS net
           FROM (
                  SELECT o_2.id, o_2.__ivmc_weight
                  FROM ivmc.changes_public_orders o_2
                  WHERE (o_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o_2.__ivmc_xid, frontier.snapshot) AND o_2.__ivmc_xid <> frontier.xid OR o_2.__ivmc_xid = frontier.xid AND o_2.__ivmc_seq > frontier.seq)
                  LIMIT n.orders_changes
                ) o_2
           GROUP BY o_2.id
         ) groups
    WHERE groups.net < 1
      AND o.id = groups.id
    GROUP BY o.id, o.customer_id, o.placed, groups.net
    HAVING sum(o.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta_2 += i′ ⋈ net
    INSERT INTO pg_temp.v__delta_2
    SELECT i.order_id, i.line, i.article, v__net.customer_id, v__net.placed, v__net.__ivmc_weight
    FROM public.items i,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
    WHERE i.price > 10
      AND v__net.net <> -1
      AND i.order_id = v__net.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.i > 0 AND n.net > 0 THEN
    -- delta_2 += − Δi ⋈ net
    INSERT INTO pg_temp.v__delta_2
    SELECT i.order_id,
           i.line,
           i.article,
           v__net.customer_id,
           v__net.placed,
           -i.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT i.order_id, i.line, i.article, i.__ivmc_weight
           FROM ivmc.changes_public_items i
           WHERE (i.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(i.__ivmc_xid, frontier.snapshot) AND i.__ivmc_xid <> frontier.xid OR i.__ivmc_xid = frontier.xid AND i.__ivmc_seq > frontier.seq)
             AND i.price > 10
           LIMIT n.i
         ) i,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE i.order_id = v__net.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.delta_2 > 0 THEN
    -- delta += delta_2 ⋈ c′
    INSERT INTO pg_temp.v__delta
    SELECT c.name,
           v__delta_2.placed,
           v__delta_2.article,
           v__delta_2.order_id,
           v__delta_2.line,
           v__delta_2.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__delta_2
             ORDER BY customer_id
             LIMIT n.delta_2
           ) x LIMIT n.delta_2
         ) v__delta_2,
         public.customers c
    WHERE c.country = 'FR'
      AND v__delta_2.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.c > 0 AND n.customers_changes > 0 THEN
    -- net_2 += net(Δc ⋈ γ(Δc))
    INSERT INTO pg_temp.v__net_2
    SELECT c.id, c.name, groups.net, sum(c.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT c.id, c.name, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
             AND c.country = 'FR'
           LIMIT n.c
         ) c,
         (
           SELECT c_2.id, coalesce(sum(c_2.__ivmc_weight), 0) AS net
           FROM (
                  SELECT c_2.id, c_2.__ivmc_weight
                  FROM ivmc.changes_public_customers c_2
                  WHERE (c_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c_2.__ivmc_xid, frontier.snapshot) AND c_2.__ivmc_xid <> frontier.xid OR c_2.__ivmc_xid = frontier.xid AND c_2.__ivmc_seq > frontier.seq)
                  LIMIT n.customers_changes
                ) c_2
           GROUP BY c_2.id
         ) groups
    WHERE groups.net < 1
      AND c.id = groups.id
    GROUP BY c.id, c.name, groups.net
    HAVING sum(c.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net_2 := n.net_2 + n.step;
  END IF;
  IF n.net_2 > 0 THEN
    -- delta += i′ ⋈ o′ ⋈ net_2
    INSERT INTO pg_temp.v__delta
    SELECT v__net_2.name, o.placed, i.article, i.order_id, i.line, v__net_2.__ivmc_weight
    FROM public.items i,
         public.orders o,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net_2
             ORDER BY id
             LIMIT n.net_2
           ) x LIMIT n.net_2
         ) v__net_2
    WHERE i.price > 10
      AND i.order_id = o.id
      AND v__net_2.net <> -1
      AND o.customer_id = v__net_2.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta_2 > 0 AND n.net_2 > 0 THEN
    -- delta += − delta_2 ⋈ net_2
    INSERT INTO pg_temp.v__delta
    SELECT v__net_2.name,
           v__delta_2.placed,
           v__delta_2.article,
           v__delta_2.order_id,
           v__delta_2.line,
           -v__delta_2.__ivmc_weight * v__net_2.__ivmc_weight AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_2 LIMIT n.delta_2) v__delta_2,
         (SELECT * FROM pg_temp.v__net_2 LIMIT n.net_2) v__net_2
    WHERE v__delta_2.customer_id = v__net_2.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (order_id, line) *
      FROM (
        SELECT v__delta.name,
               v__delta.placed,
               v__delta.article,
               v__delta.order_id,
               v__delta.line,
               sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.name, v__delta.placed, v__delta.article, v__delta.order_id, v__delta.line
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY order_id, line, __ivmc_weight DESC
    ) d ON t.order_id = d.order_id AND t.line = d.line
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET name = d.name,
                 placed = d.placed,
                 article = d.article,
                 order_id = d.order_id,
                 line = d.line
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (name, placed, article, order_id, line)
      VALUES (d.name, d.placed, d.article, d.order_id, d.line);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.delta_2 > 1000 THEN TRUNCATE pg_temp.v__delta_2; ELSIF n.delta_2 > 0 THEN DELETE FROM pg_temp.v__delta_2; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF n.net_2 > 1000 THEN TRUNCATE pg_temp.v__net_2; ELSIF n.net_2 > 0 THEN DELETE FROM pg_temp.v__net_2; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__delta_2', 'pg_temp.v__net', 'pg_temp.v__net_2');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT name,
       placed,
       article
FROM ivmc.v;

-- ==== a nullable key on one side, no key on the other
-- expect: join, store
-- expect-not: full
SELECT c.id, n.note FROM customers c JOIN notes n ON n.customer_id = c.id;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per image, with its weight
-- │     cost   O(Δ)
-- └─ join on customer_id = id
--    │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    ├─ table notes n
--    └─ table customers c
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.notes (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  note text,
  __ivmc_weight bigint NOT NULL CHECK (__ivmc_weight > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(id, note), 0));

INSERT INTO ivmc.v (id, note, __ivmc_weight)
SELECT c.id, n_2.note, count(*) AS __ivmc_weight
FROM public.notes n_2, public.customers c
WHERE n_2.customer_id = c.id
GROUP BY c.id, n_2.note;

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
  notes_changes bigint := 0;
  customers_changes bigint := 0;
  delta bigint := 0;
  step bigint;
  net bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_notes b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_notes') + pg_relation_size('ivmc.changes_public_customers');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.notes_changes, n.customers_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_notes b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) notes_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes;
      n.pending := n.notes_changes + n.customers_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.notes_changes, n.customers_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_notes b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) notes_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes;
    n.pending := n.notes_changes + n.customers_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_notes b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.notes_changes + 2.5 * n.notes_changes
        + 0.3 * n.customers_changes + 2.5 * n.customers_changes));
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
        INTO n.notes_changes, n.customers_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_notes b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) notes_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes;
        n.pending := n.notes_changes + n.customers_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.notes_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_notes', n.notes_changes);
    END IF;
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.note::text AS note, q.__ivmc_weight
    FROM (
      SELECT c.id, n_2.note, count(*) AS __ivmc_weight
      FROM public.customers c, public.notes n_2
      WHERE n_2.customer_id = c.id
      GROUP BY c.id, n_2.note
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.id, t.note), 0) = hash_record_extended(ROW(d.id, d.note), 0) AND ROW(t.id, t.note)::record *= ROW(d.id, d.note)::record);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.id, t.note), 0) = hash_record_extended(ROW(d.id, d.note), 0) AND ROW(t.id, t.note)::record *= ROW(d.id, d.note)::record
    WHEN MATCHED AND ROW(t.id, t.note, t.__ivmc_weight)::record *<> ROW(d.id, d.note, d.__ivmc_weight)::record THEN
      UPDATE SET id = d.id, note = d.note, __ivmc_weight = d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (id, note, __ivmc_weight)
      VALUES (d.id, d.note, d.__ivmc_weight);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_da9c8fd4') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__net;
    CREATE TEMPORARY TABLE v__delta (id integer, note text, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_da9c8fd4 ();
  END IF;

  -- Stage v: what the view shows
  IF n.notes_changes > 0 THEN
    -- delta += Δn ⋈ c′
    INSERT INTO pg_temp.v__delta
    SELECT c.id, n_2.note, n_2.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT n_2.customer_id, n_2.note, n_2.__ivmc_weight
             FROM ivmc.changes_public_notes n_2
             WHERE (n_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(n_2.__ivmc_xid, frontier.snapshot) AND n_2.__ivmc_xid <> frontier.xid OR n_2.__ivmc_xid = frontier.xid AND n_2.__ivmc_seq > frontier.seq)
             ORDER BY customer_id
             LIMIT n.notes_changes
           ) x LIMIT n.notes_changes
         ) n_2,
         public.customers c
    WHERE n_2.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 THEN
    -- net += net(Δc)
    INSERT INTO pg_temp.v__net
    SELECT c.id, sum(c.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT c.id, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c
    GROUP BY c.id
    HAVING sum(c.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta += n′ ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id, n_2.note, v__net.__ivmc_weight
    FROM public.notes n_2,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
    WHERE n_2.customer_id = v__net.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.notes_changes > 0 AND n.net > 0 THEN
    -- delta += − Δn ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id, n_2.note, -n_2.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT n_2.customer_id, n_2.note, n_2.__ivmc_weight
           FROM ivmc.changes_public_notes n_2
           WHERE (n_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(n_2.__ivmc_xid, frontier.snapshot) AND n_2.__ivmc_xid <> frontier.xid OR n_2.__ivmc_xid = frontier.xid AND n_2.__ivmc_seq > frontier.seq)
           LIMIT n.notes_changes
         ) n_2,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE n_2.customer_id = v__net.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by image
    MERGE INTO ivmc.v t USING (
      SELECT v__delta.id, v__delta.note, sum(v__delta.__ivmc_weight) AS __ivmc_weight
      FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
      GROUP BY v__delta.id, v__delta.note
      HAVING sum(v__delta.__ivmc_weight) <> 0
    ) d ON hash_record_extended(ROW(t.id, t.note), 0) = hash_record_extended(ROW(d.id, d.note), 0) AND ROW(t.id, t.note)::record *= ROW(d.id, d.note)::record
    WHEN MATCHED AND t.__ivmc_weight + d.__ivmc_weight = 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET __ivmc_weight = t.__ivmc_weight + d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (id, note, __ivmc_weight)
      VALUES (d.id, d.note, d.__ivmc_weight);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__net');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       note
FROM ivmc.v CROSS JOIN generate_series(1, __ivmc_weight) __ivmc_copy;

-- ==== a table with itself, by inequality
-- expect: join, store
-- expect-not: full
SELECT a.id, b.id AS later FROM orders a JOIN orders b ON a.customer_id = b.customer_id AND a.placed < b.placed;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per a.id, b.id
-- │     cost   O(Δ)
-- └─ join on a.customer_id = b.customer_id, a.placed < b.placed
--    │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    ├─ table orders a
--    └─ table orders b
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  id_2 integer NOT NULL,
  PRIMARY KEY (id, id_2)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id, id_2)
SELECT a.id, b.id AS id_2
FROM public.orders a, public.orders b
WHERE a.customer_id = b.customer_id
  AND a.placed < b.placed;

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
  delta bigint := 0;
  net bigint := 0;
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
      INTO n.orders_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.orders_changes
    FROM (
      SELECT count(*)
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.orders_changes + 2.5 * n.orders_changes));
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
        INTO n.orders_changes
        FROM (
          SELECT count(*)
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
    SELECT q.id::integer AS id, q.id_2::integer AS id_2
    FROM (
      SELECT a.id, b.id AS id_2
      FROM public.orders a, public.orders b
      WHERE a.customer_id = b.customer_id
        AND a.placed < b.placed
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id AND t.id_2 = d.id_2);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id AND t.id_2 = d.id_2
    WHEN MATCHED AND ROW(t.id, t.id_2)::record *<> ROW(d.id, d.id_2)::record THEN
      UPDATE SET id = d.id, id_2 = d.id_2
    WHEN NOT MATCHED THEN
      INSERT (id, id_2)
      VALUES (d.id, d.id_2);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_c999d435') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__net;
    CREATE TEMPORARY TABLE v__delta (id integer, id_2 integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (id integer, customer_id integer, placed date, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_c999d435 ();
  END IF;

  -- Stage v: what the view shows
  IF n.orders_changes > 0 THEN
    -- net += net(Δa), net(Δb)
    INSERT INTO pg_temp.v__net
    SELECT orders.id, orders.customer_id, orders.placed, sum(orders.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT orders.id, orders.customer_id, orders.placed, orders.__ivmc_weight
           FROM ivmc.changes_public_orders orders
           WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) orders
    GROUP BY orders.id, orders.customer_id, orders.placed
    HAVING sum(orders.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta += net ⋈ b′
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id, b.id AS id_2, v__net.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY customer_id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net,
         public.orders b
    WHERE v__net.customer_id = b.customer_id
      AND v__net.placed < b.placed;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta += a′ ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT a.id, v__net.id AS id_2, v__net.__ivmc_weight
    FROM public.orders a,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY customer_id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
    WHERE a.customer_id = v__net.customer_id
      AND a.placed < v__net.placed;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta += − net ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id,
           v__net_2.id AS id_2,
           -v__net.__ivmc_weight * v__net_2.__ivmc_weight AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net_2
    WHERE v__net.customer_id = v__net_2.customer_id
      AND v__net.placed < v__net_2.placed;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id, id_2) *
      FROM (
        SELECT v__delta.id, v__delta.id_2, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta.id_2
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, id_2, __ivmc_weight DESC
    ) d ON t.id = d.id AND t.id_2 = d.id_2
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, id_2 = d.id_2
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, id_2)
      VALUES (d.id, d.id_2);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__net');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       id_2 AS later
FROM ivmc.v;

-- ==== USING and NATURAL
-- expect: join, store
-- expect-not: full
SELECT * FROM (SELECT id AS customer_id, name FROM customers) c NATURAL JOIN notes;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per image, with its weight
-- │     cost   O(Δ)
-- └─ join on id = customer_id
--    │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    ├─ table notes
--    └─ table customers
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.notes (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  name text NOT NULL,
  note text,
  __ivmc_weight bigint NOT NULL CHECK (__ivmc_weight > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(id, name, note), 0));

INSERT INTO ivmc.v (id, name, note, __ivmc_weight)
SELECT customers.id, customers.name, notes.note, count(*) AS __ivmc_weight
FROM public.notes, public.customers
WHERE customers.id = notes.customer_id
GROUP BY customers.id, customers.name, notes.note;

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
  notes_changes bigint := 0;
  customers_changes bigint := 0;
  delta bigint := 0;
  step bigint;
  net bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_notes b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_notes') + pg_relation_size('ivmc.changes_public_customers');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.notes_changes, n.customers_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_notes b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) notes_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes;
      n.pending := n.notes_changes + n.customers_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.notes_changes, n.customers_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_notes b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) notes_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes;
    n.pending := n.notes_changes + n.customers_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_notes b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.notes_changes + 2.5 * n.notes_changes
        + 0.3 * n.customers_changes + 2.5 * n.customers_changes));
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
        INTO n.notes_changes, n.customers_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_notes b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) notes_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes;
        n.pending := n.notes_changes + n.customers_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.notes_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_notes', n.notes_changes);
    END IF;
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.name::text AS name, q.note::text AS note, q.__ivmc_weight
    FROM (
      SELECT customers.id, customers.name, notes.note, count(*) AS __ivmc_weight
      FROM public.customers, public.notes
      WHERE customers.id = notes.customer_id
      GROUP BY customers.id, customers.name, notes.note
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.id, t.name, t.note), 0) = hash_record_extended(ROW(d.id, d.name, d.note), 0) AND ROW(t.id, t.name, t.note)::record *= ROW(d.id, d.name, d.note)::record);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.id, t.name, t.note), 0) = hash_record_extended(ROW(d.id, d.name, d.note), 0) AND ROW(t.id, t.name, t.note)::record *= ROW(d.id, d.name, d.note)::record
    WHEN MATCHED AND ROW(t.id, t.name, t.note, t.__ivmc_weight)::record *<> ROW(d.id, d.name, d.note, d.__ivmc_weight)::record THEN
      UPDATE SET id = d.id, name = d.name, note = d.note, __ivmc_weight = d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (id, name, note, __ivmc_weight)
      VALUES (d.id, d.name, d.note, d.__ivmc_weight);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_03ed09bb') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__net;
    CREATE TEMPORARY TABLE v__delta (id integer, name text, note text, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (id integer, name text, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_03ed09bb ();
  END IF;

  -- Stage v: what the view shows
  IF n.notes_changes > 0 THEN
    -- delta += Δnotes ⋈ customers′
    INSERT INTO pg_temp.v__delta
    SELECT customers.id, customers.name, notes.note, notes.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT notes.customer_id, notes.note, notes.__ivmc_weight
             FROM ivmc.changes_public_notes notes
             WHERE (notes.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(notes.__ivmc_xid, frontier.snapshot) AND notes.__ivmc_xid <> frontier.xid OR notes.__ivmc_xid = frontier.xid AND notes.__ivmc_seq > frontier.seq)
             ORDER BY customer_id
             LIMIT n.notes_changes
           ) x LIMIT n.notes_changes
         ) notes,
         public.customers
    WHERE customers.id = notes.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 THEN
    -- net += net(Δcustomers)
    INSERT INTO pg_temp.v__net
    SELECT customers.id, customers.name, sum(customers.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT customers.id, customers.name, customers.__ivmc_weight
           FROM ivmc.changes_public_customers customers
           WHERE (customers.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(customers.__ivmc_xid, frontier.snapshot) AND customers.__ivmc_xid <> frontier.xid OR customers.__ivmc_xid = frontier.xid AND customers.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) customers
    GROUP BY customers.id, customers.name
    HAVING sum(customers.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta += notes′ ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id, v__net.name, notes.note, v__net.__ivmc_weight
    FROM public.notes,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
    WHERE v__net.id = notes.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.notes_changes > 0 AND n.net > 0 THEN
    -- delta += − Δnotes ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id,
           v__net.name,
           notes.note,
           -notes.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT notes.customer_id, notes.note, notes.__ivmc_weight
           FROM ivmc.changes_public_notes notes
           WHERE (notes.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(notes.__ivmc_xid, frontier.snapshot) AND notes.__ivmc_xid <> frontier.xid OR notes.__ivmc_xid = frontier.xid AND notes.__ivmc_seq > frontier.seq)
           LIMIT n.notes_changes
         ) notes,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE v__net.id = notes.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by image
    MERGE INTO ivmc.v t USING (
      SELECT v__delta.id, v__delta.name, v__delta.note, sum(v__delta.__ivmc_weight) AS __ivmc_weight
      FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
      GROUP BY v__delta.id, v__delta.name, v__delta.note
      HAVING sum(v__delta.__ivmc_weight) <> 0
    ) d ON hash_record_extended(ROW(t.id, t.name, t.note), 0) = hash_record_extended(ROW(d.id, d.name, d.note), 0) AND ROW(t.id, t.name, t.note)::record *= ROW(d.id, d.name, d.note)::record
    WHEN MATCHED AND t.__ivmc_weight + d.__ivmc_weight = 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET __ivmc_weight = t.__ivmc_weight + d.__ivmc_weight
    WHEN NOT MATCHED THEN
      INSERT (id, name, note, __ivmc_weight)
      VALUES (d.id, d.name, d.note, d.__ivmc_weight);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__net');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id AS customer_id,
       name,
       note
FROM ivmc.v CROSS JOIN generate_series(1, __ivmc_weight) __ivmc_copy;
