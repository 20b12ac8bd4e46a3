CREATE TABLE sales (id int PRIMARY KEY, region text NOT NULL, product int, amount numeric(10,2) NOT NULL);

-- ==== totals by region and product, by region, and of all
-- expect: aggregate, union, join
-- expect-not: reread, full, store
SELECT region, product, grouping(product) AS total, sum(amount) AS amount, count(*) AS n
FROM sales GROUP BY ROLLUP (region, product);

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by set, region, product: sum, count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 4 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ union all
--    ├─ compute CASE WHEN set IN (0, 1) THEN region END, CASE WHEN set IN (0) THEN product END, true
--    │  └─ cross join
--    │     │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    │     ├─ table sales
--    │     └─ constant rows
--    └─ constant rows

-- ---- sql
CREATE TABLE ivmc.v (
  set integer NOT NULL,
  region text,
  product integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_amount bigint NOT NULL,
  __ivmc_sum_amount numeric NOT NULL,
  __ivmc_count_is_row bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(set, region, product), 0));

INSERT INTO ivmc.v (set, region, product, __ivmc_count, __ivmc_count_amount, __ivmc_sum_amount, __ivmc_count_is_row)
SELECT terms.set,
       terms.region,
       terms.product,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE terms.amount IS NOT NULL) AS __ivmc_count_amount,
       coalesce(sum(terms.amount), 0) AS __ivmc_sum_amount,
       count(*) FILTER (WHERE terms.is_row) AS __ivmc_count_is_row
FROM (
       SELECT "values".set,
              CASE WHEN "values".set IN (0, 1) THEN sales.region END AS region,
              CASE WHEN "values".set IN (0) THEN sales.product END AS product,
              sales.amount,
              true AS is_row
       FROM public.sales, (VALUES (0), (1), (2)) "values" (set)
       UNION ALL
       SELECT values_2.set, values_2.region, values_2.product, values_2.amount, values_2.is_row
       FROM (VALUES (2, NULL::text, NULL::integer, NULL::numeric(10,2), false)) values_2 (set, region, product, amount, is_row)
     ) terms
GROUP BY terms.set, terms.region, terms.product;

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
  sales_changes bigint := 0;
  groups bigint := 0;
  net bigint := 0;
  step bigint;
  lost bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_sales b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_sales');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.sales_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_sales b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) sales_changes;
      n.pending := n.sales_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.sales_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_sales b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) sales_changes;
    n.pending := n.sales_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_sales b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.sales_changes + 2.5 * n.sales_changes));
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
        INTO n.sales_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_sales b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) sales_changes;
        n.pending := n.sales_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.sales_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_sales', n.sales_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.set::integer AS set,
           q.region::text AS region,
           q.product::integer AS product,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_amount::bigint AS __ivmc_count_amount,
           q.__ivmc_sum_amount::numeric AS __ivmc_sum_amount,
           q.__ivmc_count_is_row::bigint AS __ivmc_count_is_row
    FROM (
      SELECT terms.set,
             terms.region,
             terms.product,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE terms.amount IS NOT NULL) AS __ivmc_count_amount,
             coalesce(sum(terms.amount), 0) AS __ivmc_sum_amount,
             count(*) FILTER (WHERE terms.is_row) AS __ivmc_count_is_row
      FROM (
             SELECT "values".set,
                    CASE WHEN "values".set IN (0, 1) THEN sales.region END AS region,
                    CASE WHEN "values".set IN (0) THEN sales.product END AS product,
                    sales.amount,
                    true AS is_row
             FROM public.sales, (VALUES (0), (1), (2)) "values" (set)
             UNION ALL
             SELECT values_2.set, values_2.region, values_2.product, values_2.amount, values_2.is_row
             FROM (VALUES (2, NULL::text, NULL::integer, NULL::numeric(10,2), false)) values_2 (set, region, product, amount, is_row)
           ) terms
      GROUP BY terms.set, terms.region, terms.product
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
    WHEN MATCHED AND ROW(t.set, t.region, t.product, t.__ivmc_count, t.__ivmc_count_amount, t.__ivmc_sum_amount, t.__ivmc_count_is_row)::record *<> ROW(d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_count_amount, d.__ivmc_sum_amount, d.__ivmc_count_is_row)::record THEN
      UPDATE SET set = d.set,
                 region = d.region,
                 product = d.product,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_amount = d.__ivmc_count_amount,
                 __ivmc_sum_amount = d.__ivmc_sum_amount,
                 __ivmc_count_is_row = d.__ivmc_count_is_row
    WHEN NOT MATCHED THEN
      INSERT (set, region, product, __ivmc_count, __ivmc_count_amount, __ivmc_sum_amount, __ivmc_count_is_row)
      VALUES (d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_count_amount, d.__ivmc_sum_amount, d.__ivmc_count_is_row);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_a23b1633') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__net, pg_temp.v__lost;
    CREATE TEMPORARY TABLE v__groups (set integer, region text, product integer, __ivmc_count numeric, __ivmc_count_amount numeric, __ivmc_sum_amount numeric, __ivmc_count_is_row numeric);
    CREATE TEMPORARY TABLE v__net (region text, product integer, amount numeric(10,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__lost (set integer, region text, product integer);
    CREATE TEMPORARY TABLE v__made_a23b1633 ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.sales_changes > 0 THEN
    -- net += net(Δsales)
    INSERT INTO pg_temp.v__net
    SELECT sales.region, sales.product, sales.amount, sum(sales.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT sales.region, sales.product, sales.amount, sales.__ivmc_weight
           FROM ivmc.changes_public_sales sales
           WHERE (sales.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(sales.__ivmc_xid, frontier.snapshot) AND sales.__ivmc_xid <> frontier.xid OR sales.__ivmc_xid = frontier.xid AND sales.__ivmc_seq > frontier.seq)
           LIMIT n.sales_changes
         ) sales
    GROUP BY sales.region, sales.product, sales.amount
    HAVING sum(sales.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- groups += γ(net ⋈ values)
    INSERT INTO pg_temp.v__groups
    SELECT "values".set,
           CASE WHEN "values".set IN (0, 1) THEN v__net.region END AS region,
           CASE WHEN "values".set IN (0) THEN v__net.product END AS product,
           v__net.__ivmc_weight * count(*) AS __ivmc_count,
           v__net.__ivmc_weight * count(*) FILTER (WHERE v__net.amount IS NOT NULL) AS __ivmc_count_amount,
           v__net.__ivmc_weight * coalesce(sum(v__net.amount), 0) AS __ivmc_sum_amount,
           v__net.__ivmc_weight * count(*) FILTER (WHERE true) AS __ivmc_count_is_row
    FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net, (VALUES (0), (1), (2)) "values" (set)
    GROUP BY "values".set,
             CASE WHEN "values".set IN (0, 1) THEN v__net.region END,
             CASE WHEN "values".set IN (0) THEN v__net.product END,
             v__net.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT DISTINCT d.set, d.region, d.product
    FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) d
    WHERE d.__ivmc_sum_amount IN ('NaN', 'Infinity', '-Infinity');
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.set,
             g.region,
             g.product,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_amount) AS __ivmc_count_amount,
             sum(g.__ivmc_sum_amount) AS __ivmc_sum_amount,
             sum(g.__ivmc_count_is_row) AS __ivmc_count_is_row
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.set, g.region, g.product
      ORDER BY g.set, g.region, g.product
    ) d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_amount <> 0 OR d.__ivmc_sum_amount <> 0 OR d.__ivmc_count_is_row <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_amount = (t.__ivmc_count_amount + d.__ivmc_count_amount)::bigint,
                 __ivmc_sum_amount = t.__ivmc_sum_amount + d.__ivmc_sum_amount,
                 __ivmc_count_is_row = (t.__ivmc_count_is_row + d.__ivmc_count_is_row)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (set, region, product, __ivmc_count, __ivmc_count_amount, __ivmc_sum_amount, __ivmc_count_is_row)
      VALUES (d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_count_amount, d.__ivmc_sum_amount, d.__ivmc_count_is_row);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT k.set,
               k.region,
               k.product,
               x.__ivmc_count,
               x.__ivmc_count_amount,
               x.__ivmc_sum_amount,
               x.__ivmc_count_is_row,
               x.__ivmc_found
        FROM (
          SELECT v__lost.set, v__lost.region, v__lost.product
          FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
          WHERE v__lost.region IS NOT NULL
            AND v__lost.product IS NOT NULL
          GROUP BY v__lost.set, v__lost.region, v__lost.product
        ) k
        LEFT JOIN (
          SELECT terms.set,
                 terms.region,
                 terms.product,
                 count(*) AS __ivmc_count,
                 count(*) FILTER (WHERE terms.amount IS NOT NULL) AS __ivmc_count_amount,
                 coalesce(sum(terms.amount), 0) AS __ivmc_sum_amount,
                 count(*) FILTER (WHERE terms.is_row) AS __ivmc_count_is_row,
                 true AS __ivmc_found
          FROM (
                 SELECT v__lost.set, v__lost.region, v__lost.product
                 FROM (
                        SELECT * FROM (
                          SELECT * FROM pg_temp.v__lost
                          ORDER BY set, region, product
                          LIMIT n.lost
                        ) x LIMIT n.lost
                      ) v__lost
                 WHERE v__lost.region IS NOT NULL
                   AND v__lost.product IS NOT NULL
                 GROUP BY v__lost.set, v__lost.region, v__lost.product
               ) groups,
               (
                 SELECT "values".set,
                        CASE WHEN "values".set IN (0, 1) THEN sales.region END AS region,
                        CASE WHEN "values".set IN (0) THEN sales.product END AS product,
                        sales.amount,
                        true AS is_row
                 FROM public.sales, (VALUES (0), (1), (2)) "values" (set)
                 UNION ALL
                 SELECT values_2.set, values_2.region, values_2.product, values_2.amount, values_2.is_row
                 FROM (VALUES (2, NULL::text, NULL::integer, NULL::numeric(10,2), false)) values_2 (set, region, product, amount, is_row)
               ) terms
          WHERE groups.set = terms.set
            AND groups.region = terms.region
            AND groups.product = terms.product
          GROUP BY terms.set, terms.region, terms.product
        ) x ON hash_record_extended(ROW(x.set, x.region, x.product), 0) = hash_record_extended(ROW(k.set, k.region, k.product), 0) AND x.set = k.set AND x.region IS NOT DISTINCT FROM k.region AND x.product IS NOT DISTINCT FROM k.product
      ) d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_count_amount, t.__ivmc_sum_amount, t.__ivmc_count_is_row)::record *<> ROW(d.__ivmc_count, d.__ivmc_count_amount, d.__ivmc_sum_amount, d.__ivmc_count_is_row)::record THEN
        UPDATE SET __ivmc_count = d.__ivmc_count,
                   __ivmc_count_amount = d.__ivmc_count_amount,
                   __ivmc_sum_amount = d.__ivmc_sum_amount,
                   __ivmc_count_is_row = d.__ivmc_count_is_row
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (set, region, product, __ivmc_count, __ivmc_count_amount, __ivmc_sum_amount, __ivmc_count_is_row)
        VALUES (d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_count_amount, d.__ivmc_sum_amount, d.__ivmc_count_is_row);
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      IF EXISTS (SELECT FROM pg_temp.v__lost k WHERE k.region IS NULL OR k.product IS NULL) THEN
        MERGE INTO ivmc.v t USING (
          SELECT k.set,
                 k.region,
                 k.product,
                 x.__ivmc_count,
                 x.__ivmc_count_amount,
                 x.__ivmc_sum_amount,
                 x.__ivmc_count_is_row,
                 x.__ivmc_found
          FROM (
            SELECT v__lost.set, v__lost.region, v__lost.product
            FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
            WHERE (v__lost.region IS NULL OR v__lost.product IS NULL)
            GROUP BY v__lost.set, v__lost.region, v__lost.product
          ) k
          LEFT JOIN (
            SELECT terms.set,
                   terms.region,
                   terms.product,
                   count(*) AS __ivmc_count,
                   count(*) FILTER (WHERE terms.amount IS NOT NULL) AS __ivmc_count_amount,
                   coalesce(sum(terms.amount), 0) AS __ivmc_sum_amount,
                   count(*) FILTER (WHERE terms.is_row) AS __ivmc_count_is_row,
                   true AS __ivmc_found
            FROM (
                   SELECT v__lost.set, v__lost.region, v__lost.product
                   FROM (
                          SELECT * FROM (
                            SELECT * FROM pg_temp.v__lost
                            ORDER BY set
                            LIMIT n.lost
                          ) x LIMIT n.lost
                        ) v__lost
                   WHERE (v__lost.region IS NULL OR v__lost.product IS NULL)
                   GROUP BY v__lost.set, v__lost.region, v__lost.product
                 ) groups,
                 (
                   SELECT "values".set,
                          CASE WHEN "values".set IN (0, 1) THEN sales.region END AS region,
                          CASE WHEN "values".set IN (0) THEN sales.product END AS product,
                          sales.amount,
                          true AS is_row
                   FROM public.sales, (VALUES (0), (1), (2)) "values" (set)
                   UNION ALL
                   SELECT values_2.set, values_2.region, values_2.product, values_2.amount, values_2.is_row
                   FROM (VALUES (2, NULL::text, NULL::integer, NULL::numeric(10,2), false)) values_2 (set, region, product, amount, is_row)
                 ) terms
            WHERE groups.set = terms.set
              AND (groups.region = terms.region OR groups.region IS NULL AND terms.region IS NULL)
              AND (groups.product = terms.product OR groups.product IS NULL AND terms.product IS NULL)
            GROUP BY terms.set, terms.region, terms.product
          ) x ON hash_record_extended(ROW(x.set, x.region, x.product), 0) = hash_record_extended(ROW(k.set, k.region, k.product), 0) AND x.set = k.set AND x.region IS NOT DISTINCT FROM k.region AND x.product IS NOT DISTINCT FROM k.product
        ) d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
        WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
        WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_count_amount, t.__ivmc_sum_amount, t.__ivmc_count_is_row)::record *<> ROW(d.__ivmc_count, d.__ivmc_count_amount, d.__ivmc_sum_amount, d.__ivmc_count_is_row)::record THEN
          UPDATE SET __ivmc_count = d.__ivmc_count,
                     __ivmc_count_amount = d.__ivmc_count_amount,
                     __ivmc_sum_amount = d.__ivmc_sum_amount,
                     __ivmc_count_is_row = d.__ivmc_count_is_row
        WHEN NOT MATCHED AND d.__ivmc_found THEN
          INSERT (set, region, product, __ivmc_count, __ivmc_count_amount, __ivmc_sum_amount, __ivmc_count_is_row)
          VALUES (d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_count_amount, d.__ivmc_sum_amount, d.__ivmc_count_is_row);
        GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      END IF;
    END IF;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF n.lost > 1000 THEN TRUNCATE pg_temp.v__lost; ELSIF n.lost > 0 THEN DELETE FROM pg_temp.v__lost; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__net', 'pg_temp.v__lost');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT region,
       product,
       CASE set WHEN 0 THEN 0 WHEN 1 THEN 1 WHEN 2 THEN 1 END AS total,
       CASE WHEN __ivmc_count_amount > 0 THEN __ivmc_sum_amount END AS amount,
       __ivmc_count_is_row AS n
FROM ivmc.v;

-- ==== two sets, neither of them empty
-- expect: aggregate, join
-- expect-not: union, reread, full, store
SELECT region, product, max(amount) AS largest FROM sales GROUP BY GROUPING SETS ((region), (product));

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by set, region, product: max
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 1 count, 1 extremum per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- │     note   groups that lose an extremum are read again
-- └─ stage v__1
--
-- aggregate by set, region, product, amount: distinct rows
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ compute CASE WHEN set IN (0) THEN region END, CASE WHEN set IN (1) THEN product END
--    └─ cross join
--       │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--       │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--       ├─ table sales
--       └─ constant rows

-- ---- sql
CREATE TABLE ivmc.v__1 (
  set integer NOT NULL,
  region text,
  product integer,
  amount numeric(10,2) NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v__1 (hash_record_extended(ROW(set, region, product, amount), 0));

CREATE INDEX ON ivmc.v__1 (set, region, product);

CREATE TABLE ivmc.v (
  set integer NOT NULL,
  region text,
  product integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_max_amount numeric,
  __ivmc_count_max_amount bigint
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(set, region, product), 0));

INSERT INTO ivmc.v__1 (set, region, product, amount, __ivmc_count)
SELECT "values".set,
       CASE WHEN "values".set IN (0) THEN sales.region END AS region,
       CASE WHEN "values".set IN (1) THEN sales.product END AS product,
       sales.amount,
       count(*) AS __ivmc_count
FROM public.sales, (VALUES (0), (1)) "values" (set)
GROUP BY "values".set,
         CASE WHEN "values".set IN (0) THEN sales.region END,
         CASE WHEN "values".set IN (1) THEN sales.product END,
         sales.amount;

INSERT INTO ivmc.v (set, region, product, __ivmc_count, __ivmc_max_amount, __ivmc_count_max_amount)
SELECT v__1.set,
       v__1.region,
       v__1.product,
       count(*) AS __ivmc_count,
       max(v__1.amount) AS __ivmc_max_amount,
       CASE WHEN max(v__1.amount) IS NOT NULL THEN 1::bigint END AS __ivmc_count_max_amount
FROM ivmc.v__1
GROUP BY v__1.set, v__1.region, v__1.product;

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
  sales_changes bigint := 0;
  groups bigint := 0;
  net bigint := 0;
  step bigint;
  moved bigint := 0;
  changes bigint := 0;
  groups_2 bigint := 0;
  lost bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_sales b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_sales');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.sales_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_sales b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) sales_changes;
      n.pending := n.sales_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.sales_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_sales b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) sales_changes;
    n.pending := n.sales_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_sales b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.sales_changes + 5.0 * n.sales_changes));
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
        INTO n.sales_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_sales b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) sales_changes;
        n.pending := n.sales_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.sales_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_sales', n.sales_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.set::integer AS set,
           q.region::text AS region,
           q.product::integer AS product,
           q.amount::numeric(10,2) AS amount,
           q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT "values".set,
             CASE WHEN "values".set IN (0) THEN sales.region END AS region,
             CASE WHEN "values".set IN (1) THEN sales.product END AS product,
             sales.amount,
             count(*) AS __ivmc_count
      FROM public.sales, (VALUES (0), (1)) "values" (set)
      GROUP BY "values".set,
               CASE WHEN "values".set IN (0) THEN sales.region END,
               CASE WHEN "values".set IN (1) THEN sales.product END,
               sales.amount
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE hash_record_extended(ROW(t.set, t.region, t.product, t.amount), 0) = hash_record_extended(ROW(d.set, d.region, d.product, d.amount), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product AND t.amount = d.amount);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON hash_record_extended(ROW(t.set, t.region, t.product, t.amount), 0) = hash_record_extended(ROW(d.set, d.region, d.product, d.amount), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product AND t.amount = d.amount
    WHEN MATCHED AND ROW(t.set, t.region, t.product, t.amount, t.__ivmc_count)::record *<> ROW(d.set, d.region, d.product, d.amount, d.__ivmc_count)::record THEN
      UPDATE SET set = d.set,
                 region = d.region,
                 product = d.product,
                 amount = d.amount,
                 __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (set, region, product, amount, __ivmc_count)
      VALUES (d.set, d.region, d.product, d.amount, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.set::integer AS set,
           q.region::text AS region,
           q.product::integer AS product,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_max_amount::numeric AS __ivmc_max_amount,
           q.__ivmc_count_max_amount::bigint AS __ivmc_count_max_amount
    FROM (
      SELECT v__1.set,
             v__1.region,
             v__1.product,
             count(*) AS __ivmc_count,
             max(v__1.amount) AS __ivmc_max_amount,
             CASE WHEN max(v__1.amount) IS NOT NULL THEN 1::bigint END AS __ivmc_count_max_amount
      FROM ivmc.v__1
      GROUP BY v__1.set, v__1.region, v__1.product
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
    WHEN MATCHED AND ROW(t.set, t.region, t.product, t.__ivmc_count, t.__ivmc_max_amount, t.__ivmc_count_max_amount)::record *<> ROW(d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_max_amount, d.__ivmc_count_max_amount)::record THEN
      UPDATE SET set = d.set,
                 region = d.region,
                 product = d.product,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_max_amount = d.__ivmc_max_amount,
                 __ivmc_count_max_amount = d.__ivmc_count_max_amount
    WHEN NOT MATCHED THEN
      INSERT (set, region, product, __ivmc_count, __ivmc_max_amount, __ivmc_count_max_amount)
      VALUES (d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_max_amount, d.__ivmc_count_max_amount);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_4b5a537f') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__net, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__groups_2, pg_temp.v__lost;
    CREATE TEMPORARY TABLE v__groups (set integer, region text, product integer, amount numeric(10,2), __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__net (region text, product integer, amount numeric(10,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__moved (set integer, region text, product integer, amount numeric(10,2), __ivmc_count bigint, __ivmc_count_was bigint);
    CREATE TEMPORARY TABLE v__changes (set integer, region text, product integer, amount numeric(10,2), __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__groups_2 (set integer, region text, product integer, __ivmc_count numeric, __ivmc_max_amount numeric, __ivmc_count_max_amount bigint);
    CREATE TEMPORARY TABLE v__lost (set integer, region text, product integer);
    CREATE TEMPORARY TABLE v__made_4b5a537f ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.sales_changes > 0 THEN
    -- net += net(Δsales)
    INSERT INTO pg_temp.v__net
    SELECT sales.region, sales.product, sales.amount, sum(sales.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT sales.region, sales.product, sales.amount, sales.__ivmc_weight
           FROM ivmc.changes_public_sales sales
           WHERE (sales.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(sales.__ivmc_xid, frontier.snapshot) AND sales.__ivmc_xid <> frontier.xid OR sales.__ivmc_xid = frontier.xid AND sales.__ivmc_seq > frontier.seq)
           LIMIT n.sales_changes
         ) sales
    GROUP BY sales.region, sales.product, sales.amount
    HAVING sum(sales.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- groups += γ(net ⋈ values)
    INSERT INTO pg_temp.v__groups
    SELECT "values".set,
           CASE WHEN "values".set IN (0) THEN v__net.region END AS region,
           CASE WHEN "values".set IN (1) THEN v__net.product END AS product,
           v__net.amount,
           v__net.__ivmc_weight * count(*) AS __ivmc_count
    FROM (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net, (VALUES (0), (1)) "values" (set)
    GROUP BY "values".set,
             CASE WHEN "values".set IN (0) THEN v__net.region END,
             CASE WHEN "values".set IN (1) THEN v__net.product END,
             v__net.amount,
             v__net.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.set,
           g.region,
           g.product,
           g.amount,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           t.__ivmc_count AS __ivmc_count_was
    FROM (
      SELECT g.set, g.region, g.product, g.amount, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.set, g.region, g.product, g.amount
      HAVING sum(g.__ivmc_count) <> 0
      ORDER BY g.set, g.region, g.product, g.amount
    ) g
    LEFT JOIN ivmc.v__1 t ON hash_record_extended(ROW(t.set, t.region, t.product, t.amount), 0) = hash_record_extended(ROW(g.set, g.region, g.product, g.amount), 0) AND t.set = g.set AND t.region IS NOT DISTINCT FROM g.region AND t.product IS NOT DISTINCT FROM g.product AND t.amount = g.amount;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON hash_record_extended(ROW(t.set, t.region, t.product, t.amount), 0) = hash_record_extended(ROW(d.set, d.region, d.product, d.amount), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product AND t.amount = d.amount
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (set, region, product, amount, __ivmc_count)
        VALUES (d.set, d.region, d.product, d.amount, d.__ivmc_count);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.set, terms.region, terms.product, terms.amount, terms.__ivmc_weight
      FROM (
             SELECT v__moved.set, v__moved.region, v__moved.product, v__moved.amount, 1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.set, v__moved_2.region, v__moved_2.product, v__moved_2.amount, -1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved_2
             WHERE v__moved_2.__ivmc_count_was IS NOT NULL
           ) terms;
      GET DIAGNOSTICS step = ROW_COUNT; n.changes := n.changes + n.step;
    END IF;
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.changes > 0 THEN
    -- groups_2 += γ(γ(Δv__1) + γ(net(Δv__1)))
    INSERT INTO pg_temp.v__groups_2
    SELECT terms.set,
           terms.region,
           terms.product,
           max(terms.count) AS __ivmc_count,
           min(terms.max_amount) AS __ivmc_max_amount,
           max(terms.count_max_amount) AS __ivmc_count_max_amount
    FROM (
           SELECT groups.set,
                  groups.region,
                  groups.product,
                  groups.count,
                  NULL::numeric AS max_amount,
                  NULL::bigint AS count_max_amount
           FROM (
                  SELECT v__1.set, v__1.region, v__1.product, coalesce(sum(v__1.__ivmc_weight), 0) AS count
                  FROM (
                         SELECT v__1.set, v__1.region, v__1.product, v__1.amount, v__1.__ivmc_weight
                         FROM pg_temp.v__changes v__1
                         LIMIT n.changes
                       ) v__1
                  GROUP BY v__1.set, v__1.region, v__1.product
                ) groups
           UNION ALL
           SELECT groups_2.set,
                  groups_2.region,
                  groups_2.product,
                  NULL::bigint AS count,
                  groups_2.max_amount,
                  groups_2.count_max_amount
           FROM (
                  SELECT net.set,
                         net.region,
                         net.product,
                         max(net.max_amount) AS max_amount,
                         (array_agg(net.__ivmc_weight ORDER BY net.max_amount DESC))[1] AS count_max_amount
                  FROM (
                         SELECT v__1_2.set,
                                v__1_2.region,
                                v__1_2.product,
                                v__1_2.amount AS max_amount,
                                sum(v__1_2.__ivmc_weight) AS __ivmc_weight
                         FROM (
                                SELECT v__1_2.set, v__1_2.region, v__1_2.product, v__1_2.amount, v__1_2.__ivmc_weight
                                FROM pg_temp.v__changes v__1_2
                                LIMIT n.changes
                              ) v__1_2
                         WHERE v__1_2.amount IS NOT NULL
                         GROUP BY v__1_2.set, v__1_2.region, v__1_2.product, v__1_2.amount, record_send(ROW(v__1_2.amount))
                         HAVING sum(v__1_2.__ivmc_weight) <> 0
                         OFFSET 0
                       ) net
                  GROUP BY net.set, net.region, net.product
                ) groups_2
         ) terms
    GROUP BY terms.set, terms.region, terms.product;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.groups_2 > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT DISTINCT d.set, d.region, d.product
    FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) d
    LEFT JOIN ivmc.v t ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
    WHERE d.__ivmc_max_amount = t.__ivmc_max_amount AND (t.__ivmc_count_max_amount + d.__ivmc_count_max_amount <= 0 OR ROW(d.__ivmc_max_amount)::record *<> ROW(t.__ivmc_max_amount)::record)
       OR d.__ivmc_count_max_amount < 0 AND (d.__ivmc_max_amount > t.__ivmc_max_amount OR (t.__ivmc_max_amount IS NULL AND d.__ivmc_max_amount IS NOT NULL));
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.set, g.region, g.product, g.__ivmc_count, g.__ivmc_max_amount, g.__ivmc_count_max_amount
      FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) g
      ORDER BY g.set, g.region, g.product
    ) d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_max_amount IS NOT NULL) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_max_amount = CASE WHEN d.__ivmc_max_amount > t.__ivmc_max_amount OR (t.__ivmc_max_amount IS NULL AND d.__ivmc_max_amount IS NOT NULL) THEN d.__ivmc_max_amount ELSE t.__ivmc_max_amount END,
                 __ivmc_count_max_amount = CASE WHEN d.__ivmc_max_amount > t.__ivmc_max_amount OR (t.__ivmc_max_amount IS NULL AND d.__ivmc_max_amount IS NOT NULL) THEN d.__ivmc_count_max_amount WHEN d.__ivmc_max_amount = t.__ivmc_max_amount THEN t.__ivmc_count_max_amount + d.__ivmc_count_max_amount ELSE t.__ivmc_count_max_amount END
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (set, region, product, __ivmc_count, __ivmc_max_amount, __ivmc_count_max_amount)
      VALUES (d.set, d.region, d.product, d.__ivmc_count, d.__ivmc_max_amount, d.__ivmc_count_max_amount);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT k.set, k.region, k.product, x.__ivmc_max_amount, x.__ivmc_count_max_amount, x.__ivmc_found
        FROM (
          SELECT v__lost.set, v__lost.region, v__lost.product
          FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
          WHERE v__lost.region IS NOT NULL
            AND v__lost.product IS NOT NULL
          GROUP BY v__lost.set, v__lost.region, v__lost.product
        ) k
        LEFT JOIN (
          SELECT v__1.set,
                 v__1.region,
                 v__1.product,
                 max(v__1.amount) AS __ivmc_max_amount,
                 CASE WHEN max(v__1.amount) IS NOT NULL THEN 1::bigint END AS __ivmc_count_max_amount,
                 true AS __ivmc_found
          FROM (
                 SELECT v__lost.set, v__lost.region, v__lost.product
                 FROM (
                        SELECT * FROM (
                          SELECT * FROM pg_temp.v__lost
                          ORDER BY set, region, product
                          LIMIT n.lost
                        ) x LIMIT n.lost
                      ) v__lost
                 WHERE v__lost.region IS NOT NULL
                   AND v__lost.product IS NOT NULL
                 GROUP BY v__lost.set, v__lost.region, v__lost.product
               ) groups,
               ivmc.v__1
          WHERE groups.set = v__1.set
            AND groups.region = v__1.region
            AND groups.product = v__1.product
          GROUP BY v__1.set, v__1.region, v__1.product
        ) x ON hash_record_extended(ROW(x.set, x.region, x.product), 0) = hash_record_extended(ROW(k.set, k.region, k.product), 0) AND x.set = k.set AND x.region IS NOT DISTINCT FROM k.region AND x.product IS NOT DISTINCT FROM k.product
      ) d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.__ivmc_max_amount, t.__ivmc_count_max_amount)::record *<> ROW(d.__ivmc_max_amount, d.__ivmc_count_max_amount)::record THEN
        UPDATE SET __ivmc_max_amount = d.__ivmc_max_amount,
                   __ivmc_count_max_amount = d.__ivmc_count_max_amount;
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      IF EXISTS (SELECT FROM pg_temp.v__lost k WHERE k.region IS NULL OR k.product IS NULL) THEN
        MERGE INTO ivmc.v t USING (
          SELECT k.set, k.region, k.product, x.__ivmc_max_amount, x.__ivmc_count_max_amount, x.__ivmc_found
          FROM (
            SELECT v__lost.set, v__lost.region, v__lost.product
            FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
            WHERE (v__lost.region IS NULL OR v__lost.product IS NULL)
            GROUP BY v__lost.set, v__lost.region, v__lost.product
          ) k
          LEFT JOIN (
            SELECT v__1.set,
                   v__1.region,
                   v__1.product,
                   max(v__1.amount) AS __ivmc_max_amount,
                   CASE WHEN max(v__1.amount) IS NOT NULL THEN 1::bigint END AS __ivmc_count_max_amount,
                   true AS __ivmc_found
            FROM (
                   SELECT v__lost.set, v__lost.region, v__lost.product
                   FROM (
                          SELECT * FROM (
                            SELECT * FROM pg_temp.v__lost
                            ORDER BY set
                            LIMIT n.lost
                          ) x LIMIT n.lost
                        ) v__lost
                   WHERE (v__lost.region IS NULL OR v__lost.product IS NULL)
                   GROUP BY v__lost.set, v__lost.region, v__lost.product
                 ) groups,
                 ivmc.v__1
            WHERE groups.set = v__1.set
              AND (groups.region = v__1.region OR groups.region IS NULL AND v__1.region IS NULL)
              AND (groups.product = v__1.product OR groups.product IS NULL AND v__1.product IS NULL)
            GROUP BY v__1.set, v__1.region, v__1.product
          ) x ON hash_record_extended(ROW(x.set, x.region, x.product), 0) = hash_record_extended(ROW(k.set, k.region, k.product), 0) AND x.set = k.set AND x.region IS NOT DISTINCT FROM k.region AND x.product IS NOT DISTINCT FROM k.product
        ) d ON hash_record_extended(ROW(t.set, t.region, t.product), 0) = hash_record_extended(ROW(d.set, d.region, d.product), 0) AND t.set = d.set AND t.region IS NOT DISTINCT FROM d.region AND t.product IS NOT DISTINCT FROM d.product
        WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
        WHEN MATCHED AND ROW(t.__ivmc_max_amount, t.__ivmc_count_max_amount)::record *<> ROW(d.__ivmc_max_amount, d.__ivmc_count_max_amount)::record THEN
          UPDATE SET __ivmc_max_amount = d.__ivmc_max_amount,
                     __ivmc_count_max_amount = d.__ivmc_count_max_amount;
        GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      END IF;
    END IF;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF n.moved > 1000 THEN TRUNCATE pg_temp.v__moved; ELSIF n.moved > 0 THEN DELETE FROM pg_temp.v__moved; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.groups_2 > 1000 THEN TRUNCATE pg_temp.v__groups_2; ELSIF n.groups_2 > 0 THEN DELETE FROM pg_temp.v__groups_2; END IF;
  IF n.lost > 1000 THEN TRUNCATE pg_temp.v__lost; ELSIF n.lost > 0 THEN DELETE FROM pg_temp.v__lost; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__net', 'pg_temp.v__moved', 'pg_temp.v__changes', 'pg_temp.v__groups_2', 'pg_temp.v__lost');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT region,
       product,
       __ivmc_max_amount AS largest
FROM ivmc.v;
