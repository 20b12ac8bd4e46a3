CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, balance numeric(12,2) NOT NULL, tags text[]);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, rival int, amount numeric(12,2));
CREATE TABLE items (order_id int REFERENCES orders, line int, price numeric(12,2), PRIMARY KEY (order_id, line));

-- ==== customers without orders
-- expect: match, store
-- expect-not: full
SELECT c.id, c.name FROM customers c WHERE NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id);

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ anti join on customer_id = id
--    │     law    Δ(L ▷ R) = ΔL ▷ R′ + (L′ − ΔL) ⋈ₚ F, F(p) = [n′ = 0] − [n = 0]
--    │     cost   O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p)
--    ├─ table customers c
--    └─ table orders o
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id, name)
SELECT c.id, c.name
FROM public.customers c
WHERE NOT EXISTS (
  SELECT FROM public.orders o
  WHERE o.customer_id = c.id
);

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
  customers_changes bigint := 0;
  orders_changes bigint := 0;
  delta bigint := 0;
  step bigint;
  flips bigint := 0;
  touched bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_customers') + pg_relation_size('ivmc.changes_public_orders');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.customers_changes, n.orders_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.customers_changes + n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.customers_changes, n.orders_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes;
    n.pending := n.customers_changes + n.orders_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.customers_changes + 2.5 * n.customers_changes
        + 0.3 * n.orders_changes + 2.5 * n.orders_changes));
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
        INTO n.customers_changes, n.orders_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes;
        n.pending := n.customers_changes + n.orders_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.name::text AS name
    FROM (
      SELECT c.id, c.name
      FROM public.customers c
      WHERE NOT EXISTS (
        SELECT FROM public.orders o
        WHERE o.customer_id = c.id
      )
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t.name)::record *<> ROW(d.id, d.name)::record THEN
      UPDATE SET id = d.id, name = d.name
    WHEN NOT MATCHED THEN
      INSERT (id, name)
      VALUES (d.id, d.name);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_fa1a917a') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__flips, pg_temp.v__touched;
    CREATE TEMPORARY TABLE v__delta (id integer, name text, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__flips (customer_id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched (customer_id integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_fa1a917a ();
  END IF;

  -- Stage v: what the view shows
  IF n.customers_changes > 0 THEN
    -- delta += Δc ▷ o′
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.name, c.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT c.id, c.name, c.__ivmc_weight
             FROM ivmc.changes_public_customers c
             WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
             ORDER BY id
             LIMIT n.customers_changes
           ) x LIMIT n.customers_changes
         ) c
    WHERE NOT EXISTS (
      SELECT FROM public.orders o
      WHERE o.customer_id = c.id
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- touched += γ(Δo)
    INSERT INTO pg_temp.v__touched
    SELECT groups.customer_id, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT o.customer_id, coalesce(sum(o.__ivmc_weight), 0) AS matches
           FROM (
                  SELECT o.customer_id, o.__ivmc_weight
                  FROM ivmc.changes_public_orders o
                  WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
                  LIMIT n.orders_changes
                ) o
           GROUP BY o.customer_id
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- flips += − flips(touched ⋉ o′)
    INSERT INTO pg_temp.v__flips
    SELECT v__touched.customer_id,
           -v__touched.__ivmc_weight * CASE WHEN v__touched.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched
             ORDER BY customer_id
             LIMIT n.touched
           ) x LIMIT n.touched
         ) v__touched
    WHERE NOT EXISTS (
      SELECT FROM public.orders o
      WHERE v__touched.customer_id = o.customer_id
      OFFSET greatest(v__touched.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips := n.flips + n.step;
  END IF;
  IF n.flips > 0 THEN
    -- delta += c′ ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.name, v__flips.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips
             ORDER BY customer_id
             LIMIT n.flips
           ) x LIMIT n.flips
         ) v__flips
    WHERE v__flips.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.flips > 0 THEN
    -- delta += − Δc ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.name, -c.__ivmc_weight * v__flips.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.name, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (SELECT * FROM pg_temp.v__flips LIMIT n.flips) v__flips
    WHERE v__flips.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, v__delta.name, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta.name
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, __ivmc_weight DESC
    ) d ON t.id = d.id
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, name = d.name
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, name)
      VALUES (d.id, d.name);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.flips > 1000 THEN TRUNCATE pg_temp.v__flips; ELSIF n.flips > 0 THEN DELETE FROM pg_temp.v__flips; END IF;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__flips', 'pg_temp.v__touched');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       name
FROM ivmc.v;

-- ==== with a rival's other order, and none that costs more
-- expect: match, store
-- expect-not: full
SELECT o.id FROM orders o
WHERE EXISTS (SELECT FROM orders p WHERE p.customer_id = o.customer_id AND p.rival <> o.rival)
  AND NOT EXISTS (SELECT FROM orders p WHERE p.customer_id = o.customer_id AND p.rival <> o.rival AND p.amount > 9);

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ anti join on p.customer_id = o.customer_id, p.rival <> o.rival
--    │     law    Δ(L ▷ R) = ΔL ▷ R′ + (L′ − ΔL) ⋈ₚ F, F(p) = [n′ = 0] − [n = 0]
--    │     cost   O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p)
--    ├─ semi join on p.customer_id = o.customer_id, p.rival <> o.rival
--    │  │     law    Δ(L ▷ R) = ΔL ▷ R′ + (L′ − ΔL) ⋈ₚ F, F(p) = [n′ = 0] − [n = 0]
--    │  │     cost   O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p)
--    │  ├─ table orders o
--    │  └─ table orders p
--    └─ filter amount > 9
--       └─ table orders p
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id)
SELECT o.id
FROM public.orders o
WHERE EXISTS (
  SELECT FROM public.orders p
  WHERE p.customer_id = o.customer_id
    AND p.rival <> o.rival
)
  AND NOT EXISTS (
  SELECT FROM public.orders p_2
  WHERE p_2.amount > 9
    AND p_2.customer_id = o.customer_id
    AND p_2.rival <> o.rival
);

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
  delta_2 bigint := 0;
  step bigint;
  flips bigint := 0;
  touched bigint := 0;
  touched_2 bigint := 0;
  delta_3 bigint := 0;
  touched_3 bigint := 0;
  net bigint := 0;
  flips_2 bigint := 0;
  touched_4 bigint := 0;
  touched_5 bigint := 0;
  delta_4 bigint := 0;
  touched_6 bigint := 0;
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
    SELECT q.id::integer AS id
    FROM (
      SELECT o.id
      FROM public.orders o
      WHERE EXISTS (
        SELECT FROM public.orders p
        WHERE p.customer_id = o.customer_id
          AND p.rival <> o.rival
      )
        AND NOT EXISTS (
        SELECT FROM public.orders p_2
        WHERE p_2.amount > 9
          AND p_2.customer_id = o.customer_id
          AND p_2.rival <> o.rival
      )
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

  IF to_regclass('pg_temp.v__made_981296a1') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__delta_2, pg_temp.v__flips, pg_temp.v__touched, pg_temp.v__touched_2, pg_temp.v__delta_3, pg_temp.v__touched_3, pg_temp.v__net, pg_temp.v__flips_2, pg_temp.v__touched_4, pg_temp.v__touched_5, pg_temp.v__delta_4, pg_temp.v__touched_6;
    CREATE TEMPORARY TABLE v__delta (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_2 (id integer, customer_id integer, rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__flips (customer_id integer, rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched (customer_id integer, rival integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_2 (customer_id integer, rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_3 (customer_id integer, rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_3 (customer_id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (customer_id integer, rival integer, __ivmc_weight bigint, __ivmc_weight_2 bigint);
    CREATE TEMPORARY TABLE v__flips_2 (customer_id integer, rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_4 (customer_id integer, rival integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_5 (customer_id integer, rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_4 (customer_id integer, rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_6 (customer_id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_981296a1 ();
  END IF;

  -- Stage v: what the view shows
  IF n.orders_changes > 0 THEN
    -- delta_2 += Δo ⋉ p′
    INSERT INTO pg_temp.v__delta_2
    SELECT o.id, o.customer_id, o.rival, o.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT o.id, o.customer_id, o.rival, o.__ivmc_weight
             FROM ivmc.changes_public_orders o
             WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
             ORDER BY customer_id
             LIMIT n.orders_changes
           ) x LIMIT n.orders_changes
         ) o
    WHERE EXISTS (
      SELECT FROM public.orders p
      WHERE p.customer_id = o.customer_id
        AND p.rival <> o.rival
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- net += net(Δp), side by side
    INSERT INTO pg_temp.v__net
    SELECT orders.customer_id,
           orders.rival,
           sum(orders.__ivmc_weight) AS __ivmc_weight,
           coalesce(sum(orders.__ivmc_weight) FILTER (WHERE orders.amount > 9), 0) AS __ivmc_weight_2
    FROM (
           SELECT orders.customer_id, orders.rival, orders.amount, orders.__ivmc_weight
           FROM ivmc.changes_public_orders orders
           WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) orders
    GROUP BY orders.customer_id, orders.rival
    HAVING sum(orders.__ivmc_weight) <> 0 OR coalesce(sum(orders.__ivmc_weight) FILTER (WHERE orders.amount > 9), 0) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- touched_3 += γ(net)
    INSERT INTO pg_temp.v__touched_3
    SELECT v__net.customer_id, 1 AS __ivmc_weight
    FROM (
           SELECT * FROM pg_temp.v__net
           WHERE __ivmc_weight <> 0
           LIMIT n.net
         ) v__net
    GROUP BY v__net.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_3 := n.touched_3 + n.step;
  END IF;
  IF n.touched_3 > 0 THEN
    -- delta_3 += o′ ⋈ touched_3
    INSERT INTO pg_temp.v__delta_3
    SELECT o.customer_id, o.rival, v__touched_3.__ivmc_weight
    FROM public.orders o,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched_3
             ORDER BY customer_id
             LIMIT n.touched_3
           ) x LIMIT n.touched_3
         ) v__touched_3
    WHERE v__touched_3.customer_id = o.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_3 := n.delta_3 + n.step;
  END IF;
  IF n.orders_changes > 0 AND n.net > 0 THEN
    -- delta_3 += Δo ⋈ net
    INSERT INTO pg_temp.v__delta_3
    SELECT o.customer_id, o.rival, o.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT o.id, o.customer_id, o.rival, o.__ivmc_weight
           FROM ivmc.changes_public_orders o
           WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) o,
         (
           SELECT * FROM pg_temp.v__net
           WHERE __ivmc_weight <> 0
           LIMIT n.net
         ) v__net
    WHERE v__net.customer_id = o.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_3 := n.delta_3 + n.step;
  END IF;
  IF n.delta_3 > 0 THEN
    -- touched_2 += γ(delta_3)
    INSERT INTO pg_temp.v__touched_2
    SELECT v__delta_3.customer_id, v__delta_3.rival, 1 AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_3 LIMIT n.delta_3) v__delta_3
    GROUP BY v__delta_3.customer_id, v__delta_3.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_2 := n.touched_2 + n.step;
  END IF;
  IF n.touched_2 > 0 AND n.net > 0 THEN
    -- touched += γ(touched_2 ⋈ net)
    INSERT INTO pg_temp.v__touched
    SELECT groups.customer_id, groups.rival, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT v__touched_2.customer_id,
                  v__touched_2.rival,
                  coalesce(sum(v__touched_2.__ivmc_weight * v__net.__ivmc_weight), 0) AS matches
           FROM (SELECT * FROM pg_temp.v__touched_2 LIMIT n.touched_2) v__touched_2,
                (
                  SELECT * FROM pg_temp.v__net
                  WHERE __ivmc_weight <> 0
                  LIMIT n.net
                ) v__net
           WHERE v__net.customer_id = v__touched_2.customer_id
             AND v__net.rival <> v__touched_2.rival
           GROUP BY v__touched_2.customer_id, v__touched_2.rival
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- flips += flips(touched ⋉ p′)
    INSERT INTO pg_temp.v__flips
    SELECT v__touched.customer_id,
           v__touched.rival,
           v__touched.__ivmc_weight * CASE WHEN v__touched.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched
             ORDER BY customer_id
             LIMIT n.touched
           ) x LIMIT n.touched
         ) v__touched
    WHERE NOT EXISTS (
      SELECT FROM public.orders p
      WHERE p.customer_id = v__touched.customer_id
        AND p.rival <> v__touched.rival
      OFFSET greatest(v__touched.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips := n.flips + n.step;
  END IF;
  IF n.flips > 0 THEN
    -- delta_2 += o′ ⋈ flips
    INSERT INTO pg_temp.v__delta_2
    SELECT o.id, o.customer_id, o.rival, v__flips.__ivmc_weight
    FROM public.orders o,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips
             ORDER BY customer_id, rival
             LIMIT n.flips
           ) x LIMIT n.flips
         ) v__flips
    WHERE v__flips.customer_id = o.customer_id
      AND v__flips.rival = o.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.orders_changes > 0 AND n.flips > 0 THEN
    -- delta_2 += − Δo ⋈ flips
    INSERT INTO pg_temp.v__delta_2
    SELECT o.id, o.customer_id, o.rival, -o.__ivmc_weight * v__flips.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT o.id, o.customer_id, o.rival, o.__ivmc_weight
           FROM ivmc.changes_public_orders o
           WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) o,
         (SELECT * FROM pg_temp.v__flips LIMIT n.flips) v__flips
    WHERE v__flips.customer_id = o.customer_id
      AND v__flips.rival = o.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.delta_2 > 0 THEN
    -- delta += delta_2 ▷ p′
    INSERT INTO pg_temp.v__delta
    SELECT v__delta_2.id, v__delta_2.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__delta_2
             ORDER BY customer_id
             LIMIT n.delta_2
           ) x LIMIT n.delta_2
         ) v__delta_2
    WHERE NOT EXISTS (
      SELECT FROM public.orders p
      WHERE p.amount > 9
        AND p.customer_id = v__delta_2.customer_id
        AND p.rival <> v__delta_2.rival
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.net > 0 THEN
    -- touched_6 += γ(net)
    INSERT INTO pg_temp.v__touched_6
    SELECT v__net.customer_id, 1 AS __ivmc_weight
    FROM (
           SELECT * FROM pg_temp.v__net
           WHERE __ivmc_weight_2 <> 0
           LIMIT n.net
         ) v__net
    GROUP BY v__net.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_6 := n.touched_6 + n.step;
  END IF;
  IF n.touched_6 > 0 THEN
    -- delta_4 += (o′ ⋉ p′) ⋈ touched_6
    INSERT INTO pg_temp.v__delta_4
    SELECT o.customer_id, o.rival, v__touched_6.__ivmc_weight
    FROM public.orders o,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched_6
             ORDER BY customer_id
             LIMIT n.touched_6
           ) x LIMIT n.touched_6
         ) v__touched_6
    WHERE EXISTS (
      SELECT FROM public.orders p
      WHERE p.customer_id = o.customer_id
        AND p.rival <> o.rival
    )
      AND v__touched_6.customer_id = o.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_4 := n.delta_4 + n.step;
  END IF;
  IF n.delta_2 > 0 AND n.net > 0 THEN
    -- delta_4 += delta_2 ⋈ net
    INSERT INTO pg_temp.v__delta_4
    SELECT v__delta_2.customer_id,
           v__delta_2.rival,
           v__delta_2.__ivmc_weight * v__net.__ivmc_weight_2 AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_2 LIMIT n.delta_2) v__delta_2,
         (
           SELECT * FROM pg_temp.v__net
           WHERE __ivmc_weight_2 <> 0
           LIMIT n.net
         ) v__net
    WHERE v__net.customer_id = v__delta_2.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_4 := n.delta_4 + n.step;
  END IF;
  IF n.delta_4 > 0 THEN
    -- touched_5 += γ(delta_4)
    INSERT INTO pg_temp.v__touched_5
    SELECT v__delta_4.customer_id, v__delta_4.rival, 1 AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_4 LIMIT n.delta_4) v__delta_4
    GROUP BY v__delta_4.customer_id, v__delta_4.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_5 := n.touched_5 + n.step;
  END IF;
  IF n.touched_5 > 0 AND n.net > 0 THEN
    -- touched_4 += γ(touched_5 ⋈ net)
    INSERT INTO pg_temp.v__touched_4
    SELECT groups.customer_id, groups.rival, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT v__touched_5.customer_id,
                  v__touched_5.rival,
                  coalesce(sum(v__touched_5.__ivmc_weight * v__net.__ivmc_weight_2), 0) AS matches
           FROM (SELECT * FROM pg_temp.v__touched_5 LIMIT n.touched_5) v__touched_5,
                (
                  SELECT * FROM pg_temp.v__net
                  WHERE __ivmc_weight_2 <> 0
                  LIMIT n.net
                ) v__net
           WHERE v__net.customer_id = v__touched_5.customer_id
             AND v__net.rival <> v__touched_5.rival
           GROUP BY v__touched_5.customer_id, v__touched_5.rival
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_4 := n.touched_4 + n.step;
  END IF;
  IF n.touched_4 > 0 THEN
    -- flips_2 += − flips(touched_4 ⋉ p′)
    INSERT INTO pg_temp.v__flips_2
    SELECT v__touched_4.customer_id,
           v__touched_4.rival,
           -v__touched_4.__ivmc_weight * CASE WHEN v__touched_4.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched_4
             ORDER BY customer_id
             LIMIT n.touched_4
           ) x LIMIT n.touched_4
         ) v__touched_4
    WHERE NOT EXISTS (
      SELECT FROM public.orders p
      WHERE p.amount > 9
        AND p.customer_id = v__touched_4.customer_id
        AND p.rival <> v__touched_4.rival
      OFFSET greatest(v__touched_4.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips_2 := n.flips_2 + n.step;
  END IF;
  IF n.flips_2 > 0 THEN
    -- delta += (o′ ⋉ p′) ⋈ flips_2
    INSERT INTO pg_temp.v__delta
    SELECT o.id, v__flips_2.__ivmc_weight
    FROM public.orders o,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips_2
             ORDER BY customer_id, rival
             LIMIT n.flips_2
           ) x LIMIT n.flips_2
         ) v__flips_2
    WHERE EXISTS (
      SELECT FROM public.orders p
      WHERE p.customer_id = o.customer_id
        AND p.rival <> o.rival
    )
      AND v__flips_2.customer_id = o.customer_id
      AND v__flips_2.rival = o.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta_2 > 0 AND n.flips_2 > 0 THEN
    -- delta += − delta_2 ⋈ flips_2
    INSERT INTO pg_temp.v__delta
    SELECT v__delta_2.id, -v__delta_2.__ivmc_weight * v__flips_2.__ivmc_weight AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_2 LIMIT n.delta_2) v__delta_2,
         (SELECT * FROM pg_temp.v__flips_2 LIMIT n.flips_2) v__flips_2
    WHERE v__flips_2.customer_id = v__delta_2.customer_id
      AND v__flips_2.rival = v__delta_2.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id
        HAVING sum(v__delta.__ivmc_weight) <> 0
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
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.delta_2 > 1000 THEN TRUNCATE pg_temp.v__delta_2; ELSIF n.delta_2 > 0 THEN DELETE FROM pg_temp.v__delta_2; END IF;
  IF n.flips > 1000 THEN TRUNCATE pg_temp.v__flips; ELSIF n.flips > 0 THEN DELETE FROM pg_temp.v__flips; END IF;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF n.touched_2 > 1000 THEN TRUNCATE pg_temp.v__touched_2; ELSIF n.touched_2 > 0 THEN DELETE FROM pg_temp.v__touched_2; END IF;
  IF n.delta_3 > 1000 THEN TRUNCATE pg_temp.v__delta_3; ELSIF n.delta_3 > 0 THEN DELETE FROM pg_temp.v__delta_3; END IF;
  IF n.touched_3 > 1000 THEN TRUNCATE pg_temp.v__touched_3; ELSIF n.touched_3 > 0 THEN DELETE FROM pg_temp.v__touched_3; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF n.flips_2 > 1000 THEN TRUNCATE pg_temp.v__flips_2; ELSIF n.flips_2 > 0 THEN DELETE FROM pg_temp.v__flips_2; END IF;
  IF n.touched_4 > 1000 THEN TRUNCATE pg_temp.v__touched_4; ELSIF n.touched_4 > 0 THEN DELETE FROM pg_temp.v__touched_4; END IF;
  IF n.touched_5 > 1000 THEN TRUNCATE pg_temp.v__touched_5; ELSIF n.touched_5 > 0 THEN DELETE FROM pg_temp.v__touched_5; END IF;
  IF n.delta_4 > 1000 THEN TRUNCATE pg_temp.v__delta_4; ELSIF n.delta_4 > 0 THEN DELETE FROM pg_temp.v__delta_4; END IF;
  IF n.touched_6 > 1000 THEN TRUNCATE pg_temp.v__touched_6; ELSIF n.touched_6 > 0 THEN DELETE FROM pg_temp.v__touched_6; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__delta_2', 'pg_temp.v__flips', 'pg_temp.v__touched', 'pg_temp.v__touched_2', 'pg_temp.v__delta_3', 'pg_temp.v__touched_3', 'pg_temp.v__net', 'pg_temp.v__flips_2', 'pg_temp.v__touched_4', 'pg_temp.v__touched_5', 'pg_temp.v__delta_4', 'pg_temp.v__touched_6');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id
FROM ivmc.v;

-- ==== a match by more than equality, as a value
-- expect: match, store
-- expect-not: full
SELECT c.id, EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id AND o.amount > c.balance) AS overdrawn FROM customers c;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ mark where a match exists on customer_id = id, amount > balance
--    │     law    Δ(L ▷ R) = ΔL ▷ R′ + (L′ − ΔL) ⋈ₚ F, F(p) = [n′ = 0] − [n = 0]
--    │     cost   O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p)
--    ├─ table customers c
--    └─ table orders o
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  "exists" boolean NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id, "exists")
SELECT c.id,
       EXISTS (
         SELECT FROM public.orders o
         WHERE o.customer_id = c.id
           AND o.amount > c.balance
       ) AS "exists"
FROM public.customers c;

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
  customers_changes bigint := 0;
  orders_changes bigint := 0;
  delta bigint := 0;
  step bigint;
  delta_2 bigint := 0;
  touched bigint := 0;
  touched_2 bigint := 0;
  delta_3 bigint := 0;
  touched_3 bigint := 0;
  net bigint := 0;
  touched_4 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_customers') + pg_relation_size('ivmc.changes_public_orders');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.customers_changes, n.orders_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.customers_changes + n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.customers_changes, n.orders_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes;
    n.pending := n.customers_changes + n.orders_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.customers_changes + 2.5 * n.customers_changes
        + 0.3 * n.orders_changes + 2.5 * n.orders_changes));
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
        INTO n.customers_changes, n.orders_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes;
        n.pending := n.customers_changes + n.orders_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q."exists"::boolean AS "exists"
    FROM (
      SELECT c.id,
             EXISTS (
               SELECT FROM public.orders o
               WHERE o.customer_id = c.id
                 AND o.amount > c.balance
             ) AS "exists"
      FROM public.customers c
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t."exists")::record *<> ROW(d.id, d."exists")::record THEN
      UPDATE SET id = d.id, "exists" = d."exists"
    WHEN NOT MATCHED THEN
      INSERT (id, "exists")
      VALUES (d.id, d."exists");
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_a37a92d4') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__delta_2, pg_temp.v__touched, pg_temp.v__touched_2, pg_temp.v__delta_3, pg_temp.v__touched_3, pg_temp.v__net, pg_temp.v__touched_4;
    CREATE TEMPORARY TABLE v__delta (id integer, "exists" boolean, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_2 (id integer, balance numeric(12,2), "exists" boolean, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched (id integer, balance numeric(12,2), matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_2 (id integer, balance numeric(12,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_3 (id integer, balance numeric(12,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_3 (customer_id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (customer_id integer, amount numeric(12,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_4 (id integer, net bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_a37a92d4 ();
  END IF;

  -- Stage v: what the view shows
  IF n.customers_changes > 0 THEN
    -- delta += Δc mark o′
    INSERT INTO pg_temp.v__delta
    SELECT c.id,
           EXISTS (
             SELECT FROM public.orders o
             WHERE o.customer_id = c.id
               AND o.amount > c.balance
           ) AS "exists",
           c.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT c.id, c.balance, c.__ivmc_weight
             FROM ivmc.changes_public_customers c
             WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
             ORDER BY id
             LIMIT n.customers_changes
           ) x LIMIT n.customers_changes
         ) c;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- net += net(Δo)
    INSERT INTO pg_temp.v__net
    SELECT o.customer_id, o.amount, sum(o.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT o.customer_id, o.amount, o.__ivmc_weight
           FROM ivmc.changes_public_orders o
           WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) o
    GROUP BY o.customer_id, o.amount
    HAVING sum(o.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.customers_changes > 0 THEN
    -- touched_4 += γ(Δc)
    INSERT INTO pg_temp.v__touched_4
    SELECT groups.id, groups.net, 1 AS __ivmc_weight
    FROM (
           SELECT c.id, coalesce(sum(c.__ivmc_weight), 0) AS net
           FROM (
                  SELECT c.id, c.__ivmc_weight
                  FROM ivmc.changes_public_customers c
                  WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
                  LIMIT n.customers_changes
                ) c
           GROUP BY c.id
         ) groups
    WHERE groups.net <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_4 := n.touched_4 + n.step;
  END IF;
  IF n.net > 0 THEN
    -- touched_3 += γ(net ▷ touched_4)
    INSERT INTO pg_temp.v__touched_3
    SELECT v__net.customer_id, 1 AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE NOT EXISTS (
      SELECT FROM (SELECT * FROM pg_temp.v__touched_4 LIMIT n.touched_4) v__touched_4
      WHERE v__net.customer_id = v__touched_4.id
    )
    GROUP BY v__net.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_3 := n.touched_3 + n.step;
  END IF;
  IF n.touched_3 > 0 THEN
    -- delta_3 += c′ ⋈ touched_3
    INSERT INTO pg_temp.v__delta_3
    SELECT c.id, c.balance, v__touched_3.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched_3
             ORDER BY customer_id
             LIMIT n.touched_3
           ) x LIMIT n.touched_3
         ) v__touched_3
    WHERE v__touched_3.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_3 := n.delta_3 + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.net > 0 THEN
    -- delta_3 += Δc ⋈ net
    INSERT INTO pg_temp.v__delta_3
    SELECT c.id, c.balance, c.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.balance, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE v__net.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_3 := n.delta_3 + n.step;
  END IF;
  IF n.delta_3 > 0 THEN
    -- touched_2 += γ(delta_3)
    INSERT INTO pg_temp.v__touched_2
    SELECT v__delta_3.id, v__delta_3.balance, 1 AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_3 LIMIT n.delta_3) v__delta_3
    GROUP BY v__delta_3.id, v__delta_3.balance;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_2 := n.touched_2 + n.step;
  END IF;
  IF n.touched_2 > 0 AND n.net > 0 THEN
    -- touched += γ(touched_2 ⋈ net)
    INSERT INTO pg_temp.v__touched
    SELECT groups.id, groups.balance, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT v__touched_2.id,
                  v__touched_2.balance,
                  coalesce(sum(v__touched_2.__ivmc_weight * v__net.__ivmc_weight), 0) AS matches
           FROM (SELECT * FROM pg_temp.v__touched_2 LIMIT n.touched_2) v__touched_2,
                (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
           WHERE v__net.customer_id = v__touched_2.id
             AND v__net.amount > v__touched_2.balance
           GROUP BY v__touched_2.id, v__touched_2.balance
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- delta_2 += flips(touched ⋉ o′)
    INSERT INTO pg_temp.v__delta_2
    SELECT v__touched.id,
           v__touched.balance,
           true AS "exists",
           v__touched.__ivmc_weight * CASE WHEN v__touched.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched
             ORDER BY id
             LIMIT n.touched
           ) x LIMIT n.touched
         ) v__touched
    WHERE NOT EXISTS (
      SELECT FROM public.orders o
      WHERE o.customer_id = v__touched.id
        AND o.amount > v__touched.balance
      OFFSET greatest(v__touched.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- delta_2 += − flips(touched ⋉ o′)
    INSERT INTO pg_temp.v__delta_2
    SELECT v__touched.id,
           v__touched.balance,
           false AS "exists",
           -v__touched.__ivmc_weight * CASE WHEN v__touched.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched
             ORDER BY id
             LIMIT n.touched
           ) x LIMIT n.touched
         ) v__touched
    WHERE NOT EXISTS (
      SELECT FROM public.orders o
      WHERE o.customer_id = v__touched.id
        AND o.amount > v__touched.balance
      OFFSET greatest(v__touched.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.delta_2 > 0 THEN
    -- delta += c′ ⋈ delta_2
    INSERT INTO pg_temp.v__delta
    SELECT c.id, v__delta_2."exists", v__delta_2.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__delta_2
             ORDER BY id, balance
             LIMIT n.delta_2
           ) x LIMIT n.delta_2
         ) v__delta_2
    WHERE v__delta_2.id = c.id
      AND v__delta_2.balance = c.balance;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.delta_2 > 0 THEN
    -- delta += − Δc ⋈ delta_2
    INSERT INTO pg_temp.v__delta
    SELECT c.id, v__delta_2."exists", -c.__ivmc_weight * v__delta_2.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.balance, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (SELECT * FROM pg_temp.v__delta_2 LIMIT n.delta_2) v__delta_2
    WHERE v__delta_2.id = c.id
      AND v__delta_2.balance = c.balance;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, v__delta."exists", sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta."exists"
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, __ivmc_weight DESC
    ) d ON t.id = d.id
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, "exists" = d."exists"
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, "exists")
      VALUES (d.id, d."exists");
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.delta_2 > 1000 THEN TRUNCATE pg_temp.v__delta_2; ELSIF n.delta_2 > 0 THEN DELETE FROM pg_temp.v__delta_2; END IF;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF n.touched_2 > 1000 THEN TRUNCATE pg_temp.v__touched_2; ELSIF n.touched_2 > 0 THEN DELETE FROM pg_temp.v__touched_2; END IF;
  IF n.delta_3 > 1000 THEN TRUNCATE pg_temp.v__delta_3; ELSIF n.delta_3 > 0 THEN DELETE FROM pg_temp.v__delta_3; END IF;
  IF n.touched_3 > 1000 THEN TRUNCATE pg_temp.v__touched_3; ELSIF n.touched_3 > 0 THEN DELETE FROM pg_temp.v__touched_3; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF n.touched_4 > 1000 THEN TRUNCATE pg_temp.v__touched_4; ELSIF n.touched_4 > 0 THEN DELETE FROM pg_temp.v__touched_4; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__delta_2', 'pg_temp.v__touched', 'pg_temp.v__touched_2', 'pg_temp.v__delta_3', 'pg_temp.v__touched_3', 'pg_temp.v__net', 'pg_temp.v__touched_4');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       "exists" AS overdrawn
FROM ivmc.v;

-- ==== NOT IN over a column that can be NULL
-- expect: match, store
-- expect-not: full
SELECT c.id FROM customers c WHERE c.id NOT IN (SELECT rival FROM orders);

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ anti join on (id = rival) IS NULL
--    │     law    Δ(L ▷ R) = ΔL ▷ R′ + (L′ − ΔL) ⋈ₚ F, F(p) = [n′ = 0] − [n = 0]
--    │     cost   O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p)
--    │     note   no column is equated: every change meets the whole other side
--    ├─ anti join on id = rival
--    │  │     law    Δ(L ▷ R) = ΔL ▷ R′ + (L′ − ΔL) ⋈ₚ F, F(p) = [n′ = 0] − [n = 0]
--    │  │     cost   O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p)
--    │  ├─ table customers c
--    │  └─ table orders
--    └─ table orders
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (rival);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id)
SELECT c.id
FROM public.customers c
WHERE NOT EXISTS (
  SELECT FROM public.orders
  WHERE c.id = orders.rival
)
  AND NOT EXISTS (
  SELECT FROM public.orders orders_2
  WHERE (c.id = orders_2.rival) IS NULL
);

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
  customers_changes bigint := 0;
  orders_changes bigint := 0;
  delta bigint := 0;
  delta_2 bigint := 0;
  step bigint;
  flips bigint := 0;
  touched bigint := 0;
  flips_2 bigint := 0;
  touched_2 bigint := 0;
  touched_3 bigint := 0;
  delta_3 bigint := 0;
  net bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_customers') + pg_relation_size('ivmc.changes_public_orders');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.customers_changes, n.orders_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.customers_changes + n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.customers_changes, n.orders_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes;
    n.pending := n.customers_changes + n.orders_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.customers_changes + 2.5 * n.customers_changes
        + 0.3 * n.orders_changes + 2.5 * n.orders_changes));
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
        INTO n.customers_changes, n.orders_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes;
        n.pending := n.customers_changes + n.orders_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id
    FROM (
      SELECT c.id
      FROM public.customers c
      WHERE NOT EXISTS (
        SELECT FROM public.orders
        WHERE c.id = orders.rival
      )
        AND NOT EXISTS (
        SELECT FROM public.orders orders_2
        WHERE (c.id = orders_2.rival) IS NULL
      )
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

  IF to_regclass('pg_temp.v__made_693fb288') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__delta_2, pg_temp.v__flips, pg_temp.v__touched, pg_temp.v__flips_2, pg_temp.v__touched_2, pg_temp.v__touched_3, pg_temp.v__delta_3, pg_temp.v__net;
    CREATE TEMPORARY TABLE v__delta (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_2 (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__flips (rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched (rival integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__flips_2 (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_2 (id integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_3 (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta_3 (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (rival integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_693fb288 ();
  END IF;

  -- Stage v: what the view shows
  IF n.customers_changes > 0 THEN
    -- delta_2 += Δc ▷ orders′
    INSERT INTO pg_temp.v__delta_2
    SELECT c.id, c.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT c.id, c.__ivmc_weight
             FROM ivmc.changes_public_customers c
             WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
             ORDER BY id
             LIMIT n.customers_changes
           ) x LIMIT n.customers_changes
         ) c
    WHERE NOT EXISTS (
      SELECT FROM public.orders
      WHERE c.id = orders.rival
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- touched += γ(Δorders)
    INSERT INTO pg_temp.v__touched
    SELECT groups.rival, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT orders.rival, coalesce(sum(orders.__ivmc_weight), 0) AS matches
           FROM (
                  SELECT orders.rival, orders.__ivmc_weight
                  FROM ivmc.changes_public_orders orders
                  WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
                  LIMIT n.orders_changes
                ) orders
           GROUP BY orders.rival
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- flips += − flips(touched ⋉ orders′)
    INSERT INTO pg_temp.v__flips
    SELECT v__touched.rival,
           -v__touched.__ivmc_weight * CASE WHEN v__touched.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched
             ORDER BY rival
             LIMIT n.touched
           ) x LIMIT n.touched
         ) v__touched
    WHERE NOT EXISTS (
      SELECT FROM public.orders
      WHERE v__touched.rival = orders.rival
      OFFSET greatest(v__touched.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips := n.flips + n.step;
  END IF;
  IF n.flips > 0 THEN
    -- delta_2 += c′ ⋈ flips
    INSERT INTO pg_temp.v__delta_2
    SELECT c.id, v__flips.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips
             ORDER BY rival
             LIMIT n.flips
           ) x LIMIT n.flips
         ) v__flips
    WHERE c.id = v__flips.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.flips > 0 THEN
    -- delta_2 += − Δc ⋈ flips
    INSERT INTO pg_temp.v__delta_2
    SELECT c.id, -c.__ivmc_weight * v__flips.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (SELECT * FROM pg_temp.v__flips LIMIT n.flips) v__flips
    WHERE c.id = v__flips.rival;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_2 := n.delta_2 + n.step;
  END IF;
  IF n.delta_2 > 0 THEN
    -- delta += delta_2 ▷ orders′
    INSERT INTO pg_temp.v__delta
    SELECT v__delta_2.id, v__delta_2.__ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_2 LIMIT n.delta_2) v__delta_2
    WHERE NOT EXISTS (
      SELECT FROM public.orders
      WHERE (v__delta_2.id = orders.rival) IS NULL
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- net += net(Δorders)
    INSERT INTO pg_temp.v__net
    SELECT orders.rival, sum(orders.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT orders.rival, orders.__ivmc_weight
           FROM ivmc.changes_public_orders orders
           WHERE (orders.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(orders.__ivmc_xid, frontier.snapshot) AND orders.__ivmc_xid <> frontier.xid OR orders.__ivmc_xid = frontier.xid AND orders.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) orders
    GROUP BY orders.rival
    HAVING sum(orders.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta_3 += (c′ ▷ orders′) ⋈ net
    INSERT INTO pg_temp.v__delta_3
    SELECT c.id, v__net.__ivmc_weight
    FROM public.customers c, (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE NOT EXISTS (
      SELECT FROM public.orders
      WHERE c.id = orders.rival
    )
      AND (c.id = v__net.rival) IS NULL;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_3 := n.delta_3 + n.step;
  END IF;
  IF n.delta_2 > 0 AND n.net > 0 THEN
    -- delta_3 += delta_2 ⋈ net
    INSERT INTO pg_temp.v__delta_3
    SELECT v__delta_2.id, v__delta_2.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_2 LIMIT n.delta_2) v__delta_2,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE (v__delta_2.id = v__net.rival) IS NULL;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta_3 := n.delta_3 + n.step;
  END IF;
  IF n.delta_3 > 0 THEN
    -- touched_3 += γ(delta_3)
    INSERT INTO pg_temp.v__touched_3
    SELECT v__delta_3.id, 1 AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_3 LIMIT n.delta_3) v__delta_3
    GROUP BY v__delta_3.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_3 := n.touched_3 + n.step;
  END IF;
  IF n.touched_3 > 0 AND n.net > 0 THEN
    -- touched_2 += γ(touched_3 ⋈ net)
    INSERT INTO pg_temp.v__touched_2
    SELECT groups.id, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT v__touched_3.id,
                  coalesce(sum(v__touched_3.__ivmc_weight * v__net.__ivmc_weight), 0) AS matches
           FROM (SELECT * FROM pg_temp.v__touched_3 LIMIT n.touched_3) v__touched_3,
                (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
           WHERE (v__touched_3.id = v__net.rival) IS NULL
           GROUP BY v__touched_3.id
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_2 := n.touched_2 + n.step;
  END IF;
  IF n.touched_2 > 0 THEN
    -- flips_2 += − flips(touched_2 ⋉ orders′)
    INSERT INTO pg_temp.v__flips_2
    SELECT v__touched_2.id,
           -v__touched_2.__ivmc_weight * CASE WHEN v__touched_2.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__touched_2 LIMIT n.touched_2) v__touched_2
    WHERE NOT EXISTS (
      SELECT FROM public.orders
      WHERE (v__touched_2.id = orders.rival) IS NULL
      OFFSET greatest(v__touched_2.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips_2 := n.flips_2 + n.step;
  END IF;
  IF n.flips_2 > 0 THEN
    -- delta += (c′ ▷ orders′) ⋈ flips_2
    INSERT INTO pg_temp.v__delta
    SELECT c.id, v__flips_2.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips_2
             ORDER BY id
             LIMIT n.flips_2
           ) x LIMIT n.flips_2
         ) v__flips_2
    WHERE NOT EXISTS (
      SELECT FROM public.orders
      WHERE c.id = orders.rival
    )
      AND v__flips_2.id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta_2 > 0 AND n.flips_2 > 0 THEN
    -- delta += − delta_2 ⋈ flips_2
    INSERT INTO pg_temp.v__delta
    SELECT v__delta_2.id, -v__delta_2.__ivmc_weight * v__flips_2.__ivmc_weight AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__delta_2 LIMIT n.delta_2) v__delta_2,
         (SELECT * FROM pg_temp.v__flips_2 LIMIT n.flips_2) v__flips_2
    WHERE v__flips_2.id = v__delta_2.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id
        HAVING sum(v__delta.__ivmc_weight) <> 0
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
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.delta_2 > 1000 THEN TRUNCATE pg_temp.v__delta_2; ELSIF n.delta_2 > 0 THEN DELETE FROM pg_temp.v__delta_2; END IF;
  IF n.flips > 1000 THEN TRUNCATE pg_temp.v__flips; ELSIF n.flips > 0 THEN DELETE FROM pg_temp.v__flips; END IF;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF n.flips_2 > 1000 THEN TRUNCATE pg_temp.v__flips_2; ELSIF n.flips_2 > 0 THEN DELETE FROM pg_temp.v__flips_2; END IF;
  IF n.touched_2 > 1000 THEN TRUNCATE pg_temp.v__touched_2; ELSIF n.touched_2 > 0 THEN DELETE FROM pg_temp.v__touched_2; END IF;
  IF n.touched_3 > 1000 THEN TRUNCATE pg_temp.v__touched_3; ELSIF n.touched_3 > 0 THEN DELETE FROM pg_temp.v__touched_3; END IF;
  IF n.delta_3 > 1000 THEN TRUNCATE pg_temp.v__delta_3; ELSIF n.delta_3 > 0 THEN DELETE FROM pg_temp.v__delta_3; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__delta_2', 'pg_temp.v__flips', 'pg_temp.v__touched', 'pg_temp.v__flips_2', 'pg_temp.v__touched_2', 'pg_temp.v__touched_3', 'pg_temp.v__delta_3', 'pg_temp.v__net');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id
FROM ivmc.v;

-- ==== above the average, which moves
-- expect: moving, aggregate, store
-- expect-not: full, match
SELECT c.id, c.balance FROM customers c WHERE c.balance > (SELECT avg(balance) FROM customers);

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ semi join on balance > avg
--    │     law    [l > v] ≠ [l > u] ⟺ least(u, v) < l ≤ greatest(u, v)
--    │     cost   O(rows between), through an index on the column
--    ├─ table customers c
--    └─ stage v__1
--
-- aggregate: avg
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 2 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ table customers
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.customers (balance);

-- ---- sql
CREATE TABLE ivmc.v__1 (
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count >= 0),
  __ivmc_sum_balance numeric NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE ivmc.v (
  id integer NOT NULL,
  balance numeric(12,2) NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (__ivmc_count, __ivmc_sum_balance)
SELECT count(*) AS __ivmc_count, coalesce(sum(customers.balance), 0) AS __ivmc_sum_balance
FROM public.customers;

INSERT INTO ivmc.v (id, balance)
SELECT c.id, c.balance
FROM public.customers c
WHERE EXISTS (
  SELECT FROM ivmc.v__1
  WHERE c.balance > v__1.__ivmc_sum_balance / nullif(v__1.__ivmc_count, 0)
);

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
  customers_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  lost bigint := 0;
  old bigint := 0;
  changes bigint := 0;
  delta bigint := 0;
  touched bigint := 0;
  net bigint := 0;
  touched_2 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_customers');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.customers_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes;
      n.pending := n.customers_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.customers_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes;
    n.pending := n.customers_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.customers_changes + 0.5 * n.customers_changes + 5.0 * n.customers_changes));
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
        INTO n.customers_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes;
        n.pending := n.customers_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.__ivmc_count::bigint AS __ivmc_count, q.__ivmc_sum_balance::numeric AS __ivmc_sum_balance
    FROM (
      SELECT count(*) AS __ivmc_count, coalesce(sum(customers.balance), 0) AS __ivmc_sum_balance
      FROM public.customers
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE true);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON true
    WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_sum_balance)::record *<> ROW(d.__ivmc_count, d.__ivmc_sum_balance)::record THEN
      UPDATE SET __ivmc_count = d.__ivmc_count, __ivmc_sum_balance = d.__ivmc_sum_balance
    WHEN NOT MATCHED THEN
      INSERT (__ivmc_count, __ivmc_sum_balance)
      VALUES (d.__ivmc_count, d.__ivmc_sum_balance);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.balance::numeric(12,2) AS balance
    FROM (
      SELECT c.id, c.balance
      FROM public.customers c
      WHERE c.balance > (
        SELECT v__1.__ivmc_sum_balance / nullif(v__1.__ivmc_count, 0) AS value
        FROM ivmc.v__1
      )
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t.balance)::record *<> ROW(d.id, d.balance)::record THEN
      UPDATE SET id = d.id, balance = d.balance
    WHEN NOT MATCHED THEN
      INSERT (id, balance)
      VALUES (d.id, d.balance);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_d621e52d') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__lost, pg_temp.v__old, pg_temp.v__changes, pg_temp.v__delta, pg_temp.v__touched, pg_temp.v__net, pg_temp.v__touched_2;
    CREATE TEMPORARY TABLE v__groups (__ivmc_count numeric, __ivmc_sum_balance numeric);
    CREATE TEMPORARY TABLE v__lost ();
    CREATE TEMPORARY TABLE v__old (avg numeric, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__changes (avg numeric, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta (id integer, balance numeric(12,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched ("least" numeric, "greatest" numeric, "both" bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (avg numeric, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_2 ("least" numeric, "greatest" numeric, "both" bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_d621e52d ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.customers_changes > 0 THEN
    -- groups += γ(Δcustomers)
    INSERT INTO pg_temp.v__groups
    SELECT customers.__ivmc_weight * count(*) AS __ivmc_count,
           customers.__ivmc_weight * coalesce(sum(customers.balance), 0) AS __ivmc_sum_balance
    FROM ivmc.changes_public_customers customers
    WHERE (customers.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(customers.__ivmc_xid, frontier.snapshot) AND customers.__ivmc_xid <> frontier.xid OR customers.__ivmc_xid = frontier.xid AND customers.__ivmc_seq > frontier.seq)
    GROUP BY customers.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT
    FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) d
    WHERE d.__ivmc_sum_balance IN ('NaN', 'Infinity', '-Infinity');
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- The old rows of the touched groups
    INSERT INTO pg_temp.v__old
    SELECT t.__ivmc_sum_balance / nullif(t.__ivmc_count, 0) AS avg, -1
    FROM (SELECT DISTINCT 1 FROM pg_temp.v__groups k LIMIT n.groups) k
    JOIN ivmc.v__1 t ON true;
    GET DIAGNOSTICS step = ROW_COUNT; n.old := n.old + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v__1 t USING (
      SELECT sum(g.__ivmc_count) AS __ivmc_count, sum(g.__ivmc_sum_balance) AS __ivmc_sum_balance
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
    ) d ON true
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_sum_balance <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_sum_balance = t.__ivmc_sum_balance + d.__ivmc_sum_balance
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (__ivmc_count, __ivmc_sum_balance)
      VALUES (d.__ivmc_count, d.__ivmc_sum_balance);

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v__1 t USING (
        SELECT count(*) AS __ivmc_count,
               coalesce(sum(customers.balance), 0) AS __ivmc_sum_balance,
               true AS __ivmc_found
        FROM public.customers
      ) d ON true
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count, __ivmc_sum_balance = d.__ivmc_sum_balance
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (__ivmc_count, __ivmc_sum_balance)
        VALUES (d.__ivmc_count, d.__ivmc_sum_balance);
    END IF;

    -- What changed in the touched groups: old rows out, new rows in
    INSERT INTO pg_temp.v__old
    SELECT t.__ivmc_sum_balance / nullif(t.__ivmc_count, 0) AS avg, 1
    FROM (SELECT DISTINCT 1 FROM pg_temp.v__groups k LIMIT n.groups) k
    JOIN ivmc.v__1 t ON true;
    GET DIAGNOSTICS step = ROW_COUNT; n.old := n.old + n.step;
    -- changes += net(old)
    INSERT INTO pg_temp.v__changes
    SELECT v__old.avg, sum(v__old.__ivmc_weight) AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__old LIMIT n.old) v__old
    GROUP BY v__old.avg, record_send(ROW(v__old.avg))
    HAVING sum(v__old.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.changes := n.changes + n.step;
  END IF;

  -- Stage v: what the view shows
  IF n.customers_changes > 0 THEN
    -- delta += Δc ⋉ v__1′
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.balance, c.__ivmc_weight
    FROM (
           SELECT c.id, c.balance, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c
    WHERE EXISTS (
      SELECT FROM ivmc.v__1
      WHERE c.balance > v__1.__ivmc_sum_balance / nullif(v__1.__ivmc_count, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.changes > 0 THEN
    -- net += net(Δv__1)
    INSERT INTO pg_temp.v__net
    SELECT v__1.avg, sum(v__1.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT v__1.avg, v__1.__ivmc_weight
           FROM pg_temp.v__changes v__1
           LIMIT n.changes
         ) v__1
    GROUP BY v__1.avg, record_send(ROW(v__1.avg))
    HAVING sum(v__1.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- touched += γ(net)
    INSERT INTO pg_temp.v__touched
    SELECT groups."least", groups."greatest", groups."both", 1 AS __ivmc_weight
    FROM (
           SELECT min(v__net.avg) AS "least",
                  max(v__net.avg) AS "greatest",
                  coalesce(sum(v__net.__ivmc_weight) FILTER (WHERE v__net.avg IS NOT NULL), 0) AS "both"
           FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
         ) groups
    WHERE groups."both" = 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 AND n.net > 0 THEN
    -- delta += c′ ⋈ touched ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.balance, v__touched.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM public.customers c,
         (SELECT * FROM pg_temp.v__touched LIMIT 1) v__touched,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE c.balance > v__touched."least"
      AND c.balance <= v__touched."greatest"
      AND c.balance > v__net.avg;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.net > 0 THEN
    -- touched_2 += γ(net)
    INSERT INTO pg_temp.v__touched_2
    SELECT groups."least", groups."greatest", groups."both", 1 AS __ivmc_weight
    FROM (
           SELECT min(v__net.avg) AS "least",
                  max(v__net.avg) AS "greatest",
                  coalesce(sum(v__net.__ivmc_weight) FILTER (WHERE v__net.avg IS NOT NULL), 0) AS "both"
           FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
         ) groups
    WHERE groups."both" <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_2 := n.touched_2 + n.step;
  END IF;
  IF n.touched_2 > 0 AND n.net > 0 THEN
    -- delta += c′ ⋈ touched_2 ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.balance, v__touched_2.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM public.customers c,
         (SELECT * FROM pg_temp.v__touched_2 LIMIT 1) v__touched_2,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE c.balance > v__touched_2."least"
      AND c.balance > v__net.avg;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.touched > 0 AND n.net > 0 THEN
    -- delta += − Δc ⋈ touched ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT c.id,
           c.balance,
           -c.__ivmc_weight * v__touched.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.balance, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (SELECT * FROM pg_temp.v__touched LIMIT 1) v__touched,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE c.balance > v__touched."least"
      AND c.balance <= v__touched."greatest"
      AND c.balance > v__net.avg;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.touched_2 > 0 AND n.net > 0 THEN
    -- delta += − Δc ⋈ touched_2 ⋈ net
    INSERT INTO pg_temp.v__delta
    SELECT c.id,
           c.balance,
           -c.__ivmc_weight * v__touched_2.__ivmc_weight * v__net.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.balance, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (SELECT * FROM pg_temp.v__touched_2 LIMIT 1) v__touched_2,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE c.balance > v__touched_2."least"
      AND c.balance > v__net.avg;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, v__delta.balance, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta.balance
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, __ivmc_weight DESC
    ) d ON t.id = d.id
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, balance = d.balance
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, balance)
      VALUES (d.id, d.balance);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.lost > 1000 THEN TRUNCATE pg_temp.v__lost; ELSIF n.lost > 0 THEN DELETE FROM pg_temp.v__lost; END IF;
  IF n.old > 1000 THEN TRUNCATE pg_temp.v__old; ELSIF n.old > 0 THEN DELETE FROM pg_temp.v__old; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF n.touched_2 > 1000 THEN TRUNCATE pg_temp.v__touched_2; ELSIF n.touched_2 > 0 THEN DELETE FROM pg_temp.v__touched_2; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__lost', 'pg_temp.v__old', 'pg_temp.v__changes', 'pg_temp.v__delta', 'pg_temp.v__touched', 'pg_temp.v__net', 'pg_temp.v__touched_2');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       balance
FROM ivmc.v;

-- ==== the last order of each customer, if any
-- expect: outer, aggregate, store
-- expect-not: full
SELECT c.id, (SELECT max(o.id) FROM orders o WHERE o.customer_id = c.id) AS last FROM customers c;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ left join on customer_id = id
--    │     law    Δ(L ⟕ R) = ΔL ⟕ R′ + (L′ − ΔL) ⋈ ΔR + pad((L′ − ΔL) ⋈ₚ F)
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L)), O(touched p) probes of R for the padding
--    ├─ table customers c
--    └─ stage v__1
--
-- aggregate by customer_id: max
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 1 count, 1 extremum per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- │     note   groups that lose an extremum are read again
-- └─ table orders o
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);

-- ---- sql
CREATE TABLE ivmc.v__1 (
  customer_id integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_max_id integer,
  __ivmc_count_max_id bigint,
  PRIMARY KEY (customer_id)
) WITH (fillfactor = 70);

CREATE TABLE ivmc.v (
  id integer NOT NULL,
  max integer,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (customer_id, __ivmc_count, __ivmc_max_id, __ivmc_count_max_id)
SELECT o.customer_id,
       count(*) AS __ivmc_count,
       max(o.id) AS __ivmc_max_id,
       CASE WHEN max(o.id) IS NOT NULL THEN 1::bigint END AS __ivmc_count_max_id
FROM public.orders o
GROUP BY o.customer_id;

INSERT INTO ivmc.v (id, max)
SELECT c.id, v__1.__ivmc_max_id AS max
FROM public.customers c
     LEFT JOIN ivmc.v__1 ON v__1.customer_id = c.id;

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
  groups bigint := 0;
  step bigint;
  lost bigint := 0;
  old bigint := 0;
  changes bigint := 0;
  delta bigint := 0;
  flips bigint := 0;
  touched bigint := 0;
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.orders_changes + 5.0 * n.orders_changes
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
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.customer_id::integer AS customer_id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_max_id::integer AS __ivmc_max_id,
           q.__ivmc_count_max_id::bigint AS __ivmc_count_max_id
    FROM (
      SELECT o.customer_id,
             count(*) AS __ivmc_count,
             max(o.id) AS __ivmc_max_id,
             CASE WHEN max(o.id) IS NOT NULL THEN 1::bigint END AS __ivmc_count_max_id
      FROM public.orders o
      GROUP BY o.customer_id
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE t.customer_id = d.customer_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON t.customer_id = d.customer_id
    WHEN MATCHED AND ROW(t.customer_id, t.__ivmc_count, t.__ivmc_max_id, t.__ivmc_count_max_id)::record *<> ROW(d.customer_id, d.__ivmc_count, d.__ivmc_max_id, d.__ivmc_count_max_id)::record THEN
      UPDATE SET customer_id = d.customer_id,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_max_id = d.__ivmc_max_id,
                 __ivmc_count_max_id = d.__ivmc_count_max_id
    WHEN NOT MATCHED THEN
      INSERT (customer_id, __ivmc_count, __ivmc_max_id, __ivmc_count_max_id)
      VALUES (d.customer_id, d.__ivmc_count, d.__ivmc_max_id, d.__ivmc_count_max_id);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.max::integer AS max
    FROM (
      SELECT c.id, v__1.__ivmc_max_id AS max
      FROM public.customers c
           LEFT JOIN ivmc.v__1 ON v__1.customer_id = c.id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t.max)::record *<> ROW(d.id, d.max)::record THEN
      UPDATE SET id = d.id, max = d.max
    WHEN NOT MATCHED THEN
      INSERT (id, max)
      VALUES (d.id, d.max);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_0bc21150') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__lost, pg_temp.v__old, pg_temp.v__changes, pg_temp.v__delta, pg_temp.v__flips, pg_temp.v__touched;
    CREATE TEMPORARY TABLE v__groups (customer_id integer, __ivmc_count numeric, __ivmc_max_id integer, __ivmc_count_max_id bigint);
    CREATE TEMPORARY TABLE v__lost (customer_id integer);
    CREATE TEMPORARY TABLE v__old (customer_id integer, max integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__changes (customer_id integer, max integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta (id integer, max integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__flips (customer_id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched (customer_id integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_0bc21150 ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.orders_changes > 0 THEN
    -- groups += γ(γ(Δo) + γ(net(Δo)))
    INSERT INTO pg_temp.v__groups
    SELECT terms.customer_id,
           max(terms.count) AS __ivmc_count,
           min(terms.max_id) AS __ivmc_max_id,
           max(terms.count_max_id) AS __ivmc_count_max_id
    FROM (
           SELECT groups.customer_id, groups.count, NULL::integer AS max_id, NULL::bigint AS count_max_id
           FROM (
                  SELECT o.customer_id, coalesce(sum(o.__ivmc_weight), 0) AS count
                  FROM (
                         SELECT o.id, o.customer_id, o.__ivmc_weight
                         FROM ivmc.changes_public_orders o
                         WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
                         LIMIT n.orders_changes
                       ) o
                  GROUP BY o.customer_id
                ) groups
           UNION ALL
           SELECT groups_2.customer_id, NULL::bigint AS count, groups_2.max_id, groups_2.count_max_id
           FROM (
                  SELECT net.customer_id,
                         max(net.max_id) AS max_id,
                         (array_agg(net.__ivmc_weight ORDER BY net.max_id DESC))[1] AS count_max_id
                  FROM (
                         SELECT o_2.customer_id, o_2.id AS max_id, sum(o_2.__ivmc_weight) AS __ivmc_weight
                         FROM (
                                SELECT o_2.id, o_2.customer_id, o_2.__ivmc_weight
                                FROM ivmc.changes_public_orders o_2
                                WHERE (o_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o_2.__ivmc_xid, frontier.snapshot) AND o_2.__ivmc_xid <> frontier.xid OR o_2.__ivmc_xid = frontier.xid AND o_2.__ivmc_seq > frontier.seq)
                                LIMIT n.orders_changes
                              ) o_2
                         WHERE o_2.id IS NOT NULL
                         GROUP BY o_2.customer_id, o_2.id
                         HAVING sum(o_2.__ivmc_weight) <> 0
                         OFFSET 0
                       ) net
                  GROUP BY net.customer_id
                ) groups_2
         ) terms
    GROUP BY terms.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT DISTINCT d.customer_id
    FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) d
    LEFT JOIN ivmc.v__1 t ON t.customer_id = d.customer_id
    WHERE d.__ivmc_max_id = t.__ivmc_max_id AND t.__ivmc_count_max_id + d.__ivmc_count_max_id <= 0
       OR d.__ivmc_count_max_id < 0 AND (d.__ivmc_max_id > t.__ivmc_max_id OR (t.__ivmc_max_id IS NULL AND d.__ivmc_max_id IS NOT NULL));
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- The old rows of the touched groups
    INSERT INTO pg_temp.v__old
    SELECT t.customer_id AS customer_id, t.__ivmc_max_id AS max, -1
    FROM (SELECT DISTINCT k.customer_id FROM pg_temp.v__groups k LIMIT n.groups) k
    JOIN ivmc.v__1 t ON t.customer_id = k.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.old := n.old + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v__1 t USING (
      SELECT g.customer_id, g.__ivmc_count, g.__ivmc_max_id, g.__ivmc_count_max_id
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      ORDER BY g.customer_id
    ) d ON t.customer_id = d.customer_id
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_max_id IS NOT NULL) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_max_id = CASE WHEN d.__ivmc_max_id > t.__ivmc_max_id OR (t.__ivmc_max_id IS NULL AND d.__ivmc_max_id IS NOT NULL) THEN d.__ivmc_max_id ELSE t.__ivmc_max_id END,
                 __ivmc_count_max_id = CASE WHEN d.__ivmc_max_id > t.__ivmc_max_id OR (t.__ivmc_max_id IS NULL AND d.__ivmc_max_id IS NOT NULL) THEN d.__ivmc_count_max_id WHEN d.__ivmc_max_id = t.__ivmc_max_id THEN t.__ivmc_count_max_id + d.__ivmc_count_max_id ELSE t.__ivmc_count_max_id END
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (customer_id, __ivmc_count, __ivmc_max_id, __ivmc_count_max_id)
      VALUES (d.customer_id, d.__ivmc_count, d.__ivmc_max_id, d.__ivmc_count_max_id);

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v__1 t USING (
        SELECT k.customer_id, x.__ivmc_max_id, x.__ivmc_count_max_id, x.__ivmc_found
        FROM (
          SELECT v__lost.customer_id
          FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
          GROUP BY v__lost.customer_id
        ) k
        LEFT JOIN (
          SELECT o.customer_id,
                 max(o.id) AS __ivmc_max_id,
                 CASE WHEN max(o.id) IS NOT NULL THEN 1::bigint END AS __ivmc_count_max_id,
                 true AS __ivmc_found
          FROM (
                 SELECT v__lost.customer_id
                 FROM (
                        SELECT * FROM (
                          SELECT * FROM pg_temp.v__lost
                          ORDER BY customer_id
                          LIMIT n.lost
                        ) x LIMIT n.lost
                      ) v__lost
                 GROUP BY v__lost.customer_id
               ) groups,
               public.orders o
          WHERE groups.customer_id = o.customer_id
          GROUP BY o.customer_id
        ) x ON x.customer_id = k.customer_id
      ) d ON t.customer_id = d.customer_id
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.__ivmc_max_id, t.__ivmc_count_max_id)::record *<> ROW(d.__ivmc_max_id, d.__ivmc_count_max_id)::record THEN
        UPDATE SET __ivmc_max_id = d.__ivmc_max_id, __ivmc_count_max_id = d.__ivmc_count_max_id;
    END IF;

    -- What changed in the touched groups: old rows out, new rows in
    INSERT INTO pg_temp.v__old
    SELECT t.customer_id AS customer_id, t.__ivmc_max_id AS max, 1
    FROM (SELECT DISTINCT k.customer_id FROM pg_temp.v__groups k LIMIT n.groups) k
    JOIN ivmc.v__1 t ON t.customer_id = k.customer_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.old := n.old + n.step;
    -- changes += net(old)
    INSERT INTO pg_temp.v__changes
    SELECT v__old.customer_id, v__old.max, sum(v__old.__ivmc_weight) AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__old LIMIT n.old) v__old
    GROUP BY v__old.customer_id, v__old.max
    HAVING sum(v__old.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.changes := n.changes + n.step;
  END IF;

  -- Stage v: what the view shows
  IF n.customers_changes > 0 THEN
    -- delta += Δc ⟕ v__1′
    INSERT INTO pg_temp.v__delta
    SELECT c.id, v__1.__ivmc_max_id AS max, c.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT c.id, c.__ivmc_weight
             FROM ivmc.changes_public_customers c
             WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
             ORDER BY id
             LIMIT n.customers_changes
           ) x LIMIT n.customers_changes
         ) c
         LEFT JOIN ivmc.v__1 ON v__1.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.changes > 0 THEN
    -- delta += c′ ⋈ Δv__1
    INSERT INTO pg_temp.v__delta
    SELECT c.id, v__1.max, v__1.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT v__1.customer_id, v__1.max, v__1.__ivmc_weight
             FROM pg_temp.v__changes v__1
             ORDER BY customer_id
             LIMIT n.changes
           ) x LIMIT n.changes
         ) v__1
    WHERE v__1.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.changes > 0 THEN
    -- delta += − Δc ⋈ Δv__1
    INSERT INTO pg_temp.v__delta
    SELECT c.id, v__1.max, -c.__ivmc_weight * v__1.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (
           SELECT v__1.customer_id, v__1.max, v__1.__ivmc_weight
           FROM pg_temp.v__changes v__1
           LIMIT n.changes
         ) v__1
    WHERE v__1.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.changes > 0 THEN
    -- touched += γ(Δv__1)
    INSERT INTO pg_temp.v__touched
    SELECT groups.customer_id, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT v__1.customer_id, coalesce(sum(v__1.__ivmc_weight), 0) AS matches
           FROM (
                  SELECT v__1.customer_id, v__1.__ivmc_weight
                  FROM pg_temp.v__changes v__1
                  LIMIT n.changes
                ) v__1
           GROUP BY v__1.customer_id
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- flips += − flips(touched ⋉ v__1′)
    INSERT INTO pg_temp.v__flips
    SELECT v__touched.customer_id,
           -v__touched.__ivmc_weight * CASE WHEN v__touched.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched
             ORDER BY customer_id
             LIMIT n.touched
           ) x LIMIT n.touched
         ) v__touched
    WHERE NOT EXISTS (
      SELECT FROM ivmc.v__1
      WHERE v__touched.customer_id = v__1.customer_id
      OFFSET greatest(v__touched.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips := n.flips + n.step;
  END IF;
  IF n.flips > 0 THEN
    -- delta += c′ ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT c.id, NULL::integer AS max, v__flips.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips
             ORDER BY customer_id
             LIMIT n.flips
           ) x LIMIT n.flips
         ) v__flips
    WHERE v__flips.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.customers_changes > 0 AND n.flips > 0 THEN
    -- delta += − Δc ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT c.id, NULL::integer AS max, -c.__ivmc_weight * v__flips.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT c.id, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c,
         (SELECT * FROM pg_temp.v__flips LIMIT n.flips) v__flips
    WHERE v__flips.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, v__delta.max, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta.max
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, __ivmc_weight DESC
    ) d ON t.id = d.id
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, max = d.max
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, max)
      VALUES (d.id, d.max);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.lost > 1000 THEN TRUNCATE pg_temp.v__lost; ELSIF n.lost > 0 THEN DELETE FROM pg_temp.v__lost; END IF;
  IF n.old > 1000 THEN TRUNCATE pg_temp.v__old; ELSIF n.old > 0 THEN DELETE FROM pg_temp.v__old; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.flips > 1000 THEN TRUNCATE pg_temp.v__flips; ELSIF n.flips > 0 THEN DELETE FROM pg_temp.v__flips; END IF;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__lost', 'pg_temp.v__old', 'pg_temp.v__changes', 'pg_temp.v__delta', 'pg_temp.v__flips', 'pg_temp.v__touched');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       max AS last
FROM ivmc.v;

-- ==== with or without orders
-- expect: outer, store
-- expect-not: full
SELECT c.id, c.name, o.id AS order_id, o.amount FROM customers c LEFT JOIN orders o ON o.customer_id = c.id;

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per c.id, o.id
-- │     cost   O(Δ)
-- └─ left join on customer_id = c.id
--    │     law    Δ(L ⟕ R) = ΔL ⟕ R′ + (L′ − ΔL) ⋈ ΔR + pad((L′ − ΔL) ⋈ₚ F)
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L)), O(touched p) probes of R for the padding
--    ├─ table customers c
--    └─ table orders o
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.orders (customer_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  name text NOT NULL,
  id_2 integer,
  amount numeric(12,2)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(id, id_2), 0));

INSERT INTO ivmc.v (id, name, id_2, amount)
SELECT c.id, c.name, o.id AS id_2, o.amount
FROM public.customers c
     LEFT JOIN public.orders o ON o.customer_id = c.id;

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
  customers_changes bigint := 0;
  orders_changes bigint := 0;
  delta bigint := 0;
  net bigint := 0;
  step bigint;
  flips bigint := 0;
  touched bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_customers') + pg_relation_size('ivmc.changes_public_orders');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.customers_changes, n.orders_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.customers_changes + n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.customers_changes, n.orders_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes;
    n.pending := n.customers_changes + n.orders_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.customers_changes + 2.5 * n.customers_changes
        + 0.3 * n.orders_changes + 2.5 * n.orders_changes));
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
        INTO n.customers_changes, n.orders_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes;
        n.pending := n.customers_changes + n.orders_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
    IF n.orders_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_orders', n.orders_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id,
           q.name::text AS name,
           q.id_2::integer AS id_2,
           q.amount::numeric(12,2) AS amount
    FROM (
      SELECT c.id, c.name, o.id AS id_2, o.amount
      FROM public.customers c
           LEFT JOIN public.orders o ON o.customer_id = c.id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.id, t.id_2), 0) = hash_record_extended(ROW(d.id, d.id_2), 0) AND t.id = d.id AND t.id_2 IS NOT DISTINCT FROM d.id_2);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.id, t.id_2), 0) = hash_record_extended(ROW(d.id, d.id_2), 0) AND t.id = d.id AND t.id_2 IS NOT DISTINCT FROM d.id_2
    WHEN MATCHED AND ROW(t.id, t.name, t.id_2, t.amount)::record *<> ROW(d.id, d.name, d.id_2, d.amount)::record THEN
      UPDATE SET id = d.id, name = d.name, id_2 = d.id_2, amount = d.amount
    WHEN NOT MATCHED THEN
      INSERT (id, name, id_2, amount)
      VALUES (d.id, d.name, d.id_2, d.amount);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_e81730e1') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta, pg_temp.v__net, pg_temp.v__flips, pg_temp.v__touched;
    CREATE TEMPORARY TABLE v__delta (id integer, name text, id_2 integer, amount numeric(12,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__net (id integer, name text, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__flips (customer_id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched (customer_id integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_e81730e1 ();
  END IF;

  -- Stage v: what the view shows
  IF n.customers_changes > 0 THEN
    -- net += net(Δc)
    INSERT INTO pg_temp.v__net
    SELECT c.id, c.name, sum(c.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT c.id, c.name, c.__ivmc_weight
           FROM ivmc.changes_public_customers c
           WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
           LIMIT n.customers_changes
         ) c
    GROUP BY c.id, c.name
    HAVING sum(c.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- delta += net ⟕ o′
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id, v__net.name, o.id AS id_2, o.amount, v__net.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
         LEFT JOIN public.orders o ON o.customer_id = v__net.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- delta += c′ ⋈ Δo
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.name, o.id AS id_2, o.amount, o.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT o.id, o.customer_id, o.amount, o.__ivmc_weight
             FROM ivmc.changes_public_orders o
             WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
             ORDER BY customer_id
             LIMIT n.orders_changes
           ) x LIMIT n.orders_changes
         ) o
    WHERE o.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.net > 0 AND n.orders_changes > 0 THEN
    -- delta += − net ⋈ Δo
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id,
           v__net.name,
           o.id AS id_2,
           o.amount,
           -v__net.__ivmc_weight * o.__ivmc_weight AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net,
         (
           SELECT o.id, o.customer_id, o.amount, o.__ivmc_weight
           FROM ivmc.changes_public_orders o
           WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) o
    WHERE o.customer_id = v__net.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.orders_changes > 0 THEN
    -- touched += γ(Δo)
    INSERT INTO pg_temp.v__touched
    SELECT groups.customer_id, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT o.customer_id, coalesce(sum(o.__ivmc_weight), 0) AS matches
           FROM (
                  SELECT o.customer_id, o.__ivmc_weight
                  FROM ivmc.changes_public_orders o
                  WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
                  LIMIT n.orders_changes
                ) o
           GROUP BY o.customer_id
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- flips += − flips(touched ⋉ o′)
    INSERT INTO pg_temp.v__flips
    SELECT v__touched.customer_id,
           -v__touched.__ivmc_weight * CASE WHEN v__touched.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched
             ORDER BY customer_id
             LIMIT n.touched
           ) x LIMIT n.touched
         ) v__touched
    WHERE NOT EXISTS (
      SELECT FROM public.orders o
      WHERE v__touched.customer_id = o.customer_id
      OFFSET greatest(v__touched.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips := n.flips + n.step;
  END IF;
  IF n.flips > 0 THEN
    -- delta += c′ ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT c.id, c.name, NULL::integer AS id_2, NULL::numeric(12,2) AS amount, v__flips.__ivmc_weight
    FROM public.customers c,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips
             ORDER BY customer_id
             LIMIT n.flips
           ) x LIMIT n.flips
         ) v__flips
    WHERE v__flips.customer_id = c.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.net > 0 AND n.flips > 0 THEN
    -- delta += − net ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT v__net.id,
           v__net.name,
           NULL::integer AS id_2,
           NULL::numeric(12,2) AS amount,
           -v__net.__ivmc_weight * v__flips.__ivmc_weight AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net,
         (SELECT * FROM pg_temp.v__flips LIMIT n.flips) v__flips
    WHERE v__flips.customer_id = v__net.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id, id_2) *
      FROM (
        SELECT v__delta.id,
               v__delta.name,
               v__delta.id_2,
               v__delta.amount,
               sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta.name, v__delta.id_2, v__delta.amount
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, id_2, __ivmc_weight DESC
    ) d ON hash_record_extended(ROW(t.id, t.id_2), 0) = hash_record_extended(ROW(d.id, d.id_2), 0) AND t.id = d.id AND t.id_2 IS NOT DISTINCT FROM d.id_2
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, name = d.name, id_2 = d.id_2, amount = d.amount
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, name, id_2, amount)
      VALUES (d.id, d.name, d.id_2, d.amount);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF n.flips > 1000 THEN TRUNCATE pg_temp.v__flips; ELSIF n.flips > 0 THEN DELETE FROM pg_temp.v__flips; END IF;
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__delta', 'pg_temp.v__net', 'pg_temp.v__flips', 'pg_temp.v__touched');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       name,
       id_2 AS order_id,
       amount
FROM ivmc.v;

-- ==== one row per tag
-- expect: expand, store
-- expect-not: full
SELECT c.id, t.tag, t.place FROM customers c CROSS JOIN LATERAL unnest(c.tags) WITH ORDINALITY AS t (tag, place);

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id, ordinality
-- │     cost   O(Δ)
-- └─ expand unnest(tags)
--    │     law    Δ expand(R) = expand(ΔR)
--    │     cost   O(Δ · rows that the functions give)
--    │     note   changes are netted first: unnest(tags) could raise an error
--    └─ table customers c

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  t text,
  ordinality bigint NOT NULL,
  PRIMARY KEY (id, ordinality)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id, t, ordinality)
SELECT c.id, t.t, t.ordinality
FROM public.customers c, LATERAL unnest(c.tags) WITH ORDINALITY t (t, ordinality);

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
  customers_changes bigint := 0;
  delta bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_customers b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_customers');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.customers_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_customers b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) customers_changes;
      n.pending := n.customers_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.customers_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_customers b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) customers_changes;
    n.pending := n.customers_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_customers b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.customers_changes + 2.5 * n.customers_changes));
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
        INTO n.customers_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_customers b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) customers_changes;
        n.pending := n.customers_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.customers_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_customers', n.customers_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id, q.t::text AS t, q.ordinality::bigint AS ordinality
    FROM (
      SELECT c.id, t.t, t.ordinality
      FROM public.customers c, LATERAL unnest(c.tags) WITH ORDINALITY t (t, ordinality)
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id AND t.ordinality = d.ordinality);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id AND t.ordinality = d.ordinality
    WHEN MATCHED AND ROW(t.id, t.t, t.ordinality)::record *<> ROW(d.id, d.t, d.ordinality)::record THEN
      UPDATE SET id = d.id, t = d.t, ordinality = d.ordinality
    WHEN NOT MATCHED THEN
      INSERT (id, t, ordinality)
      VALUES (d.id, d.t, d.ordinality);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_0c83f830') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__delta;
    CREATE TEMPORARY TABLE v__delta (id integer, t text, ordinality bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_0c83f830 ();
  END IF;

  -- Stage v: what the view shows
  IF n.customers_changes > 0 THEN
    -- delta += expand(net(Δc))
    INSERT INTO pg_temp.v__delta
    SELECT net.id, t.t, t.ordinality, net.__ivmc_weight
    FROM (
           SELECT c.id, c.tags, sum(c.__ivmc_weight) AS __ivmc_weight
           FROM (
                  SELECT c.id, c.tags, c.__ivmc_weight
                  FROM ivmc.changes_public_customers c
                  WHERE (c.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(c.__ivmc_xid, frontier.snapshot) AND c.__ivmc_xid <> frontier.xid OR c.__ivmc_xid = frontier.xid AND c.__ivmc_seq > frontier.seq)
                  LIMIT n.customers_changes
                ) c
           GROUP BY c.id, c.tags
           HAVING sum(c.__ivmc_weight) <> 0
           OFFSET 0
         ) net,
         LATERAL unnest(net.tags) WITH ORDINALITY t (t, ordinality);
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id, ordinality) *
      FROM (
        SELECT v__delta.id, v__delta.t, v__delta.ordinality, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id, v__delta.t, v__delta.ordinality
        HAVING sum(v__delta.__ivmc_weight) <> 0
      ) net
      ORDER BY id, ordinality, __ivmc_weight DESC
    ) d ON t.id = d.id AND t.ordinality = d.ordinality
    WHEN MATCHED AND d.__ivmc_weight < 0 THEN DELETE
    WHEN MATCHED THEN
      UPDATE SET id = d.id, t = d.t, ordinality = d.ordinality
    WHEN NOT MATCHED AND d.__ivmc_weight > 0 THEN
      INSERT (id, t, ordinality)
      VALUES (d.id, d.t, d.ordinality);
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
SELECT id,
       t AS tag,
       ordinality AS place
FROM ivmc.v;

-- ==== orders with several items, of which only these are kept
-- expect: match, reread, store
-- expect-not: full, aggregate
SELECT o.id FROM orders o WHERE o.id IN (SELECT order_id FROM items GROUP BY order_id HAVING sum(price) > 300);

-- ---- plan
-- public.v: differential refresh
--
-- store the rows
-- │     law    V′ = V + ΔQ
-- │     state  ivmc.v: one row per id
-- │     cost   O(Δ)
-- └─ semi join on id = order_id
--    │     law    Δ(L ▷ R) = ΔL ▷ R′ + (L′ − ΔL) ⋈ₚ F, F(p) = [n′ = 0] − [n = 0]
--    │     cost   O(|ΔL| + touched p) probes of R, O(rows of L with a flipped p)
--    ├─ table orders o
--    └─ stage v__1
--
-- aggregate by order_id: sum
-- │     law    K = δ π_keys(ΔR), A(R′) = A(R) − A(R) ⋉ K + γ(R′ ⋉ K)
-- │     state  ivmc.v__1: the result
-- │     cost   O(Δ) for K, O(rows of the touched groups) to read them through an index on the key
-- │     note   only groups with sum > 300 are kept: a group is a few rows, and soon read
-- └─ table items

-- ---- sql
CREATE TABLE ivmc.v__1 (
  order_id integer NOT NULL,
  sum numeric,
  PRIMARY KEY (order_id)
) WITH (fillfactor = 70);

CREATE TABLE ivmc.v (
  id integer NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (order_id, sum)
SELECT groups.order_id, groups.sum
FROM (
       SELECT items.order_id, sum(items.price) AS sum
       FROM public.items
       GROUP BY items.order_id
     ) groups
WHERE groups.sum > 300;

INSERT INTO ivmc.v (id)
SELECT o.id
FROM public.orders o
WHERE EXISTS (
  SELECT FROM ivmc.v__1
  WHERE o.id = v__1.order_id
);

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
  touched bigint := 0;
  step bigint;
  old bigint := 0;
  changes bigint := 0;
  delta bigint := 0;
  flips bigint := 0;
  touched_2 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_items b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_orders b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_items') + pg_relation_size('ivmc.changes_public_orders');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.items_changes, n.orders_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_items b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) items_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_orders b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) orders_changes;
      n.pending := n.items_changes + n.orders_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.items_changes, n.orders_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_items b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) items_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_orders b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) orders_changes;
    n.pending := n.items_changes + n.orders_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_items b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_orders b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.items_changes + 5.0 * n.items_changes
        + 0.3 * n.orders_changes + 2.5 * n.orders_changes));
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
        INTO n.items_changes, n.orders_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_items b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) items_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_orders b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) orders_changes;
        n.pending := n.items_changes + n.orders_changes;
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
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.order_id::integer AS order_id, q.sum::numeric AS sum
    FROM (
      SELECT groups.order_id, groups.sum
      FROM (
             SELECT items.order_id, sum(items.price) AS sum
             FROM public.items
             GROUP BY items.order_id
           ) groups
      WHERE groups.sum > 300
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE t.order_id = d.order_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON t.order_id = d.order_id
    WHEN MATCHED AND ROW(t.order_id, t.sum)::record *<> ROW(d.order_id, d.sum)::record THEN
      UPDATE SET order_id = d.order_id, sum = d.sum
    WHEN NOT MATCHED THEN
      INSERT (order_id, sum)
      VALUES (d.order_id, d.sum);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id
    FROM (
      SELECT o.id
      FROM public.orders o
      WHERE EXISTS (
        SELECT FROM ivmc.v__1
        WHERE o.id = v__1.order_id
      )
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

  IF to_regclass('pg_temp.v__made_e4a45e15') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__touched, pg_temp.v__old, pg_temp.v__changes, pg_temp.v__delta, pg_temp.v__flips, pg_temp.v__touched_2;
    CREATE TEMPORARY TABLE v__touched (order_id integer);
    CREATE TEMPORARY TABLE v__old (order_id integer, sum numeric, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__changes (order_id integer, sum numeric, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__delta (id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__flips (order_id integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__touched_2 (order_id integer, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_e4a45e15 ();
  END IF;

  -- Stage v__1

  -- Touched groups: those with a net change that can pass HAVING
  IF n.items_changes > 0 THEN
    -- touched += γ(Δitems) mark v__1′
    INSERT INTO pg_temp.v__touched
    SELECT groups.order_id
    FROM (
           SELECT items.order_id, coalesce(sum(items.__ivmc_weight * items.price), 0) AS risen
           FROM (
                  SELECT * FROM (
                    SELECT items.order_id, items.price, items.__ivmc_weight
                    FROM ivmc.changes_public_items items
                    WHERE (items.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(items.__ivmc_xid, frontier.snapshot) AND items.__ivmc_xid <> frontier.xid OR items.__ivmc_xid = frontier.xid AND items.__ivmc_seq > frontier.seq)
                    ORDER BY order_id
                    LIMIT n.items_changes
                  ) x LIMIT n.items_changes
                ) items
           GROUP BY items.order_id
         ) groups
    WHERE (groups.risen > 0 OR EXISTS (
      SELECT FROM ivmc.v__1
      WHERE groups.order_id = v__1.order_id
    ));
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- The old rows of the touched groups
    INSERT INTO pg_temp.v__old
    SELECT t.order_id AS order_id, t.sum AS sum, -1
    FROM (SELECT DISTINCT k.order_id FROM pg_temp.v__touched k LIMIT n.touched) k
    JOIN ivmc.v__1 t ON t.order_id = k.order_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.old := n.old + n.step;

    -- Read the groups again
    IF n.touched > 0 THEN
      MERGE INTO ivmc.v__1 t USING (
        SELECT k.order_id, x.sum, x.__ivmc_found
        FROM (
          SELECT v__touched.order_id
          FROM (SELECT * FROM pg_temp.v__touched LIMIT n.touched) v__touched
          GROUP BY v__touched.order_id
        ) k
        LEFT JOIN (
          SELECT groups_2.order_id, groups_2.sum, true AS __ivmc_found
          FROM (
                 SELECT items.order_id, sum(items.price) AS sum
                 FROM (
                        SELECT v__touched.order_id
                        FROM (
                               SELECT * FROM (
                                 SELECT * FROM pg_temp.v__touched
                                 ORDER BY order_id
                                 LIMIT n.touched
                               ) x LIMIT n.touched
                             ) v__touched
                        GROUP BY v__touched.order_id
                      ) groups,
                      public.items
                 WHERE groups.order_id = items.order_id
                 GROUP BY items.order_id
               ) groups_2
          WHERE groups_2.sum > 300
        ) x ON x.order_id = k.order_id
      ) d ON t.order_id = d.order_id
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.sum)::record *<> ROW(d.sum)::record THEN
        UPDATE SET sum = d.sum
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (order_id, sum)
        VALUES (d.order_id, d.sum);
    END IF;

    -- What changed in the touched groups: old rows out, new rows in
    INSERT INTO pg_temp.v__old
    SELECT t.order_id AS order_id, t.sum AS sum, 1
    FROM (SELECT DISTINCT k.order_id FROM pg_temp.v__touched k LIMIT n.touched) k
    JOIN ivmc.v__1 t ON t.order_id = k.order_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.old := n.old + n.step;
    -- changes += net(old)
    INSERT INTO pg_temp.v__changes
    SELECT v__old.order_id, v__old.sum, sum(v__old.__ivmc_weight) AS __ivmc_weight
    FROM (SELECT * FROM pg_temp.v__old LIMIT n.old) v__old
    GROUP BY v__old.order_id, v__old.sum, record_send(ROW(v__old.sum))
    HAVING sum(v__old.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.changes := n.changes + n.step;
  END IF;

  -- Stage v: what the view shows
  IF n.orders_changes > 0 THEN
    -- delta += Δo ⋉ v__1′
    INSERT INTO pg_temp.v__delta
    SELECT o.id, o.__ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT o.id, o.__ivmc_weight
             FROM ivmc.changes_public_orders o
             WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
             ORDER BY id
             LIMIT n.orders_changes
           ) x LIMIT n.orders_changes
         ) o
    WHERE EXISTS (
      SELECT FROM ivmc.v__1
      WHERE o.id = v__1.order_id
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.changes > 0 THEN
    -- touched_2 += γ(Δv__1)
    INSERT INTO pg_temp.v__touched_2
    SELECT groups.order_id, groups.matches, 1 AS __ivmc_weight
    FROM (
           SELECT v__1.order_id, coalesce(sum(v__1.__ivmc_weight), 0) AS matches
           FROM (
                  SELECT v__1.order_id, v__1.__ivmc_weight
                  FROM pg_temp.v__changes v__1
                  LIMIT n.changes
                ) v__1
           GROUP BY v__1.order_id
         ) groups
    WHERE groups.matches <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched_2 := n.touched_2 + n.step;
  END IF;
  IF n.touched_2 > 0 THEN
    -- flips += flips(touched_2 ⋉ v__1′)
    INSERT INTO pg_temp.v__flips
    SELECT v__touched_2.order_id,
           v__touched_2.__ivmc_weight * CASE WHEN v__touched_2.matches > 0 THEN 1 ELSE -1 END AS __ivmc_weight
    FROM (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__touched_2
             ORDER BY order_id
             LIMIT n.touched_2
           ) x LIMIT n.touched_2
         ) v__touched_2
    WHERE NOT EXISTS (
      SELECT FROM ivmc.v__1
      WHERE v__touched_2.order_id = v__1.order_id
      OFFSET greatest(v__touched_2.matches, 0)
    );
    GET DIAGNOSTICS step = ROW_COUNT; n.flips := n.flips + n.step;
  END IF;
  IF n.flips > 0 THEN
    -- delta += o′ ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT o.id, v__flips.__ivmc_weight
    FROM public.orders o,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__flips
             ORDER BY order_id
             LIMIT n.flips
           ) x LIMIT n.flips
         ) v__flips
    WHERE o.id = v__flips.order_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.orders_changes > 0 AND n.flips > 0 THEN
    -- delta += − Δo ⋈ flips
    INSERT INTO pg_temp.v__delta
    SELECT o.id, -o.__ivmc_weight * v__flips.__ivmc_weight AS __ivmc_weight
    FROM (
           SELECT o.id, o.__ivmc_weight
           FROM ivmc.changes_public_orders o
           WHERE (o.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(o.__ivmc_xid, frontier.snapshot) AND o.__ivmc_xid <> frontier.xid OR o.__ivmc_xid = frontier.xid AND o.__ivmc_seq > frontier.seq)
           LIMIT n.orders_changes
         ) o,
         (SELECT * FROM pg_temp.v__flips LIMIT n.flips) v__flips
    WHERE o.id = v__flips.order_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.delta := n.delta + n.step;
  END IF;
  IF n.delta > 0 THEN
    -- MERGE: net rows by key
    MERGE INTO ivmc.v t USING (
      SELECT DISTINCT ON (id) *
      FROM (
        SELECT v__delta.id, sum(v__delta.__ivmc_weight) AS __ivmc_weight
        FROM (SELECT * FROM pg_temp.v__delta LIMIT n.delta) v__delta
        GROUP BY v__delta.id
        HAVING sum(v__delta.__ivmc_weight) <> 0
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
  IF n.touched > 1000 THEN TRUNCATE pg_temp.v__touched; ELSIF n.touched > 0 THEN DELETE FROM pg_temp.v__touched; END IF;
  IF n.old > 1000 THEN TRUNCATE pg_temp.v__old; ELSIF n.old > 0 THEN DELETE FROM pg_temp.v__old; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.delta > 1000 THEN TRUNCATE pg_temp.v__delta; ELSIF n.delta > 0 THEN DELETE FROM pg_temp.v__delta; END IF;
  IF n.flips > 1000 THEN TRUNCATE pg_temp.v__flips; ELSIF n.flips > 0 THEN DELETE FROM pg_temp.v__flips; END IF;
  IF n.touched_2 > 1000 THEN TRUNCATE pg_temp.v__touched_2; ELSIF n.touched_2 > 0 THEN DELETE FROM pg_temp.v__touched_2; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__touched', 'pg_temp.v__old', 'pg_temp.v__changes', 'pg_temp.v__delta', 'pg_temp.v__flips', 'pg_temp.v__touched_2');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id
FROM ivmc.v;
