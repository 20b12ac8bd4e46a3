-- The tables of a small shop.

CREATE TABLE customers (
    id     int PRIMARY KEY,
    region text NOT NULL
);

CREATE TABLE products (
    id       int PRIMARY KEY,
    category text NOT NULL
);

CREATE TABLE orders (
    id          int PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers,
    placed      date NOT NULL,
    status      text NOT NULL DEFAULT 'open'
);

CREATE TABLE order_lines (
    order_id   int NOT NULL REFERENCES orders ON DELETE CASCADE,
    line       int NOT NULL,
    product_id int NOT NULL REFERENCES products,
    quantity   int NOT NULL,
    price      numeric(10,2) NOT NULL,
    PRIMARY KEY (order_id, line)
);

-- By these a refresh finds the orders of a changed customer, and the lines of a changed product.
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON order_lines (product_id);

INSERT INTO customers SELECT c, (ARRAY['north', 'south', 'east', 'west'])[1 + c % 4] FROM generate_series(1, 40) AS c;
INSERT INTO products SELECT p, (ARRAY['books', 'games', 'tools'])[1 + p % 3] FROM generate_series(1, 30) AS p;
INSERT INTO orders SELECT o, 1 + o % 40, date '2025-01-01' + o % 90 FROM generate_series(1, 500) AS o;
INSERT INTO order_lines
SELECT o, l, 1 + (o * l) % 30, 1 + o % 5, 5 + (o * 7 + l) % 100
FROM generate_series(1, 500) AS o, generate_series(1, 3) AS l;
