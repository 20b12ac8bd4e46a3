-- One column of every kind of type, named after it, and a user's own types and routines.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x integer, y numeric(8, 3));
CREATE TYPE floatrange AS RANGE (subtype = float8);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN price AS numeric(10, 2) NOT NULL;
CREATE DOMAIN tags AS text[];
CREATE TABLE every (
    id bigserial PRIMARY KEY,
    int2 int2, int4 int4 NOT NULL, int8 int8, float4 float4, float8 float8,
    num numeric, num15 numeric(15, 2), num7 numeric(7), money money,
    text text, varchar varchar, varchar10 varchar(10), bpchar5 char(5), char1 char, "char" "char", name name,
    bool bool, bytea bytea, bit4 bit(4), varbit varbit, varbit7 varbit(7),
    date date, time time, time3 time(3), timetz timetz, ts timestamp, ts3 timestamp(3), tstz timestamptz,
    tstz0 timestamptz(0), interval interval, ivd interval day to second(3), ivy interval year to month, iv2 interval(2),
    uuid uuid, json json, jsonb jsonb, xml xml, inet inet, cidr cidr, macaddr macaddr, oid oid,
    point point, box box, circle circle, path path, tsv tsvector, tsq tsquery, xid xid, pg_lsn pg_lsn,
    int4range int4range, numrange numrange, tstzrange tstzrange, int4multirange int4multirange,
    ints int4[], bigs int8[], nums numeric(9, 3)[], texts text[], varchars varchar(7)[], dates date[], jsons jsonb[],
    mood mood, moods mood[], pair pair, pairs pair[], fr floatrange, positive positive, price price, tags tags
);
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT n * 2';
CREATE FUNCTION twice(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT n * 2';
CREATE FUNCTION label(a text, b integer DEFAULT 1, c text DEFAULT 'x') RETURNS varchar LANGUAGE sql STABLE AS 'SELECT a || b || c';
CREATE FUNCTION total(VARIADIC n numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT sum(x) FROM unnest(n) x';
CREATE FUNCTION first_of(a anyelement, b anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT a';
CREATE FUNCTION wider_of(a anycompatible, b anycompatible) RETURNS anycompatiblearray LANGUAGE sql IMMUTABLE AS 'SELECT ARRAY[a, b]';
CREATE FUNCTION make_pair(integer) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1, 1.5)::pair';
CREATE AGGREGATE last_of(anyelement) (sfunc = first_of, stype = anyelement);
CREATE FUNCTION same(a mood, b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a::text = b';
CREATE OPERATOR === (leftarg = mood, rightarg = text, function = same);
