"""TPC-H: its data, its schema in PostgreSQL, and the texts of its queries.

Source  TPC Benchmark H, clauses 1.4 (schema) and 2.4 (queries); the data is made by `tpchgen-cli`, the texts
        come with DuckDB's extension `tpch`.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from psycopg import sql

Connection: TypeAlias = psycopg.Connection[Any]

CACHE = Path(__file__).resolve().parents[1] / ".bench"  # outside version control
TABLES = ("region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem")

SCHEMA = """
CREATE TABLE region (
    r_regionkey integer NOT NULL, r_name char(25) NOT NULL, r_comment varchar(152));
CREATE TABLE nation (
    n_nationkey integer NOT NULL, n_name char(25) NOT NULL, n_regionkey integer NOT NULL,
    n_comment varchar(152));
CREATE TABLE part (
    p_partkey integer NOT NULL, p_name varchar(55) NOT NULL, p_mfgr char(25) NOT NULL,
    p_brand char(10) NOT NULL, p_type varchar(25) NOT NULL, p_size integer NOT NULL,
    p_container char(10) NOT NULL, p_retailprice numeric(15,2) NOT NULL, p_comment varchar(23) NOT NULL);
CREATE TABLE supplier (
    s_suppkey integer NOT NULL, s_name char(25) NOT NULL, s_address varchar(40) NOT NULL,
    s_nationkey integer NOT NULL, s_phone char(15) NOT NULL, s_acctbal numeric(15,2) NOT NULL,
    s_comment varchar(101) NOT NULL);
CREATE TABLE partsupp (
    ps_partkey integer NOT NULL, ps_suppkey integer NOT NULL, ps_availqty integer NOT NULL,
    ps_supplycost numeric(15,2) NOT NULL, ps_comment varchar(199) NOT NULL);
CREATE TABLE customer (
    c_custkey integer NOT NULL, c_name varchar(25) NOT NULL, c_address varchar(40) NOT NULL,
    c_nationkey integer NOT NULL, c_phone char(15) NOT NULL, c_acctbal numeric(15,2) NOT NULL,
    c_mktsegment char(10) NOT NULL, c_comment varchar(117) NOT NULL);
CREATE TABLE orders (
    o_orderkey bigint NOT NULL, o_custkey integer NOT NULL, o_orderstatus char(1) NOT NULL,
    o_totalprice numeric(15,2) NOT NULL, o_orderdate date NOT NULL, o_orderpriority char(15) NOT NULL,
    o_clerk char(15) NOT NULL, o_shippriority integer NOT NULL, o_comment varchar(79) NOT NULL);
CREATE TABLE lineitem (
    l_orderkey bigint NOT NULL, l_partkey integer NOT NULL, l_suppkey integer NOT NULL,
    l_linenumber integer NOT NULL, l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL,
    l_discount numeric(15,2) NOT NULL, l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL,
    l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL,
    l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL,
    l_comment varchar(44) NOT NULL);
"""

KEYS = """
ALTER TABLE region ADD PRIMARY KEY (r_regionkey);
ALTER TABLE nation ADD PRIMARY KEY (n_nationkey);
ALTER TABLE part ADD PRIMARY KEY (p_partkey);
ALTER TABLE supplier ADD PRIMARY KEY (s_suppkey);
ALTER TABLE partsupp ADD PRIMARY KEY (ps_partkey, ps_suppkey);
ALTER TABLE customer ADD PRIMARY KEY (c_custkey);
ALTER TABLE orders ADD PRIMARY KEY (o_orderkey);
ALTER TABLE lineitem ADD PRIMARY KEY (l_orderkey, l_linenumber);
ALTER TABLE nation ADD FOREIGN KEY (n_regionkey) REFERENCES region;
ALTER TABLE supplier ADD FOREIGN KEY (s_nationkey) REFERENCES nation;
ALTER TABLE partsupp ADD FOREIGN KEY (ps_partkey) REFERENCES part;
ALTER TABLE partsupp ADD FOREIGN KEY (ps_suppkey) REFERENCES supplier;
ALTER TABLE customer ADD FOREIGN KEY (c_nationkey) REFERENCES nation;
ALTER TABLE orders ADD FOREIGN KEY (o_custkey) REFERENCES customer;
ALTER TABLE lineitem ADD FOREIGN KEY (l_orderkey) REFERENCES orders;
ALTER TABLE lineitem ADD FOREIGN KEY (l_partkey, l_suppkey) REFERENCES partsupp;
"""

# Those that `ivmc explain` asks for, beside the primary keys; but not `lineitem (l_suppkey)`, for changes of
# suppliers: for query 21 PostgreSQL combines it with the primary key, at 600 entries a probe.
INDEXES = (
    "lineitem (l_partkey, l_suppkey)",
    "orders (o_custkey)",
    "partsupp (ps_suppkey)",
    "customer (c_nationkey)",
    "supplier (s_nationkey)",
    "nation (n_regionkey)",
    "customer (c_acctbal)",
    "part (p_partkey) WHERE p_size = 15 AND p_type LIKE '%BRASS'",
    "part (p_partkey) WHERE p_type = 'ECONOMY ANODIZED STEEL'",
    "part (p_partkey) WHERE p_name LIKE '%green%'",
    "part (p_partkey) WHERE p_brand = 'Brand#23' AND p_container = 'MED BOX'",
    (
        "part (p_partkey) WHERE "
        "p_brand = 'Brand#12' AND p_container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG') "
        "AND p_size BETWEEN 1 AND 5 OR "
        "p_brand = 'Brand#23' AND p_container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK') "
        "AND p_size BETWEEN 1 AND 10 OR "
        "p_brand = 'Brand#34' AND p_container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG') "
        "AND p_size BETWEEN 1 AND 15"
    ),
    "part (p_partkey) WHERE p_name LIKE 'forest%'",
    "supplier (s_suppkey) WHERE s_comment LIKE '%Customer%Complaints%'",
)

QUERIES = tuple(range(1, 23))


def generate(scale: float, cache: Path = CACHE) -> Path:
    """Return the directory of `<table>.csv` at this scale factor, made on the first call.

    Scale 1 is 6,001,215 rows of lineitem, 1.1 GB of text, 10 s.
    """
    directory = cache / f"tpch-{scale:g}"
    cache.mkdir(exist_ok=True)
    with (cache / f"tpch-{scale:g}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests in parallel want the same data
        if not directory.exists():
            _generate(scale, directory)
    return directory


def _generate(scale: float, directory: Path) -> None:
    with tempfile.TemporaryDirectory(dir=directory.parent) as unfinished:
        target = Path(unfinished) / "data"
        subprocess.run([program(), "csv", "-s", f"{scale:g}", "-o", target], check=True)
        target.rename(directory)


def program() -> str:
    """Return the path of `tpchgen-cli`: beside this Python, or on the PATH.

    Raises `FileNotFoundError` where the extra `bench` is not installed.
    """
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    if found := shutil.which("tpchgen-cli", path=path):
        return found
    raise FileNotFoundError("tpchgen-cli is not installed: `pip install 'ivmc[bench]'`")


def load(conn: Connection, directory: Path) -> None:
    """Create the eight tables in the current schema, fill them, then add keys and indexes, and analyse.

    `conn` is in autocommit mode. Scale 1 takes half a minute.
    """
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute(SCHEMA.encode())
        for table in TABLES:
            copy = sql.SQL("COPY {} FROM STDIN (FORMAT csv, HEADER, FREEZE)").format(sql.Identifier(table))
            with (directory / f"{table}.csv").open("rb") as rows, cursor.copy(copy) as sink:
                while block := rows.read(1 << 20):
                    sink.write(block)
    conn.execute(KEYS.encode())
    for columns in INDEXES:
        conn.execute(f"CREATE INDEX ON {columns}".encode())
    conn.execute("VACUUM ANALYZE")


def texts() -> Mapping[int, str]:
    """Return the 22 queries by number, as the specification gives them: with ORDER BY and LIMIT."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("LOAD tpch")
        return dict(connection.execute("SELECT query_nr, query FROM tpch_queries()").fetchall())


def without_limit(text: str) -> str:
    """Return a query without the LIMIT at its end.

    >>> without_limit("SELECT a FROM t ORDER BY a LIMIT 10;")
    'SELECT a FROM t ORDER BY a'
    """
    return re.sub(r"(\s+LIMIT\s+\d+)?\s*;?\s*\Z", "", text, count=1, flags=re.IGNORECASE)


def unordered(text: str) -> str:
    """Return a query without the LIMIT and the ORDER BY at its end: the bag of its rows.

    >>> unordered("SELECT sum(a) OVER (ORDER BY a) FROM t ORDER BY 1, b DESC LIMIT 10;")
    'SELECT sum(a) OVER (ORDER BY a) FROM t'
    """
    return re.sub(r"\s+ORDER\s+BY[^()]*\Z", "", without_limit(text), count=1, flags=re.IGNORECASE)
