CREATE TABLE departments (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE employees (id int PRIMARY KEY, department_id int REFERENCES departments, salary int, rate float8, hired date);

-- ==== count, sum and avg of a nullable group
-- expect: aggregate
-- expect-not: reread, join
SELECT department_id, count(*) AS n, sum(salary) AS payroll, avg(salary) AS mean FROM employees GROUP BY department_id;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by department_id: count, sum, avg
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 3 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ table employees

-- ---- sql
CREATE TABLE ivmc.v (
  department_id integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_salary bigint NOT NULL,
  __ivmc_sum_salary bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(department_id), 0));

INSERT INTO ivmc.v (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
SELECT employees.department_id,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
       coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
FROM public.employees
GROUP BY employees.department_id;

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
  employees_changes bigint := 0;
  groups bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 0.5 * n.employees_changes));
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
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_salary::bigint AS __ivmc_count_salary,
           q.__ivmc_sum_salary::bigint AS __ivmc_sum_salary
    FROM (
      SELECT employees.department_id,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
             coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
      FROM public.employees
      GROUP BY employees.department_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND ROW(t.department_id, t.__ivmc_count, t.__ivmc_count_salary, t.__ivmc_sum_salary)::record *<> ROW(d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary)::record THEN
      UPDATE SET department_id = d.department_id,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_salary = d.__ivmc_count_salary,
                 __ivmc_sum_salary = d.__ivmc_sum_salary
    WHEN NOT MATCHED THEN
      INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_0b5706ae') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups;
    CREATE TEMPORARY TABLE v__groups (department_id integer, __ivmc_count numeric, __ivmc_count_salary numeric, __ivmc_sum_salary numeric);
    CREATE TEMPORARY TABLE v__made_0b5706ae ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δemployees)
    INSERT INTO pg_temp.v__groups
    SELECT employees.department_id,
           employees.__ivmc_weight * count(*) AS __ivmc_count,
           employees.__ivmc_weight * count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
           employees.__ivmc_weight * coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
    GROUP BY employees.department_id, employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.department_id,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
             sum(g.__ivmc_sum_salary) AS __ivmc_sum_salary
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.department_id
      ORDER BY g.department_id
    ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_salary <> 0 OR d.__ivmc_sum_salary <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_salary = (t.__ivmc_count_salary + d.__ivmc_count_salary)::bigint,
                 __ivmc_sum_salary = (t.__ivmc_sum_salary + d.__ivmc_sum_salary)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
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
SELECT department_id,
       __ivmc_count AS n,
       CASE WHEN __ivmc_count_salary > 0 THEN __ivmc_sum_salary END AS payroll,
       __ivmc_sum_salary::numeric / nullif(__ivmc_count_salary, 0) AS mean
FROM ivmc.v;

-- ==== variances from sums of squares
-- expect: aggregate
-- expect-not: reread
SELECT department_id, var_pop(salary) AS spread, stddev(salary) FILTER (WHERE salary > 0) AS deviation FROM employees GROUP BY department_id;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by department_id: var_pop, stddev
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 7 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ table employees

-- ---- sql
CREATE TABLE ivmc.v (
  department_id integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_sum_salary bigint NOT NULL,
  __ivmc_sum_squares_salary numeric NOT NULL,
  __ivmc_count_salary bigint NOT NULL,
  __ivmc_sum_salary_2 bigint NOT NULL,
  __ivmc_sum_squares_salary_2 numeric NOT NULL,
  __ivmc_count_salary_2 bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(department_id), 0));

INSERT INTO ivmc.v (department_id, __ivmc_count, __ivmc_sum_salary, __ivmc_sum_squares_salary, __ivmc_count_salary, __ivmc_sum_salary_2, __ivmc_sum_squares_salary_2, __ivmc_count_salary_2)
SELECT employees.department_id,
       count(*) AS __ivmc_count,
       coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary,
       coalesce(sum(employees.salary::bigint * employees.salary::bigint), 0) AS __ivmc_sum_squares_salary,
       count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
       coalesce(sum(employees.salary) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_salary_2,
       coalesce(sum(employees.salary::bigint * employees.salary::bigint) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_squares_salary_2,
       count(*) FILTER (WHERE employees.salary > 0 AND employees.salary IS NOT NULL) AS __ivmc_count_salary_2
FROM public.employees
GROUP BY employees.department_id;

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
  employees_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  lost bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 0.5 * n.employees_changes));
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
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_sum_salary::bigint AS __ivmc_sum_salary,
           q.__ivmc_sum_squares_salary::numeric AS __ivmc_sum_squares_salary,
           q.__ivmc_count_salary::bigint AS __ivmc_count_salary,
           q.__ivmc_sum_salary_2::bigint AS __ivmc_sum_salary_2,
           q.__ivmc_sum_squares_salary_2::numeric AS __ivmc_sum_squares_salary_2,
           q.__ivmc_count_salary_2::bigint AS __ivmc_count_salary_2
    FROM (
      SELECT employees.department_id,
             count(*) AS __ivmc_count,
             coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary,
             coalesce(sum(employees.salary::bigint * employees.salary::bigint), 0) AS __ivmc_sum_squares_salary,
             count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
             coalesce(sum(employees.salary) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_salary_2,
             coalesce(sum(employees.salary::bigint * employees.salary::bigint) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_squares_salary_2,
             count(*) FILTER (WHERE employees.salary > 0 AND employees.salary IS NOT NULL) AS __ivmc_count_salary_2
      FROM public.employees
      GROUP BY employees.department_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND ROW(t.department_id, t.__ivmc_count, t.__ivmc_sum_salary, t.__ivmc_sum_squares_salary, t.__ivmc_count_salary, t.__ivmc_sum_salary_2, t.__ivmc_sum_squares_salary_2, t.__ivmc_count_salary_2)::record *<> ROW(d.department_id, d.__ivmc_count, d.__ivmc_sum_salary, d.__ivmc_sum_squares_salary, d.__ivmc_count_salary, d.__ivmc_sum_salary_2, d.__ivmc_sum_squares_salary_2, d.__ivmc_count_salary_2)::record THEN
      UPDATE SET department_id = d.department_id,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_sum_salary = d.__ivmc_sum_salary,
                 __ivmc_sum_squares_salary = d.__ivmc_sum_squares_salary,
                 __ivmc_count_salary = d.__ivmc_count_salary,
                 __ivmc_sum_salary_2 = d.__ivmc_sum_salary_2,
                 __ivmc_sum_squares_salary_2 = d.__ivmc_sum_squares_salary_2,
                 __ivmc_count_salary_2 = d.__ivmc_count_salary_2
    WHEN NOT MATCHED THEN
      INSERT (department_id, __ivmc_count, __ivmc_sum_salary, __ivmc_sum_squares_salary, __ivmc_count_salary, __ivmc_sum_salary_2, __ivmc_sum_squares_salary_2, __ivmc_count_salary_2)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_sum_salary, d.__ivmc_sum_squares_salary, d.__ivmc_count_salary, d.__ivmc_sum_salary_2, d.__ivmc_sum_squares_salary_2, d.__ivmc_count_salary_2);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_df9b90a0') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__lost;
    CREATE TEMPORARY TABLE v__groups (department_id integer, __ivmc_count numeric, __ivmc_sum_salary numeric, __ivmc_sum_squares_salary numeric, __ivmc_count_salary numeric, __ivmc_sum_salary_2 numeric, __ivmc_sum_squares_salary_2 numeric, __ivmc_count_salary_2 numeric);
    CREATE TEMPORARY TABLE v__lost (department_id integer);
    CREATE TEMPORARY TABLE v__made_df9b90a0 ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δemployees)
    INSERT INTO pg_temp.v__groups
    SELECT employees.department_id,
           employees.__ivmc_weight * count(*) AS __ivmc_count,
           employees.__ivmc_weight * coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary,
           employees.__ivmc_weight * coalesce(sum(employees.salary::bigint * employees.salary::bigint), 0) AS __ivmc_sum_squares_salary,
           employees.__ivmc_weight * count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
           employees.__ivmc_weight * coalesce(sum(employees.salary) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_salary_2,
           employees.__ivmc_weight * coalesce(sum(employees.salary::bigint * employees.salary::bigint) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_squares_salary_2,
           employees.__ivmc_weight * count(*) FILTER (WHERE employees.salary > 0 AND employees.salary IS NOT NULL) AS __ivmc_count_salary_2
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
    GROUP BY employees.department_id, employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT DISTINCT d.department_id
    FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) d
    WHERE d.__ivmc_sum_squares_salary IN ('NaN', 'Infinity', '-Infinity')
       OR d.__ivmc_sum_squares_salary_2 IN ('NaN', 'Infinity', '-Infinity');
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.department_id,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_sum_salary) AS __ivmc_sum_salary,
             sum(g.__ivmc_sum_squares_salary) AS __ivmc_sum_squares_salary,
             sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
             sum(g.__ivmc_sum_salary_2) AS __ivmc_sum_salary_2,
             sum(g.__ivmc_sum_squares_salary_2) AS __ivmc_sum_squares_salary_2,
             sum(g.__ivmc_count_salary_2) AS __ivmc_count_salary_2
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.department_id
      ORDER BY g.department_id
    ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_sum_salary <> 0 OR d.__ivmc_sum_squares_salary <> 0 OR d.__ivmc_count_salary <> 0 OR d.__ivmc_sum_salary_2 <> 0 OR d.__ivmc_sum_squares_salary_2 <> 0 OR d.__ivmc_count_salary_2 <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_sum_salary = (t.__ivmc_sum_salary + d.__ivmc_sum_salary)::bigint,
                 __ivmc_sum_squares_salary = t.__ivmc_sum_squares_salary + d.__ivmc_sum_squares_salary,
                 __ivmc_count_salary = (t.__ivmc_count_salary + d.__ivmc_count_salary)::bigint,
                 __ivmc_sum_salary_2 = (t.__ivmc_sum_salary_2 + d.__ivmc_sum_salary_2)::bigint,
                 __ivmc_sum_squares_salary_2 = t.__ivmc_sum_squares_salary_2 + d.__ivmc_sum_squares_salary_2,
                 __ivmc_count_salary_2 = (t.__ivmc_count_salary_2 + d.__ivmc_count_salary_2)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (department_id, __ivmc_count, __ivmc_sum_salary, __ivmc_sum_squares_salary, __ivmc_count_salary, __ivmc_sum_salary_2, __ivmc_sum_squares_salary_2, __ivmc_count_salary_2)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_sum_salary, d.__ivmc_sum_squares_salary, d.__ivmc_count_salary, d.__ivmc_sum_salary_2, d.__ivmc_sum_squares_salary_2, d.__ivmc_count_salary_2);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT k.department_id,
               x.__ivmc_count,
               x.__ivmc_sum_salary,
               x.__ivmc_sum_squares_salary,
               x.__ivmc_count_salary,
               x.__ivmc_sum_salary_2,
               x.__ivmc_sum_squares_salary_2,
               x.__ivmc_count_salary_2,
               x.__ivmc_found
        FROM (
          SELECT v__lost.department_id
          FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
          WHERE v__lost.department_id IS NOT NULL
          GROUP BY v__lost.department_id
        ) k
        LEFT JOIN (
          SELECT employees.department_id,
                 count(*) AS __ivmc_count,
                 coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary,
                 coalesce(sum(employees.salary::bigint * employees.salary::bigint), 0) AS __ivmc_sum_squares_salary,
                 count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
                 coalesce(sum(employees.salary) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_salary_2,
                 coalesce(sum(employees.salary::bigint * employees.salary::bigint) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_squares_salary_2,
                 count(*) FILTER (WHERE employees.salary > 0 AND employees.salary IS NOT NULL) AS __ivmc_count_salary_2,
                 true AS __ivmc_found
          FROM (
                 SELECT v__lost.department_id
                 FROM (
                        SELECT * FROM (
                          SELECT * FROM pg_temp.v__lost
                          ORDER BY department_id
                          LIMIT n.lost
                        ) x LIMIT n.lost
                      ) v__lost
                 WHERE v__lost.department_id IS NOT NULL
                 GROUP BY v__lost.department_id
               ) groups,
               public.employees
          WHERE groups.department_id = employees.department_id
          GROUP BY employees.department_id
        ) x ON hash_record_extended(ROW(x.department_id), 0) = hash_record_extended(ROW(k.department_id), 0) AND x.department_id IS NOT DISTINCT FROM k.department_id
      ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_sum_salary, t.__ivmc_sum_squares_salary, t.__ivmc_count_salary, t.__ivmc_sum_salary_2, t.__ivmc_sum_squares_salary_2, t.__ivmc_count_salary_2)::record *<> ROW(d.__ivmc_count, d.__ivmc_sum_salary, d.__ivmc_sum_squares_salary, d.__ivmc_count_salary, d.__ivmc_sum_salary_2, d.__ivmc_sum_squares_salary_2, d.__ivmc_count_salary_2)::record THEN
        UPDATE SET __ivmc_count = d.__ivmc_count,
                   __ivmc_sum_salary = d.__ivmc_sum_salary,
                   __ivmc_sum_squares_salary = d.__ivmc_sum_squares_salary,
                   __ivmc_count_salary = d.__ivmc_count_salary,
                   __ivmc_sum_salary_2 = d.__ivmc_sum_salary_2,
                   __ivmc_sum_squares_salary_2 = d.__ivmc_sum_squares_salary_2,
                   __ivmc_count_salary_2 = d.__ivmc_count_salary_2
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (department_id, __ivmc_count, __ivmc_sum_salary, __ivmc_sum_squares_salary, __ivmc_count_salary, __ivmc_sum_salary_2, __ivmc_sum_squares_salary_2, __ivmc_count_salary_2)
        VALUES (d.department_id, d.__ivmc_count, d.__ivmc_sum_salary, d.__ivmc_sum_squares_salary, d.__ivmc_count_salary, d.__ivmc_sum_salary_2, d.__ivmc_sum_squares_salary_2, d.__ivmc_count_salary_2);
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      IF EXISTS (SELECT FROM pg_temp.v__lost k WHERE k.department_id IS NULL) THEN
        MERGE INTO ivmc.v t USING (
          SELECT k.department_id,
                 x.__ivmc_count,
                 x.__ivmc_sum_salary,
                 x.__ivmc_sum_squares_salary,
                 x.__ivmc_count_salary,
                 x.__ivmc_sum_salary_2,
                 x.__ivmc_sum_squares_salary_2,
                 x.__ivmc_count_salary_2,
                 x.__ivmc_found
          FROM (
            SELECT v__lost.department_id
            FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
            WHERE v__lost.department_id IS NULL
            GROUP BY v__lost.department_id
          ) k
          LEFT JOIN (
            SELECT employees.department_id,
                   count(*) AS __ivmc_count,
                   coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary,
                   coalesce(sum(employees.salary::bigint * employees.salary::bigint), 0) AS __ivmc_sum_squares_salary,
                   count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
                   coalesce(sum(employees.salary) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_salary_2,
                   coalesce(sum(employees.salary::bigint * employees.salary::bigint) FILTER (WHERE employees.salary > 0), 0) AS __ivmc_sum_squares_salary_2,
                   count(*) FILTER (WHERE employees.salary > 0 AND employees.salary IS NOT NULL) AS __ivmc_count_salary_2,
                   true AS __ivmc_found
            FROM (
                   SELECT v__lost.department_id
                   FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
                   WHERE v__lost.department_id IS NULL
                   GROUP BY v__lost.department_id
                 ) groups,
                 public.employees
            WHERE (groups.department_id = employees.department_id OR groups.department_id IS NULL AND employees.department_id IS NULL)
            GROUP BY employees.department_id
          ) x ON hash_record_extended(ROW(x.department_id), 0) = hash_record_extended(ROW(k.department_id), 0) AND x.department_id IS NOT DISTINCT FROM k.department_id
        ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
        WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
        WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_sum_salary, t.__ivmc_sum_squares_salary, t.__ivmc_count_salary, t.__ivmc_sum_salary_2, t.__ivmc_sum_squares_salary_2, t.__ivmc_count_salary_2)::record *<> ROW(d.__ivmc_count, d.__ivmc_sum_salary, d.__ivmc_sum_squares_salary, d.__ivmc_count_salary, d.__ivmc_sum_salary_2, d.__ivmc_sum_squares_salary_2, d.__ivmc_count_salary_2)::record THEN
          UPDATE SET __ivmc_count = d.__ivmc_count,
                     __ivmc_sum_salary = d.__ivmc_sum_salary,
                     __ivmc_sum_squares_salary = d.__ivmc_sum_squares_salary,
                     __ivmc_count_salary = d.__ivmc_count_salary,
                     __ivmc_sum_salary_2 = d.__ivmc_sum_salary_2,
                     __ivmc_sum_squares_salary_2 = d.__ivmc_sum_squares_salary_2,
                     __ivmc_count_salary_2 = d.__ivmc_count_salary_2
        WHEN NOT MATCHED AND d.__ivmc_found THEN
          INSERT (department_id, __ivmc_count, __ivmc_sum_salary, __ivmc_sum_squares_salary, __ivmc_count_salary, __ivmc_sum_salary_2, __ivmc_sum_squares_salary_2, __ivmc_count_salary_2)
          VALUES (d.department_id, d.__ivmc_count, d.__ivmc_sum_salary, d.__ivmc_sum_squares_salary, d.__ivmc_count_salary, d.__ivmc_sum_salary_2, d.__ivmc_sum_squares_salary_2, d.__ivmc_count_salary_2);
        GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      END IF;
    END IF;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.lost > 1000 THEN TRUNCATE pg_temp.v__lost; ELSIF n.lost > 0 THEN DELETE FROM pg_temp.v__lost; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__lost');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT department_id,
       CASE WHEN __ivmc_count_salary::numeric <= 0 THEN NULL WHEN __ivmc_count_salary::numeric * __ivmc_sum_squares_salary - __ivmc_sum_salary::numeric * __ivmc_sum_salary::numeric <= 0 THEN 0 ELSE (__ivmc_count_salary::numeric * __ivmc_sum_squares_salary - __ivmc_sum_salary::numeric * __ivmc_sum_salary::numeric) / (__ivmc_count_salary::numeric * __ivmc_count_salary::numeric) END AS spread,
       (SELECT coalesce(round(sqrt(round(d.v, scale(d.v) + 30)), scale(d.v)), d.v) FROM (SELECT CASE WHEN __ivmc_count_salary_2::numeric <= 1 THEN NULL WHEN __ivmc_count_salary_2::numeric * __ivmc_sum_squares_salary_2 - __ivmc_sum_salary_2::numeric * __ivmc_sum_salary_2::numeric <= 0 THEN 0 ELSE (__ivmc_count_salary_2::numeric * __ivmc_sum_squares_salary_2 - __ivmc_sum_salary_2::numeric * __ivmc_sum_salary_2::numeric) / (__ivmc_count_salary_2::numeric * (__ivmc_count_salary_2::numeric - 1)) END AS v) AS d) AS deviation
FROM ivmc.v;

-- ==== the earliest of a join: its next value is found among those of its group
-- expect: aggregate, join
-- expect-not: reread, full
SELECT d.name, min(e.hired) AS first FROM departments d JOIN employees e ON e.department_id = d.id GROUP BY d.name;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by name: min
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 1 count, 1 extremum per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- │     note   groups that lose an extremum are read again
-- └─ stage v__1
--
-- aggregate by name, hired: distinct rows
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ join on department_id = id
--    │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    │     note   trusts the foreign key from employees to departments: no old row refers to a new one
--    ├─ table employees e
--    └─ table departments d
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.employees (department_id);

-- ---- sql
CREATE TABLE ivmc.v__1 (
  name text NOT NULL,
  hired date,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v__1 (hash_record_extended(ROW(name, hired), 0));

CREATE INDEX ON ivmc.v__1 (name);

CREATE TABLE ivmc.v (
  name text NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_min_hired date,
  __ivmc_count_min_hired bigint,
  PRIMARY KEY (name)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (name, hired, __ivmc_count)
SELECT d.name, e.hired, count(*) AS __ivmc_count
FROM public.employees e, public.departments d
WHERE e.department_id = d.id
GROUP BY d.name, e.hired;

INSERT INTO ivmc.v (name, __ivmc_count, __ivmc_min_hired, __ivmc_count_min_hired)
SELECT v__1.name,
       count(*) AS __ivmc_count,
       min(v__1.hired) AS __ivmc_min_hired,
       CASE WHEN min(v__1.hired) IS NOT NULL THEN 1::bigint END AS __ivmc_count_min_hired
FROM ivmc.v__1
GROUP BY v__1.name;

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
  employees_changes bigint := 0;
  departments_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  net bigint := 0;
  moved bigint := 0;
  changes bigint := 0;
  groups_2 bigint := 0;
  lost bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_departments b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees') + pg_relation_size('ivmc.changes_public_departments');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes, n.departments_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_departments b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) departments_changes;
      n.pending := n.employees_changes + n.departments_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes, n.departments_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_departments b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) departments_changes;
    n.pending := n.employees_changes + n.departments_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_departments b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 5.0 * n.employees_changes
        + 0.3 * n.departments_changes + 5.0 * n.departments_changes));
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
        INTO n.employees_changes, n.departments_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_employees b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) employees_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_departments b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) departments_changes;
        n.pending := n.employees_changes + n.departments_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
    IF n.departments_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_departments', n.departments_changes);
    END IF;
  END IF;
  IF n.departments_changes > 0 AND NOT recompute THEN
    recompute := NOT EXISTS (SELECT FROM pg_constraint c
      WHERE c.conrelid = 'public.employees'::regclass AND c.confrelid = 'public.departments'::regclass
        AND c.contype = 'f' AND c.convalidated AND NOT c.condeferrable);
    reason := CASE WHEN recompute THEN 'no foreign key from employees to departments' END;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.name::text AS name, q.hired::date AS hired, q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT d.name, e.hired, count(*) AS __ivmc_count
      FROM public.departments d, public.employees e
      WHERE e.department_id = d.id
      GROUP BY d.name, e.hired
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE hash_record_extended(ROW(t.name, t.hired), 0) = hash_record_extended(ROW(d.name, d.hired), 0) AND t.name = d.name AND t.hired IS NOT DISTINCT FROM d.hired);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON hash_record_extended(ROW(t.name, t.hired), 0) = hash_record_extended(ROW(d.name, d.hired), 0) AND t.name = d.name AND t.hired IS NOT DISTINCT FROM d.hired
    WHEN MATCHED AND ROW(t.name, t.hired, t.__ivmc_count)::record *<> ROW(d.name, d.hired, d.__ivmc_count)::record THEN
      UPDATE SET name = d.name, hired = d.hired, __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (name, hired, __ivmc_count)
      VALUES (d.name, d.hired, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.name::text AS name,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_min_hired::date AS __ivmc_min_hired,
           q.__ivmc_count_min_hired::bigint AS __ivmc_count_min_hired
    FROM (
      SELECT v__1.name,
             count(*) AS __ivmc_count,
             min(v__1.hired) AS __ivmc_min_hired,
             CASE WHEN min(v__1.hired) IS NOT NULL THEN 1::bigint END AS __ivmc_count_min_hired
      FROM ivmc.v__1
      GROUP BY v__1.name
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.name = d.name);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.name = d.name
    WHEN MATCHED AND ROW(t.name, t.__ivmc_count, t.__ivmc_min_hired, t.__ivmc_count_min_hired)::record *<> ROW(d.name, d.__ivmc_count, d.__ivmc_min_hired, d.__ivmc_count_min_hired)::record THEN
      UPDATE SET name = d.name,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_min_hired = d.__ivmc_min_hired,
                 __ivmc_count_min_hired = d.__ivmc_count_min_hired
    WHEN NOT MATCHED THEN
      INSERT (name, __ivmc_count, __ivmc_min_hired, __ivmc_count_min_hired)
      VALUES (d.name, d.__ivmc_count, d.__ivmc_min_hired, d.__ivmc_count_min_hired);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_c2602001') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__net, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__groups_2, pg_temp.v__lost;
    CREATE TEMPORARY TABLE v__groups (name text, hired date, __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__net (id integer, name text, net bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__moved (name text, hired date, __ivmc_count bigint, __ivmc_count_was bigint);
    CREATE TEMPORARY TABLE v__changes (name text, hired date, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__groups_2 (name text, __ivmc_count numeric, __ivmc_min_hired date, __ivmc_count_min_hired bigint);
    CREATE TEMPORARY TABLE v__lost (name text);
    CREATE TEMPORARY TABLE v__made_c2602001 ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δe ⋈ d′)
    INSERT INTO pg_temp.v__groups
    SELECT d.name, e.hired, e.__ivmc_weight * count(*) AS __ivmc_count
    FROM (
           SELECT * FROM (
             SELECT e.department_id, e.hired, e.__ivmc_weight
             FROM ivmc.changes_public_employees e
             WHERE (e.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(e.__ivmc_xid, frontier.snapshot) AND e.__ivmc_xid <> frontier.xid OR e.__ivmc_xid = frontier.xid AND e.__ivmc_seq > frontier.seq)
             ORDER BY department_id
             LIMIT n.employees_changes
           ) x LIMIT n.employees_changes
         ) e,
         public.departments d
    WHERE e.department_id = d.id
    GROUP BY d.name, e.hired, e.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.departments_changes > 0 THEN
    -- net += net(Δd ⋈ γ(Δd))
    INSERT INTO pg_temp.v__net
    SELECT d.id, d.name, groups.net, sum(d.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT d.id, d.name, d.__ivmc_weight
           FROM ivmc.changes_public_departments d
           WHERE (d.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(d.__ivmc_xid, frontier.snapshot) AND d.__ivmc_xid <> frontier.xid OR d.__ivmc_xid = frontier.xid AND d.__ivmc_seq > frontier.seq)
           LIMIT n.departments_changes
         ) d,
         (
           SELECT d_2.id, coalesce(sum(d_2.__ivmc_weight), 0) AS net
           FROM (
                  SELECT d_2.id, d_2.__ivmc_weight
                  FROM ivmc.changes_public_departments d_2
                  WHERE (d_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(d_2.__ivmc_xid, frontier.snapshot) AND d_2.__ivmc_xid <> frontier.xid OR d_2.__ivmc_xid = frontier.xid AND d_2.__ivmc_seq > frontier.seq)
                  LIMIT n.departments_changes
                ) d_2
           GROUP BY d_2.id
         ) groups
    WHERE groups.net < 1
      AND d.id = groups.id
    GROUP BY d.id, d.name, groups.net
    HAVING sum(d.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- groups += γ(e′ ⋈ net)
    INSERT INTO pg_temp.v__groups
    SELECT v__net.name, e.hired, v__net.__ivmc_weight * count(*) AS __ivmc_count
    FROM public.employees e,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
    WHERE v__net.net <> -1
      AND e.department_id = v__net.id
    GROUP BY v__net.name, e.hired, v__net.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.employees_changes > 0 AND n.net > 0 THEN
    -- groups += γ(− Δe ⋈ net)
    INSERT INTO pg_temp.v__groups
    SELECT v__net.name, e.hired, -e.__ivmc_weight * v__net.__ivmc_weight * count(*) AS __ivmc_count
    FROM (
           SELECT e.department_id, e.hired, e.__ivmc_weight
           FROM ivmc.changes_public_employees e
           WHERE (e.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(e.__ivmc_xid, frontier.snapshot) AND e.__ivmc_xid <> frontier.xid OR e.__ivmc_xid = frontier.xid AND e.__ivmc_seq > frontier.seq)
           LIMIT n.employees_changes
         ) e,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE e.department_id = v__net.id
    GROUP BY v__net.name, e.hired, -e.__ivmc_weight * v__net.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.name,
           g.hired,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           t.__ivmc_count AS __ivmc_count_was
    FROM (
      SELECT g.name, g.hired, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.name, g.hired
      HAVING sum(g.__ivmc_count) <> 0
      ORDER BY g.name, g.hired
    ) g
    LEFT JOIN ivmc.v__1 t ON hash_record_extended(ROW(t.name, t.hired), 0) = hash_record_extended(ROW(g.name, g.hired), 0) AND t.name = g.name AND t.hired IS NOT DISTINCT FROM g.hired;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON hash_record_extended(ROW(t.name, t.hired), 0) = hash_record_extended(ROW(d.name, d.hired), 0) AND t.name = d.name AND t.hired IS NOT DISTINCT FROM d.hired
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (name, hired, __ivmc_count)
        VALUES (d.name, d.hired, d.__ivmc_count);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.name, terms.hired, terms.__ivmc_weight
      FROM (
             SELECT v__moved.name, v__moved.hired, 1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.name, v__moved_2.hired, -1 AS __ivmc_weight
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
    SELECT terms.name,
           max(terms.count) AS __ivmc_count,
           min(terms.min_hired) AS __ivmc_min_hired,
           max(terms.count_min_hired) AS __ivmc_count_min_hired
    FROM (
           SELECT groups.name, groups.count, NULL::date AS min_hired, NULL::bigint AS count_min_hired
           FROM (
                  SELECT v__1.name, coalesce(sum(v__1.__ivmc_weight), 0) AS count
                  FROM (
                         SELECT v__1.name, v__1.hired, v__1.__ivmc_weight
                         FROM pg_temp.v__changes v__1
                         LIMIT n.changes
                       ) v__1
                  GROUP BY v__1.name
                ) groups
           UNION ALL
           SELECT groups_2.name, NULL::bigint AS count, groups_2.min_hired, groups_2.count_min_hired
           FROM (
                  SELECT net.name,
                         min(net.min_hired) AS min_hired,
                         (array_agg(net.__ivmc_weight ORDER BY net.min_hired))[1] AS count_min_hired
                  FROM (
                         SELECT v__1_2.name, v__1_2.hired AS min_hired, sum(v__1_2.__ivmc_weight) AS __ivmc_weight
                         FROM (
                                SELECT v__1_2.name, v__1_2.hired, v__1_2.__ivmc_weight
                                FROM pg_temp.v__changes v__1_2
                                LIMIT n.changes
                              ) v__1_2
                         WHERE v__1_2.hired IS NOT NULL
                         GROUP BY v__1_2.name, v__1_2.hired
                         HAVING sum(v__1_2.__ivmc_weight) <> 0
                         OFFSET 0
                       ) net
                  GROUP BY net.name
                ) groups_2
         ) terms
    GROUP BY terms.name;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.groups_2 > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT DISTINCT d.name
    FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) d
    LEFT JOIN ivmc.v t ON t.name = d.name
    WHERE d.__ivmc_min_hired = t.__ivmc_min_hired AND t.__ivmc_count_min_hired + d.__ivmc_count_min_hired <= 0
       OR d.__ivmc_count_min_hired < 0 AND (d.__ivmc_min_hired < t.__ivmc_min_hired OR (t.__ivmc_min_hired IS NULL AND d.__ivmc_min_hired IS NOT NULL));
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.name, g.__ivmc_count, g.__ivmc_min_hired, g.__ivmc_count_min_hired
      FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) g
      ORDER BY g.name
    ) d ON t.name = d.name
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_min_hired IS NOT NULL) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_min_hired = CASE WHEN d.__ivmc_min_hired < t.__ivmc_min_hired OR (t.__ivmc_min_hired IS NULL AND d.__ivmc_min_hired IS NOT NULL) THEN d.__ivmc_min_hired ELSE t.__ivmc_min_hired END,
                 __ivmc_count_min_hired = CASE WHEN d.__ivmc_min_hired < t.__ivmc_min_hired OR (t.__ivmc_min_hired IS NULL AND d.__ivmc_min_hired IS NOT NULL) THEN d.__ivmc_count_min_hired WHEN d.__ivmc_min_hired = t.__ivmc_min_hired THEN t.__ivmc_count_min_hired + d.__ivmc_count_min_hired ELSE t.__ivmc_count_min_hired END
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (name, __ivmc_count, __ivmc_min_hired, __ivmc_count_min_hired)
      VALUES (d.name, d.__ivmc_count, d.__ivmc_min_hired, d.__ivmc_count_min_hired);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT k.name, x.__ivmc_min_hired, x.__ivmc_count_min_hired, x.__ivmc_found
        FROM (
          SELECT v__lost.name
          FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
          GROUP BY v__lost.name
        ) k
        LEFT JOIN (
          SELECT v__1.name,
                 min(v__1.hired) AS __ivmc_min_hired,
                 CASE WHEN min(v__1.hired) IS NOT NULL THEN 1::bigint END AS __ivmc_count_min_hired,
                 true AS __ivmc_found
          FROM (
                 SELECT v__lost.name
                 FROM (
                        SELECT * FROM (
                          SELECT * FROM pg_temp.v__lost
                          ORDER BY name
                          LIMIT n.lost
                        ) x LIMIT n.lost
                      ) v__lost
                 GROUP BY v__lost.name
               ) groups,
               ivmc.v__1
          WHERE groups.name = v__1.name
          GROUP BY v__1.name
        ) x ON x.name = k.name
      ) d ON t.name = d.name
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.__ivmc_min_hired, t.__ivmc_count_min_hired)::record *<> ROW(d.__ivmc_min_hired, d.__ivmc_count_min_hired)::record THEN
        UPDATE SET __ivmc_min_hired = d.__ivmc_min_hired, __ivmc_count_min_hired = d.__ivmc_count_min_hired;
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
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
SELECT name,
       __ivmc_min_hired AS first
FROM ivmc.v;

-- ==== grouped by a key and what depends on it
-- expect: join, aggregate
-- expect-not: reread
SELECT d.id, d.name, count(*) AS n, sum(e.salary) AS payroll
FROM departments d JOIN employees e ON e.department_id = d.id
GROUP BY d.id, d.name;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by id, name: count, sum
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 3 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ join on department_id = id
--    │     law    Δ(L ⋈ R) = ΔL ⋈ R′ + L′ ⋈ ΔR − ΔL ⋈ ΔR
--    │     cost   O(|ΔL| · fan-out(R) + |ΔR| · fan-out(L))
--    │     note   trusts the foreign key from employees to departments: no old row refers to a new one
--    ├─ table employees e
--    └─ table departments d
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.employees (department_id);

-- ---- sql
CREATE TABLE ivmc.v (
  id integer NOT NULL,
  name text NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_salary bigint NOT NULL,
  __ivmc_sum_salary bigint NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (id, name, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
SELECT d.id,
       d.name,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE e.salary IS NOT NULL) AS __ivmc_count_salary,
       coalesce(sum(e.salary), 0) AS __ivmc_sum_salary
FROM public.employees e, public.departments d
WHERE e.department_id = d.id
GROUP BY d.id, d.name;

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
  employees_changes bigint := 0;
  departments_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  net bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_departments b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees') + pg_relation_size('ivmc.changes_public_departments');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes, n.departments_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes, (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_departments b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) departments_changes;
      n.pending := n.employees_changes + n.departments_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes, n.departments_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_departments b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) departments_changes;
    n.pending := n.employees_changes + n.departments_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_departments b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 2.5 * n.employees_changes
        + 0.3 * n.departments_changes + 2.5 * n.departments_changes));
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
        INTO n.employees_changes, n.departments_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_employees b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) employees_changes, (
          SELECT count(*)
          FROM ivmc.changes_public_departments b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) departments_changes;
        n.pending := n.employees_changes + n.departments_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
    IF n.departments_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_departments', n.departments_changes);
    END IF;
  END IF;
  IF n.departments_changes > 0 AND NOT recompute THEN
    recompute := NOT EXISTS (SELECT FROM pg_constraint c
      WHERE c.conrelid = 'public.employees'::regclass AND c.confrelid = 'public.departments'::regclass
        AND c.contype = 'f' AND c.convalidated AND NOT c.condeferrable);
    reason := CASE WHEN recompute THEN 'no foreign key from employees to departments' END;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id,
           q.name::text AS name,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_salary::bigint AS __ivmc_count_salary,
           q.__ivmc_sum_salary::bigint AS __ivmc_sum_salary
    FROM (
      SELECT d.id,
             d.name,
             groups.count AS __ivmc_count,
             groups.count_salary AS __ivmc_count_salary,
             groups.sum_salary AS __ivmc_sum_salary
      FROM public.departments d,
           (
             SELECT e.department_id,
                    count(*) AS count,
                    count(*) FILTER (WHERE e.salary IS NOT NULL) AS count_salary,
                    coalesce(sum(e.salary), 0) AS sum_salary
             FROM public.employees e
             GROUP BY e.department_id
           ) groups
      WHERE groups.department_id = d.id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t.name, t.__ivmc_count, t.__ivmc_count_salary, t.__ivmc_sum_salary)::record *<> ROW(d.id, d.name, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary)::record THEN
      UPDATE SET id = d.id,
                 name = d.name,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_salary = d.__ivmc_count_salary,
                 __ivmc_sum_salary = d.__ivmc_sum_salary
    WHEN NOT MATCHED THEN
      INSERT (id, name, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.id, d.name, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_64cd546f') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__net;
    CREATE TEMPORARY TABLE v__groups (id integer, name text, __ivmc_count numeric, __ivmc_count_salary numeric, __ivmc_sum_salary numeric);
    CREATE TEMPORARY TABLE v__net (id integer, name text, net bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__made_64cd546f ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δe ⋈ d′)
    INSERT INTO pg_temp.v__groups
    SELECT d.id,
           d.name,
           e.__ivmc_weight * count(*) AS __ivmc_count,
           e.__ivmc_weight * count(*) FILTER (WHERE e.salary IS NOT NULL) AS __ivmc_count_salary,
           e.__ivmc_weight * coalesce(sum(e.salary), 0) AS __ivmc_sum_salary
    FROM (
           SELECT * FROM (
             SELECT e.department_id, e.salary, e.__ivmc_weight
             FROM ivmc.changes_public_employees e
             WHERE (e.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(e.__ivmc_xid, frontier.snapshot) AND e.__ivmc_xid <> frontier.xid OR e.__ivmc_xid = frontier.xid AND e.__ivmc_seq > frontier.seq)
             ORDER BY department_id
             LIMIT n.employees_changes
           ) x LIMIT n.employees_changes
         ) e,
         public.departments d
    WHERE e.department_id = d.id
    GROUP BY d.id, d.name, e.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.departments_changes > 0 THEN
    -- net += net(Δd ⋈ γ(Δd))
    INSERT INTO pg_temp.v__net
    SELECT d.id, d.name, groups.net, sum(d.__ivmc_weight) AS __ivmc_weight
    FROM (
           SELECT d.id, d.name, d.__ivmc_weight
           FROM ivmc.changes_public_departments d
           WHERE (d.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(d.__ivmc_xid, frontier.snapshot) AND d.__ivmc_xid <> frontier.xid OR d.__ivmc_xid = frontier.xid AND d.__ivmc_seq > frontier.seq)
           LIMIT n.departments_changes
         ) d,
         (
           SELECT d_2.id, coalesce(sum(d_2.__ivmc_weight), 0) AS net
           FROM (
                  SELECT d_2.id, d_2.__ivmc_weight
                  FROM ivmc.changes_public_departments d_2
                  WHERE (d_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(d_2.__ivmc_xid, frontier.snapshot) AND d_2.__ivmc_xid <> frontier.xid OR d_2.__ivmc_xid = frontier.xid AND d_2.__ivmc_seq > frontier.seq)
                  LIMIT n.departments_changes
                ) d_2
           GROUP BY d_2.id
         ) groups
    WHERE groups.net < 1
      AND d.id = groups.id
    GROUP BY d.id, d.name, groups.net
    HAVING sum(d.__ivmc_weight) <> 0;
    GET DIAGNOSTICS step = ROW_COUNT; n.net := n.net + n.step;
  END IF;
  IF n.net > 0 THEN
    -- groups += γ(e′ ⋈ net)
    INSERT INTO pg_temp.v__groups
    SELECT v__net.id,
           v__net.name,
           v__net.__ivmc_weight * count(*) AS __ivmc_count,
           v__net.__ivmc_weight * count(*) FILTER (WHERE e.salary IS NOT NULL) AS __ivmc_count_salary,
           v__net.__ivmc_weight * coalesce(sum(e.salary), 0) AS __ivmc_sum_salary
    FROM public.employees e,
         (
           SELECT * FROM (
             SELECT * FROM pg_temp.v__net
             ORDER BY id
             LIMIT n.net
           ) x LIMIT n.net
         ) v__net
    WHERE v__net.net <> -1
      AND e.department_id = v__net.id
    GROUP BY v__net.id, v__net.name, v__net.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.employees_changes > 0 AND n.net > 0 THEN
    -- groups += γ(− Δe ⋈ net)
    INSERT INTO pg_temp.v__groups
    SELECT v__net.id,
           v__net.name,
           -e.__ivmc_weight * v__net.__ivmc_weight * count(*) AS __ivmc_count,
           -e.__ivmc_weight * v__net.__ivmc_weight * count(*) FILTER (WHERE e.salary IS NOT NULL) AS __ivmc_count_salary,
           -e.__ivmc_weight * v__net.__ivmc_weight * coalesce(sum(e.salary), 0) AS __ivmc_sum_salary
    FROM (
           SELECT e.department_id, e.salary, e.__ivmc_weight
           FROM ivmc.changes_public_employees e
           WHERE (e.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(e.__ivmc_xid, frontier.snapshot) AND e.__ivmc_xid <> frontier.xid OR e.__ivmc_xid = frontier.xid AND e.__ivmc_seq > frontier.seq)
           LIMIT n.employees_changes
         ) e,
         (SELECT * FROM pg_temp.v__net LIMIT n.net) v__net
    WHERE e.department_id = v__net.id
    GROUP BY v__net.id, v__net.name, -e.__ivmc_weight * v__net.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.id,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
             sum(g.__ivmc_sum_salary) AS __ivmc_sum_salary,
             (array_agg(g.name ORDER BY g.__ivmc_count DESC))[1] AS name,
             max(g.__ivmc_count) > 0 AS __ivmc_found
      FROM (
        SELECT g.id,
               g.name,
               sum(g.__ivmc_count) AS __ivmc_count,
               sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
               sum(g.__ivmc_sum_salary) AS __ivmc_sum_salary
        FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
        GROUP BY g.id, g.name
      ) g
      GROUP BY g.id
      ORDER BY g.id
    ) d ON t.id = d.id
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_salary <> 0 OR d.__ivmc_sum_salary <> 0 OR d.__ivmc_found AND ROW(t.name)::record *<> ROW(d.name)::record) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_salary = (t.__ivmc_count_salary + d.__ivmc_count_salary)::bigint,
                 __ivmc_sum_salary = (t.__ivmc_sum_salary + d.__ivmc_sum_salary)::bigint,
                 name = CASE WHEN d.__ivmc_found THEN d.name ELSE t.name END
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (id, name, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.id, d.name, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.net > 1000 THEN TRUNCATE pg_temp.v__net; ELSIF n.net > 0 THEN DELETE FROM pg_temp.v__net; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__net');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT id,
       name,
       __ivmc_count AS n,
       CASE WHEN __ivmc_count_salary > 0 THEN __ivmc_sum_salary END AS payroll
FROM ivmc.v;

-- ==== min and max re-read groups that lost their extremum
-- expect: aggregate
-- expect-not: reread
SELECT department_id, min(salary) AS low, max(hired) AS newest FROM employees GROUP BY department_id;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by department_id: min, max
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 1 count, 2 extrema per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- │     note   groups that lose an extremum are read again
-- └─ table employees
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.employees (department_id);

-- ---- sql
CREATE TABLE ivmc.v (
  department_id integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_min_salary integer,
  __ivmc_count_min_salary bigint,
  __ivmc_max_hired date,
  __ivmc_count_max_hired bigint
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(department_id), 0));

INSERT INTO ivmc.v (department_id, __ivmc_count, __ivmc_min_salary, __ivmc_count_min_salary, __ivmc_max_hired, __ivmc_count_max_hired)
SELECT terms.department_id,
       max(terms.count) AS __ivmc_count,
       min(terms.min_salary) AS __ivmc_min_salary,
       max(terms.count_min_salary) AS __ivmc_count_min_salary,
       min(terms.max_hired) AS __ivmc_max_hired,
       max(terms.count_max_hired) AS __ivmc_count_max_hired
FROM (
       SELECT groups.department_id,
              groups.count,
              NULL::integer AS min_salary,
              NULL::bigint AS count_min_salary,
              NULL::date AS max_hired,
              NULL::bigint AS count_max_hired
       FROM (
              SELECT employees.department_id, count(*) AS count
              FROM public.employees
              GROUP BY employees.department_id
            ) groups
       UNION ALL
       SELECT groups_2.department_id,
              NULL::bigint AS count,
              groups_2.min_salary,
              groups_2.count_min_salary,
              NULL::date AS max_hired,
              NULL::bigint AS count_max_hired
       FROM (
              SELECT net.department_id,
                     min(net.min_salary) AS min_salary,
                     (array_agg(net.__ivmc_weight ORDER BY net.min_salary))[1] AS count_min_salary
              FROM (
                     SELECT employees_2.department_id, employees_2.salary AS min_salary, count(*) AS __ivmc_weight
                     FROM public.employees employees_2
                     WHERE employees_2.salary IS NOT NULL
                     GROUP BY employees_2.department_id, employees_2.salary
                     OFFSET 0
                   ) net
              GROUP BY net.department_id
            ) groups_2
       UNION ALL
       SELECT groups_3.department_id,
              NULL::bigint AS count,
              NULL::integer AS min_salary,
              NULL::bigint AS count_min_salary,
              groups_3.max_hired,
              groups_3.count_max_hired
       FROM (
              SELECT net_2.department_id,
                     max(net_2.max_hired) AS max_hired,
                     (array_agg(net_2.__ivmc_weight ORDER BY net_2.max_hired DESC))[1] AS count_max_hired
              FROM (
                     SELECT employees_3.department_id, employees_3.hired AS max_hired, count(*) AS __ivmc_weight
                     FROM public.employees employees_3
                     WHERE employees_3.hired IS NOT NULL
                     GROUP BY employees_3.department_id, employees_3.hired
                     OFFSET 0
                   ) net_2
              GROUP BY net_2.department_id
            ) groups_3
     ) terms
GROUP BY terms.department_id;

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
  employees_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  lost bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 2.5 * n.employees_changes));
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
        INTO n.employees_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_employees b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) employees_changes;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_min_salary::integer AS __ivmc_min_salary,
           q.__ivmc_count_min_salary::bigint AS __ivmc_count_min_salary,
           q.__ivmc_max_hired::date AS __ivmc_max_hired,
           q.__ivmc_count_max_hired::bigint AS __ivmc_count_max_hired
    FROM (
      SELECT terms.department_id,
             max(terms.count) AS __ivmc_count,
             min(terms.min_salary) AS __ivmc_min_salary,
             max(terms.count_min_salary) AS __ivmc_count_min_salary,
             min(terms.max_hired) AS __ivmc_max_hired,
             max(terms.count_max_hired) AS __ivmc_count_max_hired
      FROM (
             SELECT groups.department_id,
                    groups.count,
                    NULL::integer AS min_salary,
                    NULL::bigint AS count_min_salary,
                    NULL::date AS max_hired,
                    NULL::bigint AS count_max_hired
             FROM (
                    SELECT employees.department_id, count(*) AS count
                    FROM public.employees
                    GROUP BY employees.department_id
                  ) groups
             UNION ALL
             SELECT groups_2.department_id,
                    NULL::bigint AS count,
                    groups_2.min_salary,
                    groups_2.count_min_salary,
                    NULL::date AS max_hired,
                    NULL::bigint AS count_max_hired
             FROM (
                    SELECT net.department_id,
                           min(net.min_salary) AS min_salary,
                           (array_agg(net.__ivmc_weight ORDER BY net.min_salary))[1] AS count_min_salary
                    FROM (
                           SELECT employees_2.department_id, employees_2.salary AS min_salary, count(*) AS __ivmc_weight
                           FROM public.employees employees_2
                           WHERE employees_2.salary IS NOT NULL
                           GROUP BY employees_2.department_id, employees_2.salary
                           OFFSET 0
                         ) net
                    GROUP BY net.department_id
                  ) groups_2
             UNION ALL
             SELECT groups_3.department_id,
                    NULL::bigint AS count,
                    NULL::integer AS min_salary,
                    NULL::bigint AS count_min_salary,
                    groups_3.max_hired,
                    groups_3.count_max_hired
             FROM (
                    SELECT net_2.department_id,
                           max(net_2.max_hired) AS max_hired,
                           (array_agg(net_2.__ivmc_weight ORDER BY net_2.max_hired DESC))[1] AS count_max_hired
                    FROM (
                           SELECT employees_3.department_id, employees_3.hired AS max_hired, count(*) AS __ivmc_weight
                           FROM public.employees employees_3
                           WHERE employees_3.hired IS NOT NULL
                           GROUP BY employees_3.department_id, employees_3.hired
                           OFFSET 0
                         ) net_2
                    GROUP BY net_2.department_id
                  ) groups_3
           ) terms
      GROUP BY terms.department_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND ROW(t.department_id, t.__ivmc_count, t.__ivmc_min_salary, t.__ivmc_count_min_salary, t.__ivmc_max_hired, t.__ivmc_count_max_hired)::record *<> ROW(d.department_id, d.__ivmc_count, d.__ivmc_min_salary, d.__ivmc_count_min_salary, d.__ivmc_max_hired, d.__ivmc_count_max_hired)::record THEN
      UPDATE SET department_id = d.department_id,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_min_salary = d.__ivmc_min_salary,
                 __ivmc_count_min_salary = d.__ivmc_count_min_salary,
                 __ivmc_max_hired = d.__ivmc_max_hired,
                 __ivmc_count_max_hired = d.__ivmc_count_max_hired
    WHEN NOT MATCHED THEN
      INSERT (department_id, __ivmc_count, __ivmc_min_salary, __ivmc_count_min_salary, __ivmc_max_hired, __ivmc_count_max_hired)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_min_salary, d.__ivmc_count_min_salary, d.__ivmc_max_hired, d.__ivmc_count_max_hired);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_540086ef') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__lost;
    CREATE TEMPORARY TABLE v__groups (department_id integer, __ivmc_count numeric, __ivmc_min_salary integer, __ivmc_count_min_salary bigint, __ivmc_max_hired date, __ivmc_count_max_hired bigint);
    CREATE TEMPORARY TABLE v__lost (department_id integer);
    CREATE TEMPORARY TABLE v__made_540086ef ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(γ(Δemployees) + γ(net(Δemployees)) + γ(net(Δemployees)))
    INSERT INTO pg_temp.v__groups
    SELECT terms.department_id,
           max(terms.count) AS __ivmc_count,
           min(terms.min_salary) AS __ivmc_min_salary,
           max(terms.count_min_salary) AS __ivmc_count_min_salary,
           min(terms.max_hired) AS __ivmc_max_hired,
           max(terms.count_max_hired) AS __ivmc_count_max_hired
    FROM (
           SELECT groups.department_id,
                  groups.count,
                  NULL::integer AS min_salary,
                  NULL::bigint AS count_min_salary,
                  NULL::date AS max_hired,
                  NULL::bigint AS count_max_hired
           FROM (
                  SELECT employees.department_id, coalesce(sum(employees.__ivmc_weight), 0) AS count
                  FROM (
                         SELECT employees.department_id, employees.salary, employees.hired, employees.__ivmc_weight
                         FROM ivmc.changes_public_employees employees
                         WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
                         LIMIT n.employees_changes
                       ) employees
                  GROUP BY employees.department_id
                ) groups
           UNION ALL
           SELECT groups_2.department_id,
                  NULL::bigint AS count,
                  groups_2.min_salary,
                  groups_2.count_min_salary,
                  NULL::date AS max_hired,
                  NULL::bigint AS count_max_hired
           FROM (
                  SELECT net.department_id,
                         min(net.min_salary) AS min_salary,
                         (array_agg(net.__ivmc_weight ORDER BY net.min_salary))[1] AS count_min_salary
                  FROM (
                         SELECT employees_2.department_id,
                                employees_2.salary AS min_salary,
                                sum(employees_2.__ivmc_weight) AS __ivmc_weight
                         FROM (
                                SELECT employees_2.department_id, employees_2.salary, employees_2.hired, employees_2.__ivmc_weight
                                FROM ivmc.changes_public_employees employees_2
                                WHERE (employees_2.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees_2.__ivmc_xid, frontier.snapshot) AND employees_2.__ivmc_xid <> frontier.xid OR employees_2.__ivmc_xid = frontier.xid AND employees_2.__ivmc_seq > frontier.seq)
                                LIMIT n.employees_changes
                              ) employees_2
                         WHERE employees_2.salary IS NOT NULL
                         GROUP BY employees_2.department_id, employees_2.salary
                         HAVING sum(employees_2.__ivmc_weight) <> 0
                         OFFSET 0
                       ) net
                  GROUP BY net.department_id
                ) groups_2
           UNION ALL
           SELECT groups_3.department_id,
                  NULL::bigint AS count,
                  NULL::integer AS min_salary,
                  NULL::bigint AS count_min_salary,
                  groups_3.max_hired,
                  groups_3.count_max_hired
           FROM (
                  SELECT net_2.department_id,
                         max(net_2.max_hired) AS max_hired,
                         (array_agg(net_2.__ivmc_weight ORDER BY net_2.max_hired DESC))[1] AS count_max_hired
                  FROM (
                         SELECT employees_3.department_id,
                                employees_3.hired AS max_hired,
                                sum(employees_3.__ivmc_weight) AS __ivmc_weight
                         FROM (
                                SELECT employees_3.department_id, employees_3.salary, employees_3.hired, employees_3.__ivmc_weight
                                FROM ivmc.changes_public_employees employees_3
                                WHERE (employees_3.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees_3.__ivmc_xid, frontier.snapshot) AND employees_3.__ivmc_xid <> frontier.xid OR employees_3.__ivmc_xid = frontier.xid AND employees_3.__ivmc_seq > frontier.seq)
                                LIMIT n.employees_changes
                              ) employees_3
                         WHERE employees_3.hired IS NOT NULL
                         GROUP BY employees_3.department_id, employees_3.hired
                         HAVING sum(employees_3.__ivmc_weight) <> 0
                         OFFSET 0
                       ) net_2
                  GROUP BY net_2.department_id
                ) groups_3
         ) terms
    GROUP BY terms.department_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT DISTINCT d.department_id
    FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) d
    LEFT JOIN ivmc.v t ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHERE d.__ivmc_min_salary = t.__ivmc_min_salary AND t.__ivmc_count_min_salary + d.__ivmc_count_min_salary <= 0
       OR d.__ivmc_count_min_salary < 0 AND (d.__ivmc_min_salary < t.__ivmc_min_salary OR (t.__ivmc_min_salary IS NULL AND d.__ivmc_min_salary IS NOT NULL))
       OR d.__ivmc_max_hired = t.__ivmc_max_hired AND t.__ivmc_count_max_hired + d.__ivmc_count_max_hired <= 0
       OR d.__ivmc_count_max_hired < 0 AND (d.__ivmc_max_hired > t.__ivmc_max_hired OR (t.__ivmc_max_hired IS NULL AND d.__ivmc_max_hired IS NOT NULL));
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.department_id,
             g.__ivmc_count,
             g.__ivmc_min_salary,
             g.__ivmc_count_min_salary,
             g.__ivmc_max_hired,
             g.__ivmc_count_max_hired
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      ORDER BY g.department_id
    ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_min_salary IS NOT NULL OR d.__ivmc_max_hired IS NOT NULL) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_min_salary = CASE WHEN d.__ivmc_min_salary < t.__ivmc_min_salary OR (t.__ivmc_min_salary IS NULL AND d.__ivmc_min_salary IS NOT NULL) THEN d.__ivmc_min_salary ELSE t.__ivmc_min_salary END,
                 __ivmc_count_min_salary = CASE WHEN d.__ivmc_min_salary < t.__ivmc_min_salary OR (t.__ivmc_min_salary IS NULL AND d.__ivmc_min_salary IS NOT NULL) THEN d.__ivmc_count_min_salary WHEN d.__ivmc_min_salary = t.__ivmc_min_salary THEN t.__ivmc_count_min_salary + d.__ivmc_count_min_salary ELSE t.__ivmc_count_min_salary END,
                 __ivmc_max_hired = CASE WHEN d.__ivmc_max_hired > t.__ivmc_max_hired OR (t.__ivmc_max_hired IS NULL AND d.__ivmc_max_hired IS NOT NULL) THEN d.__ivmc_max_hired ELSE t.__ivmc_max_hired END,
                 __ivmc_count_max_hired = CASE WHEN d.__ivmc_max_hired > t.__ivmc_max_hired OR (t.__ivmc_max_hired IS NULL AND d.__ivmc_max_hired IS NOT NULL) THEN d.__ivmc_count_max_hired WHEN d.__ivmc_max_hired = t.__ivmc_max_hired THEN t.__ivmc_count_max_hired + d.__ivmc_count_max_hired ELSE t.__ivmc_count_max_hired END
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (department_id, __ivmc_count, __ivmc_min_salary, __ivmc_count_min_salary, __ivmc_max_hired, __ivmc_count_max_hired)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_min_salary, d.__ivmc_count_min_salary, d.__ivmc_max_hired, d.__ivmc_count_max_hired);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT k.department_id,
               x.__ivmc_count,
               x.__ivmc_min_salary,
               x.__ivmc_count_min_salary,
               x.__ivmc_max_hired,
               x.__ivmc_count_max_hired,
               x.__ivmc_found
        FROM (
          SELECT v__lost.department_id
          FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
          WHERE v__lost.department_id IS NOT NULL
          GROUP BY v__lost.department_id
        ) k
        LEFT JOIN (
          SELECT terms.department_id,
                 max(terms.count) AS __ivmc_count,
                 min(terms.min_salary) AS __ivmc_min_salary,
                 max(terms.count_min_salary) AS __ivmc_count_min_salary,
                 min(terms.max_hired) AS __ivmc_max_hired,
                 max(terms.count_max_hired) AS __ivmc_count_max_hired,
                 true AS __ivmc_found
          FROM (
                 SELECT groups_2.department_id,
                        groups_2.count,
                        NULL::integer AS min_salary,
                        NULL::bigint AS count_min_salary,
                        NULL::date AS max_hired,
                        NULL::bigint AS count_max_hired
                 FROM (
                        SELECT employees.department_id, count(*) AS count
                        FROM (
                               SELECT v__lost.department_id
                               FROM (
                                      SELECT * FROM (
                                        SELECT * FROM pg_temp.v__lost
                                        ORDER BY department_id
                                        LIMIT n.lost
                                      ) x LIMIT n.lost
                                    ) v__lost
                               WHERE v__lost.department_id IS NOT NULL
                               GROUP BY v__lost.department_id
                             ) groups,
                             public.employees
                        WHERE groups.department_id = employees.department_id
                        GROUP BY employees.department_id
                      ) groups_2
                 UNION ALL
                 SELECT groups_4.department_id,
                        NULL::bigint AS count,
                        groups_4.min_salary,
                        groups_4.count_min_salary,
                        NULL::date AS max_hired,
                        NULL::bigint AS count_max_hired
                 FROM (
                        SELECT net.department_id,
                               min(net.min_salary) AS min_salary,
                               (array_agg(net.__ivmc_weight ORDER BY net.min_salary))[1] AS count_min_salary
                        FROM (
                               SELECT employees_2.department_id, employees_2.salary AS min_salary, count(*) AS __ivmc_weight
                               FROM (
                                      SELECT v__lost_2.department_id
                                      FROM (
                                             SELECT * FROM (
                                               SELECT * FROM pg_temp.v__lost
                                               ORDER BY department_id
                                               LIMIT n.lost
                                             ) x LIMIT n.lost
                                           ) v__lost_2
                                      WHERE v__lost_2.department_id IS NOT NULL
                                      GROUP BY v__lost_2.department_id
                                    ) groups_3,
                                    public.employees employees_2
                               WHERE groups_3.department_id = employees_2.department_id
                                 AND employees_2.salary IS NOT NULL
                               GROUP BY employees_2.department_id, employees_2.salary
                               OFFSET 0
                             ) net
                        GROUP BY net.department_id
                      ) groups_4
                 UNION ALL
                 SELECT groups_6.department_id,
                        NULL::bigint AS count,
                        NULL::integer AS min_salary,
                        NULL::bigint AS count_min_salary,
                        groups_6.max_hired,
                        groups_6.count_max_hired
                 FROM (
                        SELECT net_2.department_id,
                               max(net_2.max_hired) AS max_hired,
                               (array_agg(net_2.__ivmc_weight ORDER BY net_2.max_hired DESC))[1] AS count_max_hired
                        FROM (
                               SELECT employees_3.department_id, employees_3.hired AS max_hired, count(*) AS __ivmc_weight
                               FROM (
                                      SELECT v__lost_3.department_id
                                      FROM (
                                             SELECT * FROM (
                                               SELECT * FROM pg_temp.v__lost
                                               ORDER BY department_id
                                               LIMIT n.lost
                                             ) x LIMIT n.lost
                                           ) v__lost_3
                                      WHERE v__lost_3.department_id IS NOT NULL
                                      GROUP BY v__lost_3.department_id
                                    ) groups_5,
                                    public.employees employees_3
                               WHERE groups_5.department_id = employees_3.department_id
                                 AND employees_3.hired IS NOT NULL
                               GROUP BY employees_3.department_id, employees_3.hired
                               OFFSET 0
                             ) net_2
                        GROUP BY net_2.department_id
                      ) groups_6
               ) terms
          GROUP BY terms.department_id
        ) x ON hash_record_extended(ROW(x.department_id), 0) = hash_record_extended(ROW(k.department_id), 0) AND x.department_id IS NOT DISTINCT FROM k.department_id
      ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_min_salary, t.__ivmc_count_min_salary, t.__ivmc_max_hired, t.__ivmc_count_max_hired)::record *<> ROW(d.__ivmc_count, d.__ivmc_min_salary, d.__ivmc_count_min_salary, d.__ivmc_max_hired, d.__ivmc_count_max_hired)::record THEN
        UPDATE SET __ivmc_count = d.__ivmc_count,
                   __ivmc_min_salary = d.__ivmc_min_salary,
                   __ivmc_count_min_salary = d.__ivmc_count_min_salary,
                   __ivmc_max_hired = d.__ivmc_max_hired,
                   __ivmc_count_max_hired = d.__ivmc_count_max_hired
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (department_id, __ivmc_count, __ivmc_min_salary, __ivmc_count_min_salary, __ivmc_max_hired, __ivmc_count_max_hired)
        VALUES (d.department_id, d.__ivmc_count, d.__ivmc_min_salary, d.__ivmc_count_min_salary, d.__ivmc_max_hired, d.__ivmc_count_max_hired);
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      IF EXISTS (SELECT FROM pg_temp.v__lost k WHERE k.department_id IS NULL) THEN
        MERGE INTO ivmc.v t USING (
          SELECT k.department_id,
                 x.__ivmc_count,
                 x.__ivmc_min_salary,
                 x.__ivmc_count_min_salary,
                 x.__ivmc_max_hired,
                 x.__ivmc_count_max_hired,
                 x.__ivmc_found
          FROM (
            SELECT v__lost.department_id
            FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
            WHERE v__lost.department_id IS NULL
            GROUP BY v__lost.department_id
          ) k
          LEFT JOIN (
            SELECT terms.department_id,
                   max(terms.count) AS __ivmc_count,
                   min(terms.min_salary) AS __ivmc_min_salary,
                   max(terms.count_min_salary) AS __ivmc_count_min_salary,
                   min(terms.max_hired) AS __ivmc_max_hired,
                   max(terms.count_max_hired) AS __ivmc_count_max_hired,
                   true AS __ivmc_found
            FROM (
                   SELECT groups_2.department_id,
                          groups_2.count,
                          NULL::integer AS min_salary,
                          NULL::bigint AS count_min_salary,
                          NULL::date AS max_hired,
                          NULL::bigint AS count_max_hired
                   FROM (
                          SELECT employees.department_id, count(*) AS count
                          FROM (
                                 SELECT v__lost.department_id
                                 FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost
                                 WHERE v__lost.department_id IS NULL
                                 GROUP BY v__lost.department_id
                               ) groups,
                               public.employees
                          WHERE (groups.department_id = employees.department_id OR groups.department_id IS NULL AND employees.department_id IS NULL)
                          GROUP BY employees.department_id
                        ) groups_2
                   UNION ALL
                   SELECT groups_4.department_id,
                          NULL::bigint AS count,
                          groups_4.min_salary,
                          groups_4.count_min_salary,
                          NULL::date AS max_hired,
                          NULL::bigint AS count_max_hired
                   FROM (
                          SELECT net.department_id,
                                 min(net.min_salary) AS min_salary,
                                 (array_agg(net.__ivmc_weight ORDER BY net.min_salary))[1] AS count_min_salary
                          FROM (
                                 SELECT employees_2.department_id, employees_2.salary AS min_salary, count(*) AS __ivmc_weight
                                 FROM (
                                        SELECT v__lost_2.department_id
                                        FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost_2
                                        WHERE v__lost_2.department_id IS NULL
                                        GROUP BY v__lost_2.department_id
                                      ) groups_3,
                                      public.employees employees_2
                                 WHERE (groups_3.department_id = employees_2.department_id OR groups_3.department_id IS NULL AND employees_2.department_id IS NULL)
                                   AND employees_2.salary IS NOT NULL
                                 GROUP BY employees_2.department_id, employees_2.salary
                                 OFFSET 0
                               ) net
                          GROUP BY net.department_id
                        ) groups_4
                   UNION ALL
                   SELECT groups_6.department_id,
                          NULL::bigint AS count,
                          NULL::integer AS min_salary,
                          NULL::bigint AS count_min_salary,
                          groups_6.max_hired,
                          groups_6.count_max_hired
                   FROM (
                          SELECT net_2.department_id,
                                 max(net_2.max_hired) AS max_hired,
                                 (array_agg(net_2.__ivmc_weight ORDER BY net_2.max_hired DESC))[1] AS count_max_hired
                          FROM (
                                 SELECT employees_3.department_id, employees_3.hired AS max_hired, count(*) AS __ivmc_weight
                                 FROM (
                                        SELECT v__lost_3.department_id
                                        FROM (SELECT * FROM pg_temp.v__lost LIMIT n.lost) v__lost_3
                                        WHERE v__lost_3.department_id IS NULL
                                        GROUP BY v__lost_3.department_id
                                      ) groups_5,
                                      public.employees employees_3
                                 WHERE (groups_5.department_id = employees_3.department_id OR groups_5.department_id IS NULL AND employees_3.department_id IS NULL)
                                   AND employees_3.hired IS NOT NULL
                                 GROUP BY employees_3.department_id, employees_3.hired
                                 OFFSET 0
                               ) net_2
                          GROUP BY net_2.department_id
                        ) groups_6
                 ) terms
            GROUP BY terms.department_id
          ) x ON hash_record_extended(ROW(x.department_id), 0) = hash_record_extended(ROW(k.department_id), 0) AND x.department_id IS NOT DISTINCT FROM k.department_id
        ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
        WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
        WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_min_salary, t.__ivmc_count_min_salary, t.__ivmc_max_hired, t.__ivmc_count_max_hired)::record *<> ROW(d.__ivmc_count, d.__ivmc_min_salary, d.__ivmc_count_min_salary, d.__ivmc_max_hired, d.__ivmc_count_max_hired)::record THEN
          UPDATE SET __ivmc_count = d.__ivmc_count,
                     __ivmc_min_salary = d.__ivmc_min_salary,
                     __ivmc_count_min_salary = d.__ivmc_count_min_salary,
                     __ivmc_max_hired = d.__ivmc_max_hired,
                     __ivmc_count_max_hired = d.__ivmc_count_max_hired
        WHEN NOT MATCHED AND d.__ivmc_found THEN
          INSERT (department_id, __ivmc_count, __ivmc_min_salary, __ivmc_count_min_salary, __ivmc_max_hired, __ivmc_count_max_hired)
          VALUES (d.department_id, d.__ivmc_count, d.__ivmc_min_salary, d.__ivmc_count_min_salary, d.__ivmc_max_hired, d.__ivmc_count_max_hired);
        GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      END IF;
    END IF;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.lost > 1000 THEN TRUNCATE pg_temp.v__lost; ELSIF n.lost > 0 THEN DELETE FROM pg_temp.v__lost; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__lost');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT department_id,
       __ivmc_min_salary AS low,
       __ivmc_max_hired AS newest
FROM ivmc.v;

-- ==== floats are re-aggregated
-- expect: reread
-- expect-not: aggregate
SELECT department_id, sum(rate) AS rate FROM employees GROUP BY department_id;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by department_id: sum
-- │     law    K = δ π_keys(ΔR), A(R′) = A(R) − A(R) ⋉ K + γ(R′ ⋉ K)
-- │     state  ivmc.v: the result
-- │     cost   O(Δ) for K, O(rows of the touched groups) to read them through an index on the key
-- │     note   sum(float8): floating-point sums cannot be taken back exactly
-- └─ table employees
--
-- Indexes without which a refresh scans the table:
--   CREATE INDEX ON public.employees (department_id);

-- ---- sql
CREATE TABLE ivmc.v (
  department_id integer,
  sum double precision
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(department_id), 0));

INSERT INTO ivmc.v (department_id, sum)
SELECT employees.department_id, sum(employees.rate) AS sum
FROM public.employees
GROUP BY employees.department_id;

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
  employees_changes bigint := 0;
  touched bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (2048000 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 2.5 * n.employees_changes));
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
        INTO n.employees_changes
        FROM (
          SELECT count(*)
          FROM ivmc.changes_public_employees b
          WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
        ) employees_changes;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id, q.sum::double precision AS sum
    FROM (
      SELECT employees.department_id, sum(employees.rate) AS sum
      FROM public.employees
      GROUP BY employees.department_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND ROW(t.department_id, t.sum)::record *<> ROW(d.department_id, d.sum)::record THEN
      UPDATE SET department_id = d.department_id, sum = d.sum
    WHEN NOT MATCHED THEN
      INSERT (department_id, sum)
      VALUES (d.department_id, d.sum);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_2904b143') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__touched;
    CREATE TEMPORARY TABLE v__touched (department_id integer);
    CREATE TEMPORARY TABLE v__made_2904b143 ();
  END IF;

  -- Stage v: what the view shows

  -- Touched groups: those with a net change
  IF n.employees_changes > 0 THEN
    -- touched += γ(net(Δemployees))
    INSERT INTO pg_temp.v__touched
    SELECT net.department_id
    FROM (
           SELECT employees.department_id, employees.rate, sum(employees.__ivmc_weight) AS __ivmc_weight
           FROM (
                  SELECT employees.department_id, employees.rate, employees.__ivmc_weight
                  FROM ivmc.changes_public_employees employees
                  WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
                  LIMIT n.employees_changes
                ) employees
           GROUP BY employees.department_id, employees.rate, record_send(ROW(employees.rate))
           HAVING sum(employees.__ivmc_weight) <> 0
           OFFSET 0
         ) net
    GROUP BY net.department_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.touched := n.touched + n.step;
  END IF;
  IF n.touched > 0 THEN
    -- Read the groups again
    IF n.touched > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT k.department_id, x.sum, x.__ivmc_found
        FROM (
          SELECT v__touched.department_id
          FROM (SELECT * FROM pg_temp.v__touched LIMIT n.touched) v__touched
          WHERE v__touched.department_id IS NOT NULL
          GROUP BY v__touched.department_id
        ) k
        LEFT JOIN (
          SELECT employees.department_id, sum(employees.rate) AS sum, true AS __ivmc_found
          FROM (
                 SELECT v__touched.department_id
                 FROM (
                        SELECT * FROM (
                          SELECT * FROM pg_temp.v__touched
                          ORDER BY department_id
                          LIMIT n.touched
                        ) x LIMIT n.touched
                      ) v__touched
                 WHERE v__touched.department_id IS NOT NULL
                 GROUP BY v__touched.department_id
               ) groups,
               public.employees
          WHERE groups.department_id = employees.department_id
          GROUP BY employees.department_id
        ) x ON hash_record_extended(ROW(x.department_id), 0) = hash_record_extended(ROW(k.department_id), 0) AND x.department_id IS NOT DISTINCT FROM k.department_id
      ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
      WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
      WHEN MATCHED AND ROW(t.sum)::record *<> ROW(d.sum)::record THEN
        UPDATE SET sum = d.sum
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (department_id, sum)
        VALUES (d.department_id, d.sum);
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      IF EXISTS (SELECT FROM pg_temp.v__touched k WHERE k.department_id IS NULL) THEN
        MERGE INTO ivmc.v t USING (
          SELECT k.department_id, x.sum, x.__ivmc_found
          FROM (
            SELECT v__touched.department_id
            FROM (SELECT * FROM pg_temp.v__touched LIMIT n.touched) v__touched
            WHERE v__touched.department_id IS NULL
            GROUP BY v__touched.department_id
          ) k
          LEFT JOIN (
            SELECT employees.department_id, sum(employees.rate) AS sum, true AS __ivmc_found
            FROM (
                   SELECT v__touched.department_id
                   FROM (SELECT * FROM pg_temp.v__touched LIMIT n.touched) v__touched
                   WHERE v__touched.department_id IS NULL
                   GROUP BY v__touched.department_id
                 ) groups,
                 public.employees
            WHERE (groups.department_id = employees.department_id OR groups.department_id IS NULL AND employees.department_id IS NULL)
            GROUP BY employees.department_id
          ) x ON hash_record_extended(ROW(x.department_id), 0) = hash_record_extended(ROW(k.department_id), 0) AND x.department_id IS NOT DISTINCT FROM k.department_id
        ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
        WHEN MATCHED AND d.__ivmc_found IS NULL THEN DELETE
        WHEN MATCHED AND ROW(t.sum)::record *<> ROW(d.sum)::record THEN
          UPDATE SET sum = d.sum
        WHEN NOT MATCHED AND d.__ivmc_found THEN
          INSERT (department_id, sum)
          VALUES (d.department_id, d.sum);
        GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
      END IF;
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
SELECT department_id,
       sum AS rate
FROM ivmc.v;

-- ==== DISTINCT and FILTER inside aggregates
-- expect: aggregate, union
-- expect-not: reread
SELECT department_id, count(DISTINCT salary) AS salaries, count(*) FILTER (WHERE salary > 100) AS well_paid
FROM employees GROUP BY department_id;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by department_id: count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 3 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ union all
--    ├─ compute 0, NULL::integer
--    │  └─ stage v__1
--    └─ compute 1, NULL::integer
--       └─ table employees
--
-- aggregate by department_id, salary: distinct rows
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ filter salary IS NOT NULL
--    └─ table employees

-- ---- sql
CREATE TABLE ivmc.v__1 (
  department_id integer,
  salary integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v__1 (hash_record_extended(ROW(department_id, salary), 0));

CREATE TABLE ivmc.v (
  department_id integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_salary bigint NOT NULL,
  __ivmc_count_filtered bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(department_id), 0));

INSERT INTO ivmc.v__1 (department_id, salary, __ivmc_count)
SELECT employees.department_id, employees.salary, count(*) AS __ivmc_count
FROM public.employees
WHERE employees.salary IS NOT NULL
GROUP BY employees.department_id, employees.salary;

INSERT INTO ivmc.v (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_count_filtered)
SELECT terms.department_id,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE terms.salary IS NOT NULL) AS __ivmc_count_salary,
       count(*) FILTER (WHERE (terms.salary_2 > 100 AND terms.arm = 1)) AS __ivmc_count_filtered
FROM (
       SELECT v__1.department_id, 0 AS arm, v__1.salary, NULL::integer AS salary_2
       FROM ivmc.v__1
       UNION ALL
       SELECT employees.department_id, 1 AS arm, NULL::integer AS salary, employees.salary AS salary_2
       FROM public.employees
     ) terms
GROUP BY terms.department_id;

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
  employees_changes bigint := 0;
  groups bigint := 0;
  employees bigint := 0;
  step bigint;
  moved bigint := 0;
  changes bigint := 0;
  groups_2 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes, n.employees
      FROM (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.salary IS NOT NULL)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 0.5 * n.employees + 0.5 * n.employees_changes));
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
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.salary::integer AS salary,
           q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT employees.department_id, employees.salary, count(*) AS __ivmc_count
      FROM public.employees
      WHERE employees.salary IS NOT NULL
      GROUP BY employees.department_id, employees.salary
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE hash_record_extended(ROW(t.department_id, t.salary), 0) = hash_record_extended(ROW(d.department_id, d.salary), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id AND t.salary = d.salary);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON hash_record_extended(ROW(t.department_id, t.salary), 0) = hash_record_extended(ROW(d.department_id, d.salary), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id AND t.salary = d.salary
    WHEN MATCHED AND ROW(t.department_id, t.salary, t.__ivmc_count)::record *<> ROW(d.department_id, d.salary, d.__ivmc_count)::record THEN
      UPDATE SET department_id = d.department_id, salary = d.salary, __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (department_id, salary, __ivmc_count)
      VALUES (d.department_id, d.salary, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_salary::bigint AS __ivmc_count_salary,
           q.__ivmc_count_filtered::bigint AS __ivmc_count_filtered
    FROM (
      SELECT terms.department_id,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE terms.salary IS NOT NULL) AS __ivmc_count_salary,
             count(*) FILTER (WHERE (terms.salary_2 > 100 AND terms.arm = 1)) AS __ivmc_count_filtered
      FROM (
             SELECT v__1.department_id, 0 AS arm, v__1.salary, NULL::integer AS salary_2
             FROM ivmc.v__1
             UNION ALL
             SELECT employees.department_id, 1 AS arm, NULL::integer AS salary, employees.salary AS salary_2
             FROM public.employees
           ) terms
      GROUP BY terms.department_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND ROW(t.department_id, t.__ivmc_count, t.__ivmc_count_salary, t.__ivmc_count_filtered)::record *<> ROW(d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_count_filtered)::record THEN
      UPDATE SET department_id = d.department_id,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_salary = d.__ivmc_count_salary,
                 __ivmc_count_filtered = d.__ivmc_count_filtered
    WHEN NOT MATCHED THEN
      INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_count_filtered)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_count_filtered);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_b72dd75c') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__groups_2;
    CREATE TEMPORARY TABLE v__groups (department_id integer, salary integer, __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__moved (department_id integer, salary integer, __ivmc_count bigint, __ivmc_count_was bigint);
    CREATE TEMPORARY TABLE v__changes (department_id integer, salary integer, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__groups_2 (department_id integer, __ivmc_count numeric, __ivmc_count_salary numeric, __ivmc_count_filtered numeric);
    CREATE TEMPORARY TABLE v__made_b72dd75c ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δemployees)
    INSERT INTO pg_temp.v__groups
    SELECT employees.department_id, employees.salary, employees.__ivmc_weight * count(*) AS __ivmc_count
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
      AND employees.salary IS NOT NULL
    GROUP BY employees.department_id, employees.salary, employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.department_id,
           g.salary,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           t.__ivmc_count AS __ivmc_count_was
    FROM (
      SELECT g.department_id, g.salary, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.department_id, g.salary
      HAVING sum(g.__ivmc_count) <> 0
      ORDER BY g.department_id, g.salary
    ) g
    LEFT JOIN ivmc.v__1 t ON hash_record_extended(ROW(t.department_id, t.salary), 0) = hash_record_extended(ROW(g.department_id, g.salary), 0) AND t.department_id IS NOT DISTINCT FROM g.department_id AND t.salary = g.salary;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON hash_record_extended(ROW(t.department_id, t.salary), 0) = hash_record_extended(ROW(d.department_id, d.salary), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id AND t.salary = d.salary
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (department_id, salary, __ivmc_count)
        VALUES (d.department_id, d.salary, d.__ivmc_count);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.department_id, terms.salary, terms.__ivmc_weight
      FROM (
             SELECT v__moved.department_id, v__moved.salary, 1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.department_id, v__moved_2.salary, -1 AS __ivmc_weight
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
    SELECT v__1.department_id,
           v__1.__ivmc_weight * count(*) AS __ivmc_count,
           v__1.__ivmc_weight * count(*) FILTER (WHERE v__1.salary IS NOT NULL) AS __ivmc_count_salary,
           v__1.__ivmc_weight * count(*) FILTER (WHERE (NULL::integer > 100 AND 0 = 1)) AS __ivmc_count_filtered
    FROM pg_temp.v__changes v__1
    GROUP BY v__1.department_id, v__1.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.employees_changes > 0 THEN
    -- groups_2 += γ(Δemployees)
    INSERT INTO pg_temp.v__groups_2
    SELECT employees.department_id,
           employees.__ivmc_weight * count(*) AS __ivmc_count,
           employees.__ivmc_weight * count(*) FILTER (WHERE NULL::integer IS NOT NULL) AS __ivmc_count_salary,
           employees.__ivmc_weight * count(*) FILTER (WHERE (employees.salary > 100 AND 1 = 1)) AS __ivmc_count_filtered
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
    GROUP BY employees.department_id, employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.groups_2 > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.department_id,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
             sum(g.__ivmc_count_filtered) AS __ivmc_count_filtered
      FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) g
      GROUP BY g.department_id
      ORDER BY g.department_id
    ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_salary <> 0 OR d.__ivmc_count_filtered <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_salary = (t.__ivmc_count_salary + d.__ivmc_count_salary)::bigint,
                 __ivmc_count_filtered = (t.__ivmc_count_filtered + d.__ivmc_count_filtered)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_count_filtered)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_count_filtered);
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
SELECT department_id,
       __ivmc_count_salary AS salaries,
       __ivmc_count_filtered AS well_paid
FROM ivmc.v;

-- ==== no GROUP BY
-- expect: filter, aggregate
-- expect-not: reread
SELECT count(*) AS n, sum(salary) AS payroll FROM employees WHERE hired > '2020-01-01';

-- ---- plan
-- public.v: differential refresh
--
-- aggregate: count, sum
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 3 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ filter hired > '2020-01-01'
--    └─ table employees

-- ---- sql
CREATE TABLE ivmc.v (
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count >= 0),
  __ivmc_count_salary bigint NOT NULL,
  __ivmc_sum_salary bigint NOT NULL
) WITH (fillfactor = 70);

INSERT INTO ivmc.v (__ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
SELECT count(*) AS __ivmc_count,
       count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
       coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
FROM public.employees
WHERE employees.hired > '2020-01-01';

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
  employees_changes bigint := 0;
  groups bigint := 0;
  employees bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes, n.employees
      FROM (
        SELECT n.thinned * count(*), n.thinned * count(*) FILTER (WHERE b.hired > '2020-01-01')
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 0.5 * n.employees));
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
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_salary::bigint AS __ivmc_count_salary,
           q.__ivmc_sum_salary::bigint AS __ivmc_sum_salary
    FROM (
      SELECT count(*) AS __ivmc_count,
             count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
             coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
      FROM public.employees
      WHERE employees.hired > '2020-01-01'
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE true);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON true
    WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_count_salary, t.__ivmc_sum_salary)::record *<> ROW(d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary)::record THEN
      UPDATE SET __ivmc_count = d.__ivmc_count,
                 __ivmc_count_salary = d.__ivmc_count_salary,
                 __ivmc_sum_salary = d.__ivmc_sum_salary
    WHEN NOT MATCHED THEN
      INSERT (__ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_f715316b') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups;
    CREATE TEMPORARY TABLE v__groups (__ivmc_count numeric, __ivmc_count_salary numeric, __ivmc_sum_salary numeric);
    CREATE TEMPORARY TABLE v__made_f715316b ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δemployees)
    INSERT INTO pg_temp.v__groups
    SELECT employees.__ivmc_weight * count(*) AS __ivmc_count,
           employees.__ivmc_weight * count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
           employees.__ivmc_weight * coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
      AND employees.hired > '2020-01-01'
    GROUP BY employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
             sum(g.__ivmc_sum_salary) AS __ivmc_sum_salary
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
    ) d ON true
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_salary <> 0 OR d.__ivmc_sum_salary <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_salary = (t.__ivmc_count_salary + d.__ivmc_count_salary)::bigint,
                 __ivmc_sum_salary = (t.__ivmc_sum_salary + d.__ivmc_sum_salary)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (__ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
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
SELECT __ivmc_count AS n,
       CASE WHEN __ivmc_count_salary > 0 THEN __ivmc_sum_salary END AS payroll
FROM ivmc.v;

-- ==== HAVING
-- expect: aggregate
-- expect-not: reread
SELECT department_id, sum(salary) AS payroll FROM employees GROUP BY department_id HAVING count(*) > 2;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by department_id: sum, count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 3 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ table employees

-- ---- sql
CREATE TABLE ivmc.v (
  department_id integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_salary bigint NOT NULL,
  __ivmc_sum_salary bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(department_id), 0));

INSERT INTO ivmc.v (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
SELECT employees.department_id,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
       coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
FROM public.employees
GROUP BY employees.department_id;

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
  employees_changes bigint := 0;
  groups bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 0.5 * n.employees_changes));
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
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_salary::bigint AS __ivmc_count_salary,
           q.__ivmc_sum_salary::bigint AS __ivmc_sum_salary
    FROM (
      SELECT employees.department_id,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
             coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
      FROM public.employees
      GROUP BY employees.department_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND ROW(t.department_id, t.__ivmc_count, t.__ivmc_count_salary, t.__ivmc_sum_salary)::record *<> ROW(d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary)::record THEN
      UPDATE SET department_id = d.department_id,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_salary = d.__ivmc_count_salary,
                 __ivmc_sum_salary = d.__ivmc_sum_salary
    WHEN NOT MATCHED THEN
      INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_0b5706ae') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups;
    CREATE TEMPORARY TABLE v__groups (department_id integer, __ivmc_count numeric, __ivmc_count_salary numeric, __ivmc_sum_salary numeric);
    CREATE TEMPORARY TABLE v__made_0b5706ae ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δemployees)
    INSERT INTO pg_temp.v__groups
    SELECT employees.department_id,
           employees.__ivmc_weight * count(*) AS __ivmc_count,
           employees.__ivmc_weight * count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
           employees.__ivmc_weight * coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
    GROUP BY employees.department_id, employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.department_id,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
             sum(g.__ivmc_sum_salary) AS __ivmc_sum_salary
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.department_id
      ORDER BY g.department_id
    ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_count_salary <> 0 OR d.__ivmc_sum_salary <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_count_salary = (t.__ivmc_count_salary + d.__ivmc_count_salary)::bigint,
                 __ivmc_sum_salary = (t.__ivmc_sum_salary + d.__ivmc_sum_salary)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
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
SELECT department_id,
       CASE WHEN __ivmc_count_salary > 0 THEN __ivmc_sum_salary END AS payroll
FROM ivmc.v
WHERE (__ivmc_count > 2);

-- ==== DISTINCT
-- expect: aggregate
-- expect-not: reread
SELECT DISTINCT department_id, hired FROM employees;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by department_id, hired: distinct rows
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ table employees

-- ---- sql
CREATE TABLE ivmc.v (
  department_id integer,
  hired date,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0)
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v (hash_record_extended(ROW(department_id, hired), 0));

INSERT INTO ivmc.v (department_id, hired, __ivmc_count)
SELECT employees.department_id, employees.hired, count(*) AS __ivmc_count
FROM public.employees
GROUP BY employees.department_id, employees.hired;

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
  employees_changes bigint := 0;
  groups bigint := 0;
  step bigint;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 0.5 * n.employees_changes));
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
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.hired::date AS hired,
           q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT employees.department_id, employees.hired, count(*) AS __ivmc_count
      FROM public.employees
      GROUP BY employees.department_id, employees.hired
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE hash_record_extended(ROW(t.department_id, t.hired), 0) = hash_record_extended(ROW(d.department_id, d.hired), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id AND t.hired IS NOT DISTINCT FROM d.hired);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON hash_record_extended(ROW(t.department_id, t.hired), 0) = hash_record_extended(ROW(d.department_id, d.hired), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id AND t.hired IS NOT DISTINCT FROM d.hired
    WHEN MATCHED AND ROW(t.department_id, t.hired, t.__ivmc_count)::record *<> ROW(d.department_id, d.hired, d.__ivmc_count)::record THEN
      UPDATE SET department_id = d.department_id, hired = d.hired, __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (department_id, hired, __ivmc_count)
      VALUES (d.department_id, d.hired, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_2e893652') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups;
    CREATE TEMPORARY TABLE v__groups (department_id integer, hired date, __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__made_2e893652 ();
  END IF;

  -- Stage v: what the view shows

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δemployees)
    INSERT INTO pg_temp.v__groups
    SELECT employees.department_id, employees.hired, employees.__ivmc_weight * count(*) AS __ivmc_count
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
    GROUP BY employees.department_id, employees.hired, employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.department_id, g.hired, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.department_id, g.hired
      ORDER BY g.department_id, g.hired
    ) d ON hash_record_extended(ROW(t.department_id, t.hired), 0) = hash_record_extended(ROW(d.department_id, d.hired), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id AND t.hired IS NOT DISTINCT FROM d.hired
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (department_id, hired, __ivmc_count)
      VALUES (d.department_id, d.hired, d.__ivmc_count);
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
SELECT department_id,
       hired
FROM ivmc.v;

-- ==== an outer join by whose left side's key rows are grouped
-- expect: aggregate, union
-- expect-not: outer, join, match, reread
SELECT headcount, count(*) AS departments
FROM (
  SELECT d.id, count(e.id) AS headcount
  FROM departments d LEFT JOIN employees e ON e.department_id = d.id AND e.hired > '2020-01-01'
  GROUP BY d.id
) g
GROUP BY headcount;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate by count: count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 1 count per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ filter rows > matches
--    └─ stage v__1
--
-- aggregate by d.id: count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 2 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ union all
--    ├─ compute NULL::integer
--    │  └─ table departments d
--    └─ filter hired > '2020-01-01', department_id IS NOT NULL
--       └─ table employees e

-- ---- sql
CREATE TABLE ivmc.v__1 (
  id integer NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_id bigint NOT NULL,
  PRIMARY KEY (id)
) WITH (fillfactor = 70);

CREATE TABLE ivmc.v (
  count bigint NOT NULL,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  PRIMARY KEY (count)
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (id, __ivmc_count, __ivmc_count_id)
SELECT terms.id,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE terms.id_2 IS NOT NULL) AS __ivmc_count_id
FROM (
       SELECT d.id, NULL::integer AS id_2
       FROM public.departments d
       UNION ALL
       SELECT e.department_id AS id, e.id AS id_2
       FROM public.employees e
       WHERE e.hired > '2020-01-01'
         AND e.department_id IS NOT NULL
     ) terms
GROUP BY terms.id;

INSERT INTO ivmc.v (count, __ivmc_count)
SELECT v__1.__ivmc_count_id AS count, count(*) AS __ivmc_count
FROM ivmc.v__1
WHERE v__1.__ivmc_count > v__1.__ivmc_count_id
GROUP BY v__1.__ivmc_count_id;

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
  departments_changes bigint := 0;
  employees_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  e bigint := 0;
  moved bigint := 0;
  changes bigint := 0;
  groups_2 bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_departments b WHERE b.ctid >= '(29,0)')
    OR EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_departments') + pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.departments_changes, n.employees_changes, n.e
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_departments b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) departments_changes, (
        SELECT n.thinned * count(*),
               n.thinned * count(*) FILTER (WHERE b.hired > '2020-01-01' AND b.department_id IS NOT NULL)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.departments_changes + n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.departments_changes, n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_departments b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) departments_changes, (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.departments_changes + n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_departments b OFFSET 10000)
      OR EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.departments_changes + 0.5 * n.departments_changes
        + 0.3 * n.employees_changes + 0.5 * n.e));
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
        IF n.departments_changes = 0 THEN
          SELECT *
          INTO n.departments_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_departments b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) departments_changes;
        END IF;
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.departments_changes + n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.departments_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_departments', n.departments_changes);
    END IF;
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.id::integer AS id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_id::bigint AS __ivmc_count_id
    FROM (
      SELECT terms.id,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE terms.id_2 IS NOT NULL) AS __ivmc_count_id
      FROM (
             SELECT d.id, NULL::integer AS id_2
             FROM public.departments d
             UNION ALL
             SELECT e.department_id AS id, e.id AS id_2
             FROM public.employees e
             WHERE e.hired > '2020-01-01'
               AND e.department_id IS NOT NULL
           ) terms
      GROUP BY terms.id
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE t.id = d.id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON t.id = d.id
    WHEN MATCHED AND ROW(t.id, t.__ivmc_count, t.__ivmc_count_id)::record *<> ROW(d.id, d.__ivmc_count, d.__ivmc_count_id)::record THEN
      UPDATE SET id = d.id, __ivmc_count = d.__ivmc_count, __ivmc_count_id = d.__ivmc_count_id
    WHEN NOT MATCHED THEN
      INSERT (id, __ivmc_count, __ivmc_count_id)
      VALUES (d.id, d.__ivmc_count, d.__ivmc_count_id);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.count::bigint AS count, q.__ivmc_count::bigint AS __ivmc_count
    FROM (
      SELECT v__1.__ivmc_count_id AS count, count(*) AS __ivmc_count
      FROM ivmc.v__1
      WHERE v__1.__ivmc_count > v__1.__ivmc_count_id
      GROUP BY v__1.__ivmc_count_id
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE t.count = d.count);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON t.count = d.count
    WHEN MATCHED AND ROW(t.count, t.__ivmc_count)::record *<> ROW(d.count, d.__ivmc_count)::record THEN
      UPDATE SET count = d.count, __ivmc_count = d.__ivmc_count
    WHEN NOT MATCHED THEN
      INSERT (count, __ivmc_count)
      VALUES (d.count, d.__ivmc_count);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_30d65ed9') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__groups_2;
    CREATE TEMPORARY TABLE v__groups (id integer, __ivmc_count numeric, __ivmc_count_id numeric);
    CREATE TEMPORARY TABLE v__moved (id integer, __ivmc_count bigint, __ivmc_count_id bigint, __ivmc_count_was bigint, __ivmc_count_id_was bigint);
    CREATE TEMPORARY TABLE v__changes (id integer, count bigint, rows bigint, matches bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__groups_2 (count bigint, __ivmc_count numeric);
    CREATE TEMPORARY TABLE v__made_30d65ed9 ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.departments_changes > 0 THEN
    -- groups += γ(Δd)
    INSERT INTO pg_temp.v__groups
    SELECT d.id,
           d.__ivmc_weight * count(*) AS __ivmc_count,
           d.__ivmc_weight * count(*) FILTER (WHERE NULL::integer IS NOT NULL) AS __ivmc_count_id
    FROM ivmc.changes_public_departments d
    WHERE (d.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(d.__ivmc_xid, frontier.snapshot) AND d.__ivmc_xid <> frontier.xid OR d.__ivmc_xid = frontier.xid AND d.__ivmc_seq > frontier.seq)
    GROUP BY d.id, d.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δe)
    INSERT INTO pg_temp.v__groups
    SELECT e.department_id AS id,
           e.__ivmc_weight * count(*) AS __ivmc_count,
           e.__ivmc_weight * count(*) FILTER (WHERE e.id IS NOT NULL) AS __ivmc_count_id
    FROM ivmc.changes_public_employees e
    WHERE (e.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(e.__ivmc_xid, frontier.snapshot) AND e.__ivmc_xid <> frontier.xid OR e.__ivmc_xid = frontier.xid AND e.__ivmc_seq > frontier.seq)
      AND e.hired > '2020-01-01'
      AND e.department_id IS NOT NULL
    GROUP BY e.department_id, e.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.id,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           (coalesce(t.__ivmc_count_id, 0) + g.__ivmc_count_id)::bigint AS __ivmc_count_id,
           t.__ivmc_count AS __ivmc_count_was,
           t.__ivmc_count_id AS __ivmc_count_id_was
    FROM (
      SELECT g.id, sum(g.__ivmc_count) AS __ivmc_count, sum(g.__ivmc_count_id) AS __ivmc_count_id
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.id
      HAVING sum(g.__ivmc_count) <> 0 OR sum(g.__ivmc_count_id) <> 0
      ORDER BY g.id
    ) g
    LEFT JOIN ivmc.v__1 t ON t.id = g.id;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON t.id = d.id
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count, __ivmc_count_id = d.__ivmc_count_id
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (id, __ivmc_count, __ivmc_count_id)
        VALUES (d.id, d.__ivmc_count, d.__ivmc_count_id);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.id, terms.count, terms.rows, terms.matches, terms.__ivmc_weight
      FROM (
             SELECT v__moved.id,
                    v__moved.__ivmc_count_id AS count,
                    v__moved.__ivmc_count AS rows,
                    v__moved.__ivmc_count_id AS matches,
                    1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.id,
                    v__moved_2.__ivmc_count_id_was AS count,
                    v__moved_2.__ivmc_count_was AS rows,
                    v__moved_2.__ivmc_count_id_was AS matches,
                    -1 AS __ivmc_weight
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
    SELECT v__1.count, v__1.__ivmc_weight * count(*) AS __ivmc_count
    FROM pg_temp.v__changes v__1
    WHERE v__1.rows > v__1.matches
    GROUP BY v__1.count, v__1.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.groups_2 > 0 THEN
    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.count, sum(g.__ivmc_count) AS __ivmc_count
      FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) g
      GROUP BY g.count
      ORDER BY g.count
    ) d ON t.count = d.count
    WHEN MATCHED AND t.__ivmc_count + d.__ivmc_count = 0 THEN DELETE
    WHEN MATCHED AND (d.__ivmc_count <> 0) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (count, __ivmc_count)
      VALUES (d.count, d.__ivmc_count);
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
SELECT count AS headcount,
       __ivmc_count AS departments
FROM ivmc.v;

-- ==== an aggregate over an aggregate
-- expect: aggregate
-- expect-not: reread
SELECT max(payroll) AS most, count(*) AS departments
FROM (SELECT department_id, sum(salary) AS payroll FROM employees GROUP BY department_id) x;

-- ---- plan
-- public.v: differential refresh
--
-- aggregate: max, count
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v: 1 count, 1 extremum per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- │     note   groups that lose an extremum are read again
-- └─ stage v__1
--
-- aggregate by department_id: sum
-- │     law    ΔS(R) = S(ΔR), S(R′) = S(R) + S(ΔR)
-- │     state  ivmc.v__1: 3 counts and sums per group
-- │     cost   O(Δ) to sum up, O(touched groups) to apply, O(rows of the group) where an extremum is lost
-- └─ table employees

-- ---- sql
CREATE TABLE ivmc.v__1 (
  department_id integer,
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count > 0),
  __ivmc_count_salary bigint NOT NULL,
  __ivmc_sum_salary bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX ON ivmc.v__1 (hash_record_extended(ROW(department_id), 0));

CREATE TABLE ivmc.v (
  __ivmc_count bigint NOT NULL CHECK (__ivmc_count >= 0),
  __ivmc_max_sum bigint,
  __ivmc_count_max_sum bigint
) WITH (fillfactor = 70);

INSERT INTO ivmc.v__1 (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
SELECT employees.department_id,
       count(*) AS __ivmc_count,
       count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
       coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
FROM public.employees
GROUP BY employees.department_id;

INSERT INTO ivmc.v (__ivmc_count, __ivmc_max_sum, __ivmc_count_max_sum)
SELECT max(terms.count) AS __ivmc_count,
       min(terms.max_sum) AS __ivmc_max_sum,
       max(terms.count_max_sum) AS __ivmc_count_max_sum
FROM (
       SELECT groups.count, NULL::bigint AS max_sum, NULL::bigint AS count_max_sum
       FROM (
              SELECT count(*) AS count
              FROM ivmc.v__1
            ) groups
       UNION ALL
       SELECT NULL::bigint AS count, groups_2.max_sum, groups_2.count_max_sum
       FROM (
              SELECT max(net.max_sum) AS max_sum,
                     (array_agg(net.__ivmc_weight ORDER BY net.max_sum DESC))[1] AS count_max_sum
              FROM (
                     SELECT CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END AS max_sum,
                            count(*) AS __ivmc_weight
                     FROM ivmc.v__1 v__1_2
                     WHERE CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END IS NOT NULL
                     GROUP BY CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END
                     OFFSET 0
                   ) net
            ) groups_2
     ) terms;

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
  employees_changes bigint := 0;
  groups bigint := 0;
  step bigint;
  moved bigint := 0;
  changes bigint := 0;
  groups_2 bigint := 0;
  lost bigint := 0;
BEGIN
  rows_in := 0;
  rows_changed := 0;
  IF EXISTS (SELECT FROM ivmc.changes_public_employees b WHERE b.ctid >= '(29,0)') THEN
    n.thinned := pg_relation_size('ivmc.changes_public_employees');
    n.thinned := greatest(1, n.thinned / (491520 + 0.005 * n.thinned));
    IF n.thinned > 1 THEN
      -- Some pages tell about how many changes there are
      SELECT *
      INTO n.employees_changes
      FROM (
        SELECT n.thinned * count(*)
        FROM ivmc.changes_public_employees b TABLESAMPLE SYSTEM (100 / n.thinned) REPEATABLE (0)
        WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
      ) employees_changes;
      n.pending := n.employees_changes;
    END IF;
  END IF;
  n.rough := n.pending > 5000;
  IF NOT n.rough THEN
    SELECT *
    INTO n.employees_changes
    FROM (
      SELECT count(*)
      FROM ivmc.changes_public_employees b
      WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
    ) employees_changes;
    n.pending := n.employees_changes;
  END IF;
  IF n.pending = 0 AND NOT recompute THEN
    -- Nothing to do, unless old changes wait for this view to be trimmed
    IF n.thinned IS NOT NULL AND (EXISTS (SELECT FROM ivmc.changes_public_employees b OFFSET 10000)) THEN
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
    n.expected := coalesce(n.pending * frontier.ms_per_row, 0.001 * (0.3 * n.employees_changes + 0.5 * n.employees_changes));
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
        IF n.employees_changes = 0 THEN
          SELECT *
          INTO n.employees_changes
          FROM (
            SELECT count(*)
            FROM ivmc.changes_public_employees b
            WHERE (b.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(b.__ivmc_xid, frontier.snapshot) AND b.__ivmc_xid <> frontier.xid OR b.__ivmc_xid = frontier.xid AND b.__ivmc_seq > frontier.seq)
          ) employees_changes;
        END IF;
        n.pending := n.employees_changes;
      END IF;
    END IF;
  END IF;
  IF n.pending > 1000 AND NOT recompute THEN
    IF n.employees_changes > 1000 THEN
      PERFORM ivmc.reckon('ivmc.changes_public_employees', n.employees_changes);
    END IF;
  END IF;
  IF recompute THEN
    SET LOCAL random_page_cost TO DEFAULT;
    CREATE TEMPORARY TABLE v__1__anew ON COMMIT DROP AS
    SELECT q.department_id::integer AS department_id,
           q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_count_salary::bigint AS __ivmc_count_salary,
           q.__ivmc_sum_salary::bigint AS __ivmc_sum_salary
    FROM (
      SELECT employees.department_id,
             count(*) AS __ivmc_count,
             count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
             coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
      FROM public.employees
      GROUP BY employees.department_id
    ) q;
    DELETE FROM ivmc.v__1 t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__1__anew d
      WHERE hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v__1 t USING pg_temp.v__1__anew d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
    WHEN MATCHED AND ROW(t.department_id, t.__ivmc_count, t.__ivmc_count_salary, t.__ivmc_sum_salary)::record *<> ROW(d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary)::record THEN
      UPDATE SET department_id = d.department_id,
                 __ivmc_count = d.__ivmc_count,
                 __ivmc_count_salary = d.__ivmc_count_salary,
                 __ivmc_sum_salary = d.__ivmc_sum_salary
    WHEN NOT MATCHED THEN
      INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
      VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__1__anew;
    CREATE TEMPORARY TABLE v__anew ON COMMIT DROP AS
    SELECT q.__ivmc_count::bigint AS __ivmc_count,
           q.__ivmc_max_sum::bigint AS __ivmc_max_sum,
           q.__ivmc_count_max_sum::bigint AS __ivmc_count_max_sum
    FROM (
      SELECT max(terms.count) AS __ivmc_count,
             min(terms.max_sum) AS __ivmc_max_sum,
             max(terms.count_max_sum) AS __ivmc_count_max_sum
      FROM (
             SELECT groups.count, NULL::bigint AS max_sum, NULL::bigint AS count_max_sum
             FROM (
                    SELECT count(*) AS count
                    FROM ivmc.v__1
                  ) groups
             UNION ALL
             SELECT NULL::bigint AS count, groups_2.max_sum, groups_2.count_max_sum
             FROM (
                    SELECT max(net.max_sum) AS max_sum,
                           (array_agg(net.__ivmc_weight ORDER BY net.max_sum DESC))[1] AS count_max_sum
                    FROM (
                           SELECT CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END AS max_sum,
                                  count(*) AS __ivmc_weight
                           FROM ivmc.v__1 v__1_2
                           WHERE CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END IS NOT NULL
                           GROUP BY CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END
                           OFFSET 0
                         ) net
                  ) groups_2
           ) terms
    ) q;
    DELETE FROM ivmc.v t WHERE NOT EXISTS (
      SELECT FROM pg_temp.v__anew d
      WHERE true);
    GET DIAGNOSTICS changed = ROW_COUNT;
    MERGE INTO ivmc.v t USING pg_temp.v__anew d ON true
    WHEN MATCHED AND ROW(t.__ivmc_count, t.__ivmc_max_sum, t.__ivmc_count_max_sum)::record *<> ROW(d.__ivmc_count, d.__ivmc_max_sum, d.__ivmc_count_max_sum)::record THEN
      UPDATE SET __ivmc_count = d.__ivmc_count,
                 __ivmc_max_sum = d.__ivmc_max_sum,
                 __ivmc_count_max_sum = d.__ivmc_count_max_sum
    WHEN NOT MATCHED THEN
      INSERT (__ivmc_count, __ivmc_max_sum, __ivmc_count_max_sum)
      VALUES (d.__ivmc_count, d.__ivmc_max_sum, d.__ivmc_count_max_sum);
    GET DIAGNOSTICS rows_changed = ROW_COUNT;
    rows_changed := rows_changed + n.changed;
    DROP TABLE pg_temp.v__anew;
    rows_in := n.pending;
    strategy := 'full';
    RETURN;
  END IF;

  IF to_regclass('pg_temp.v__made_7263ae96') IS NULL THEN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE IF EXISTS pg_temp.v__groups, pg_temp.v__moved, pg_temp.v__changes, pg_temp.v__groups_2, pg_temp.v__lost;
    CREATE TEMPORARY TABLE v__groups (department_id integer, __ivmc_count numeric, __ivmc_count_salary numeric, __ivmc_sum_salary numeric);
    CREATE TEMPORARY TABLE v__moved (department_id integer, __ivmc_count bigint, __ivmc_count_salary bigint, __ivmc_sum_salary bigint, __ivmc_count_was bigint, __ivmc_count_salary_was bigint, __ivmc_sum_salary_was bigint);
    CREATE TEMPORARY TABLE v__changes (department_id integer, sum bigint, __ivmc_weight bigint);
    CREATE TEMPORARY TABLE v__groups_2 (__ivmc_count numeric, __ivmc_max_sum bigint, __ivmc_count_max_sum bigint);
    CREATE TEMPORARY TABLE v__lost ();
    CREATE TEMPORARY TABLE v__made_7263ae96 ();
  END IF;

  -- Stage v__1

  -- Sum up the change of each group
  IF n.employees_changes > 0 THEN
    -- groups += γ(Δemployees)
    INSERT INTO pg_temp.v__groups
    SELECT employees.department_id,
           employees.__ivmc_weight * count(*) AS __ivmc_count,
           employees.__ivmc_weight * count(*) FILTER (WHERE employees.salary IS NOT NULL) AS __ivmc_count_salary,
           employees.__ivmc_weight * coalesce(sum(employees.salary), 0) AS __ivmc_sum_salary
    FROM ivmc.changes_public_employees employees
    WHERE (employees.__ivmc_xid > frontier.reached OR NOT pg_visible_in_snapshot(employees.__ivmc_xid, frontier.snapshot) AND employees.__ivmc_xid <> frontier.xid OR employees.__ivmc_xid = frontier.xid AND employees.__ivmc_seq > frontier.seq)
    GROUP BY employees.department_id, employees.__ivmc_weight;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups := n.groups + n.step;
  END IF;
  IF n.groups > 0 THEN
    -- The groups that moved: what is stored of them, and what will be
    INSERT INTO pg_temp.v__moved
    SELECT g.department_id,
           (coalesce(t.__ivmc_count, 0) + g.__ivmc_count)::bigint AS __ivmc_count,
           (coalesce(t.__ivmc_count_salary, 0) + g.__ivmc_count_salary)::bigint AS __ivmc_count_salary,
           (coalesce(t.__ivmc_sum_salary, 0) + g.__ivmc_sum_salary)::bigint AS __ivmc_sum_salary,
           t.__ivmc_count AS __ivmc_count_was,
           t.__ivmc_count_salary AS __ivmc_count_salary_was,
           t.__ivmc_sum_salary AS __ivmc_sum_salary_was
    FROM (
      SELECT g.department_id,
             sum(g.__ivmc_count) AS __ivmc_count,
             sum(g.__ivmc_count_salary) AS __ivmc_count_salary,
             sum(g.__ivmc_sum_salary) AS __ivmc_sum_salary
      FROM (SELECT * FROM pg_temp.v__groups LIMIT n.groups) g
      GROUP BY g.department_id
      HAVING sum(g.__ivmc_count) <> 0 OR sum(g.__ivmc_count_salary) <> 0 OR sum(g.__ivmc_sum_salary) <> 0
      ORDER BY g.department_id
    ) g
    LEFT JOIN ivmc.v__1 t ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(g.department_id), 0) AND t.department_id IS NOT DISTINCT FROM g.department_id;
    GET DIAGNOSTICS step = ROW_COUNT; n.moved := n.moved + n.step;
    IF n.moved > 0 THEN
      -- MERGE: S(R′) = S(R) + S(ΔR)
      MERGE INTO ivmc.v__1 t USING (
        SELECT * FROM pg_temp.v__moved LIMIT n.moved
      ) d ON hash_record_extended(ROW(t.department_id), 0) = hash_record_extended(ROW(d.department_id), 0) AND t.department_id IS NOT DISTINCT FROM d.department_id
      WHEN MATCHED AND d.__ivmc_count = 0 THEN DELETE
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count,
                   __ivmc_count_salary = d.__ivmc_count_salary,
                   __ivmc_sum_salary = d.__ivmc_sum_salary
      WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
        INSERT (department_id, __ivmc_count, __ivmc_count_salary, __ivmc_sum_salary)
        VALUES (d.department_id, d.__ivmc_count, d.__ivmc_count_salary, d.__ivmc_sum_salary);

      -- What changed in the groups that moved: new rows in, old rows out
      -- changes += moved + − moved
      INSERT INTO pg_temp.v__changes
      SELECT terms.department_id, terms.sum, terms.__ivmc_weight
      FROM (
             SELECT v__moved.department_id,
                    CASE WHEN v__moved.__ivmc_count_salary > 0 THEN v__moved.__ivmc_sum_salary END AS sum,
                    1 AS __ivmc_weight
             FROM (SELECT * FROM pg_temp.v__moved LIMIT n.moved) v__moved
             WHERE v__moved.__ivmc_count <> 0
             UNION ALL
             SELECT v__moved_2.department_id,
                    CASE WHEN v__moved_2.__ivmc_count_salary_was > 0 THEN v__moved_2.__ivmc_sum_salary_was END AS sum,
                    -1 AS __ivmc_weight
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
    SELECT max(terms.count) AS __ivmc_count,
           min(terms.max_sum) AS __ivmc_max_sum,
           max(terms.count_max_sum) AS __ivmc_count_max_sum
    FROM (
           SELECT groups.count, NULL::bigint AS max_sum, NULL::bigint AS count_max_sum
           FROM (
                  SELECT coalesce(sum(v__1.__ivmc_weight), 0) AS count
                  FROM (
                         SELECT v__1.sum, v__1.__ivmc_weight
                         FROM pg_temp.v__changes v__1
                         LIMIT n.changes
                       ) v__1
                ) groups
           UNION ALL
           SELECT NULL::bigint AS count, groups_2.max_sum, groups_2.count_max_sum
           FROM (
                  SELECT max(net.max_sum) AS max_sum,
                         (array_agg(net.__ivmc_weight ORDER BY net.max_sum DESC))[1] AS count_max_sum
                  FROM (
                         SELECT v__1_2.sum AS max_sum, sum(v__1_2.__ivmc_weight) AS __ivmc_weight
                         FROM (
                                SELECT v__1_2.sum, v__1_2.__ivmc_weight
                                FROM pg_temp.v__changes v__1_2
                                LIMIT n.changes
                              ) v__1_2
                         WHERE v__1_2.sum IS NOT NULL
                         GROUP BY v__1_2.sum
                         HAVING sum(v__1_2.__ivmc_weight) <> 0
                         OFFSET 0
                       ) net
                ) groups_2
         ) terms;
    GET DIAGNOSTICS step = ROW_COUNT; n.groups_2 := n.groups_2 + n.step;
  END IF;
  IF n.groups_2 > 0 THEN
    -- Groups that lost an extremum, or a value that is not finite
    INSERT INTO pg_temp.v__lost
    SELECT
    FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) d
    LEFT JOIN ivmc.v t ON true
    WHERE d.__ivmc_max_sum = t.__ivmc_max_sum AND t.__ivmc_count_max_sum + d.__ivmc_count_max_sum <= 0
       OR d.__ivmc_count_max_sum < 0 AND (d.__ivmc_max_sum > t.__ivmc_max_sum OR (t.__ivmc_max_sum IS NULL AND d.__ivmc_max_sum IS NOT NULL));
    GET DIAGNOSTICS step = ROW_COUNT; n.lost := n.lost + n.step;

    -- MERGE: S(R′) = S(R) + S(ΔR)
    MERGE INTO ivmc.v t USING (
      SELECT g.__ivmc_count, g.__ivmc_max_sum, g.__ivmc_count_max_sum
      FROM (SELECT * FROM pg_temp.v__groups_2 LIMIT n.groups_2) g
    ) d ON true
    WHEN MATCHED AND (d.__ivmc_count <> 0 OR d.__ivmc_max_sum IS NOT NULL) THEN
      UPDATE SET __ivmc_count = (t.__ivmc_count + d.__ivmc_count)::bigint,
                 __ivmc_max_sum = CASE WHEN d.__ivmc_max_sum > t.__ivmc_max_sum OR (t.__ivmc_max_sum IS NULL AND d.__ivmc_max_sum IS NOT NULL) THEN d.__ivmc_max_sum ELSE t.__ivmc_max_sum END,
                 __ivmc_count_max_sum = CASE WHEN d.__ivmc_max_sum > t.__ivmc_max_sum OR (t.__ivmc_max_sum IS NULL AND d.__ivmc_max_sum IS NOT NULL) THEN d.__ivmc_count_max_sum WHEN d.__ivmc_max_sum = t.__ivmc_max_sum THEN t.__ivmc_count_max_sum + d.__ivmc_count_max_sum ELSE t.__ivmc_count_max_sum END
    WHEN NOT MATCHED AND d.__ivmc_count <> 0 THEN
      INSERT (__ivmc_count, __ivmc_max_sum, __ivmc_count_max_sum)
      VALUES (d.__ivmc_count, d.__ivmc_max_sum, d.__ivmc_count_max_sum);
    GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;

    -- Read the groups again
    IF n.lost > 0 THEN
      MERGE INTO ivmc.v t USING (
        SELECT max(terms.count) AS __ivmc_count,
               min(terms.max_sum) AS __ivmc_max_sum,
               max(terms.count_max_sum) AS __ivmc_count_max_sum,
               true AS __ivmc_found
        FROM (
               SELECT groups.count, NULL::bigint AS max_sum, NULL::bigint AS count_max_sum
               FROM (
                      SELECT count(*) AS count
                      FROM ivmc.v__1
                    ) groups
               UNION ALL
               SELECT NULL::bigint AS count, groups_2.max_sum, groups_2.count_max_sum
               FROM (
                      SELECT max(net.max_sum) AS max_sum,
                             (array_agg(net.__ivmc_weight ORDER BY net.max_sum DESC))[1] AS count_max_sum
                      FROM (
                             SELECT CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END AS max_sum,
                                    count(*) AS __ivmc_weight
                             FROM ivmc.v__1 v__1_2
                             WHERE CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END IS NOT NULL
                             GROUP BY CASE WHEN v__1_2.__ivmc_count_salary > 0 THEN v__1_2.__ivmc_sum_salary END
                             OFFSET 0
                           ) net
                    ) groups_2
             ) terms
      ) d ON true
      WHEN MATCHED THEN
        UPDATE SET __ivmc_count = d.__ivmc_count,
                   __ivmc_max_sum = d.__ivmc_max_sum,
                   __ivmc_count_max_sum = d.__ivmc_count_max_sum
      WHEN NOT MATCHED AND d.__ivmc_found THEN
        INSERT (__ivmc_count, __ivmc_max_sum, __ivmc_count_max_sum)
        VALUES (d.__ivmc_count, d.__ivmc_max_sum, d.__ivmc_count_max_sum);
      GET DIAGNOSTICS step = ROW_COUNT; n.changed := n.changed + n.step;
    END IF;
  END IF;

  rows_in := n.pending;
  rows_changed := n.changed;
  IF n.groups > 1000 THEN TRUNCATE pg_temp.v__groups; ELSIF n.groups > 0 THEN DELETE FROM pg_temp.v__groups; END IF;
  IF n.moved > 1000 THEN TRUNCATE pg_temp.v__moved; ELSIF n.moved > 0 THEN DELETE FROM pg_temp.v__moved; END IF;
  IF n.changes > 1000 THEN TRUNCATE pg_temp.v__changes; ELSIF n.changes > 0 THEN DELETE FROM pg_temp.v__changes; END IF;
  IF n.groups_2 > 1000 THEN TRUNCATE pg_temp.v__groups_2; ELSIF n.groups_2 > 0 THEN DELETE FROM pg_temp.v__groups_2; END IF;
  IF n.lost > 1000 THEN TRUNCATE pg_temp.v__lost; ELSIF n.lost > 0 THEN DELETE FROM pg_temp.v__lost; END IF;
  IF frontier.refreshes % 17 = 0 THEN
    PERFORM ivmc.reclaim('pg_temp.v__groups', 'pg_temp.v__moved', 'pg_temp.v__changes', 'pg_temp.v__groups_2', 'pg_temp.v__lost');
  END IF;
END $ivmc$;

CREATE VIEW public.v AS
SELECT __ivmc_max_sum AS most,
       __ivmc_count AS departments
FROM ivmc.v;
