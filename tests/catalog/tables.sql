CREATE TABLE customer (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(25) COLLATE "C" NOT NULL,
    email text UNIQUE,
    balance numeric(15, 2) DEFAULT 0,
    twice numeric GENERATED ALWAYS AS (balance * 2) STORED,
    CONSTRAINT late UNIQUE (name, balance) DEFERRABLE,
    CONSTRAINT both_of UNIQUE (balance, name) INCLUDE (email)
);
CREATE TABLE bill (
    id bigserial,
    customer integer REFERENCES customer,
    customer_email text REFERENCES customer (email) ON DELETE SET NULL,
    state smallint NOT NULL DEFAULT 1,
    paid timestamp(3) with time zone,
    PRIMARY KEY (id, state)
);
CREATE TABLE line (bill bigint, state smallint, number int, tags text[], CONSTRAINT of_bill FOREIGN KEY (bill, state) REFERENCES bill (id, state) NOT VALID);
ALTER TABLE line ADD COLUMN note char(10), ADD CONSTRAINT line_key UNIQUE (bill, state, number);
ALTER TABLE line ADD CONSTRAINT late_key FOREIGN KEY (number) REFERENCES customer (id) NOT VALID;
ALTER TABLE line ADD CONSTRAINT later_key FOREIGN KEY (bill, state) REFERENCES bill NOT VALID;
ALTER TABLE line VALIDATE CONSTRAINT later_key;
CREATE UNIQUE INDEX ON line (number);
CREATE UNIQUE INDEX partly ON line (bill) WHERE number > 1;
CREATE UNIQUE INDEX ON line (bill, lower(note));
CREATE INDEX ON line USING hash (note);
CREATE INDEX ON line USING gin (tags);
CREATE INDEX ON line (lower(note), bill);
CREATE INDEX ON line (state DESC NULLS LAST, number) INCLUDE (note);
CREATE TABLE promoted (a int NOT NULL, b int);
CREATE UNIQUE INDEX promoted_key ON promoted (a);
ALTER TABLE promoted ADD CONSTRAINT promoted_pkey PRIMARY KEY USING INDEX promoted_key;
ALTER TABLE promoted ALTER b SET NOT NULL;
ALTER TABLE promoted ALTER b DROP NOT NULL, ALTER a TYPE bigint;
CREATE TABLE dropped (a int PRIMARY KEY, b int UNIQUE, c int);
ALTER TABLE dropped DROP COLUMN b, DROP CONSTRAINT dropped_pkey;
CREATE TABLE gone (a int);
DROP TABLE gone;
CREATE TABLE measure (at date NOT NULL, place int, value float8, PRIMARY KEY (at, place)) PARTITION BY RANGE (at);
CREATE TABLE measure_2020 PARTITION OF measure FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE measure_2021 (value float8, place int NOT NULL, at date NOT NULL);
ALTER TABLE measure ATTACH PARTITION measure_2021 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE city (name text, people int);
CREATE TABLE capital (country text UNIQUE) INHERITS (city);
CREATE TABLE alike (LIKE customer INCLUDING ALL, extra xml);
CREATE TABLE bare (LIKE customer);
CREATE TYPE point3 AS (x float8, y float8, z numeric(5, 1));
CREATE TABLE spots OF point3 (x WITH OPTIONS NOT NULL, PRIMARY KEY (x));
CREATE UNLOGGED TABLE fast (a int, p point3, ps point3[], whole city);
CREATE TYPE level AS ENUM ('low', 'high');
CREATE DOMAIN code AS varchar(4) CHECK (VALUE <> '');
CREATE TABLE secret (a level, b code, c level[]);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE secret RENAME COLUMN c TO d;
CREATE TABLE "Odd ""Name" ("a b" int PRIMARY KEY, "select" int REFERENCES "Odd ""Name", "Ünï" interval day to second(2));
CREATE TABLE former (a int PRIMARY KEY);
CREATE TABLE points_at (a int REFERENCES former);
ALTER TABLE former RENAME TO latter;
CREATE VIEW rich (who, much) AS SELECT name, balance FROM customer WHERE balance > 1000 WITH CHECK OPTION;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM customer WITH NO DATA;
