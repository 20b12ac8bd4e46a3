-- Revenue by month, region and category. Cancelled orders do not count.

SELECT date_trunc('month', o.placed)::date AS month,
       c.region,
       p.category,
       count(*) AS lines,
       sum(l.quantity * l.price) AS revenue,
       round(avg(l.price), 2) AS average_price,
       max(o.placed) AS last_order
FROM orders o
JOIN customers c ON c.id = o.customer_id
JOIN order_lines l ON l.order_id = o.id
JOIN products p ON p.id = l.product_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3
