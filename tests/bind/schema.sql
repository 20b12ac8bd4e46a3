-- Tables on which the queries of this directory run.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x integer, y numeric(8, 3));
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE customer (
    id integer PRIMARY KEY, name text NOT NULL, city varchar(20), code char(3), level smallint, born date
);
CREATE TABLE orders (
    id bigint PRIMARY KEY, customer integer REFERENCES customer, amount numeric(12, 2) NOT NULL, price numeric,
    placed timestamptz, ok boolean, tags text[], doc jsonb, raw json, state mood, part pair, size positive,
    title text COLLATE "C", word varchar(9) COLLATE "POSIX"
);
CREATE TABLE item (orders bigint, line integer, amount numeric, note char(5), PRIMARY KEY (orders, line));
CREATE TABLE person (id integer PRIMARY KEY, first text, last text, full_name text GENERATED ALWAYS AS (first || ' ' || last),
    twice bigint GENERATED ALWAYS AS (id * 2) STORED, half numeric(8, 1) GENERATED ALWAYS AS (id / 2.0));
CREATE VIEW big AS SELECT id, customer, amount * 2 AS doubled FROM orders WHERE amount > 100;
CREATE VIEW renamed (a, b) AS SELECT id, name FROM customer;
CREATE VIEW nested AS SELECT b.*, r.b FROM big b JOIN renamed r ON r.a = b.customer;
CREATE SCHEMA other;
CREATE TABLE other.customer (id integer PRIMARY KEY, note text);
CREATE FUNCTION sums(low integer, high integer, OUT total integer, OUT word text) LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2, $1::text';
CREATE FUNCTION upto(n integer) RETURNS TABLE (i integer, square bigint) LANGUAGE sql IMMUTABLE AS 'SELECT g, g::bigint * g FROM generate_series(1, n) g';
CREATE FUNCTION alone(n integer) RETURNS TABLE (i integer) LANGUAGE sql IMMUTABLE AS 'SELECT g FROM generate_series(1, n) g';
CREATE FUNCTION pairs(n integer) RETURNS SETOF pair LANGUAGE sql IMMUTABLE AS 'SELECT g, g::numeric FROM generate_series(1, n) g';
CREATE FUNCTION one_pair(n integer) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT n, n::numeric';
CREATE FUNCTION twins(VARIADIC words text[]) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS 'SELECT unnest(words)';
CREATE FUNCTION anything() RETURNS SETOF record LANGUAGE sql IMMUTABLE AS 'SELECT 1, 2';
