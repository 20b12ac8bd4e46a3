-- What a maintained view needs from its users, with psql alone. After schema.sql and the migration:
--
--     psql -f schema.sql -f install_dashboard.sql -f psql_only.sql

\set ON_ERROR_STOP on

-- Writers write as before.
INSERT INTO orders VALUES (501, 7, '2025-04-01', 'open');
INSERT INTO order_lines VALUES (501, 1, 3, 2, 19.90), (501, 2, 4, 1, 5.00);
UPDATE orders SET status = 'cancelled' WHERE id = 17;
UPDATE customers SET region = 'south' WHERE id = 5;
DELETE FROM orders WHERE id = 42;

-- Whoever wants fresh figures, or a scheduler such as pg_cron, refreshes.
CALL ivmc.refresh('dashboard');

-- It is read like any other view.
SELECT region, sum(revenue) AS revenue FROM dashboard GROUP BY region ORDER BY region;

-- What the refresh did.
SELECT id, last_strategy, rows_in, rows_changed FROM ivmc.status;

-- Inside a transaction, under its snapshot: the view equals its own query, and nothing changes until COMMIT.
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE order_lines SET price = price * 1.1 WHERE product_id = 3;
SELECT ivmc.refresh_here('dashboard') > 0 AS changed;
SELECT format('SELECT count(*) = 0 AS exact FROM ((TABLE dashboard EXCEPT ALL (%1$s)) '
              'UNION ALL ((%1$s) EXCEPT ALL TABLE dashboard)) AS difference', query)
FROM ivmc.view WHERE id = 'dashboard' \gexec
ROLLBACK;

-- Nothing stays behind.
CALL ivmc.drop('dashboard');
