"""Functions that never raise an error on non-NULL values of their argument types.

The list is data (`ivmc/data/infallible.txt`): each group under the reason why. It is a
whitelist: what is not on it may fail. Running out of memory, or past the 1 GB limit of one value,
is not an error in this sense: the query itself would meet it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ivmc.catalog.symbols import Procedure

# Types whose output function cannot fail, so that a cast to text cannot.
INFALLIBLE_OUTPUT = {
    "bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "text", "varchar",
    "bpchar", "name", "char", "date", "time", "timetz", "timestamp", "timestamptz", "interval",
    "uuid", "bytea", "json", "jsonb", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit",
}  # fmt: skip


@cache
def listed() -> frozenset[str]:
    """The signatures of the list, `name(type,type)`."""
    text = (files("ivmc") / "data" / "infallible.txt").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    return frozenset(signature for row in rows for signature in row.split())


def is_infallible(procedure: Procedure) -> bool:
    """Whether no call on non-NULL values of the declared types can raise an error."""
    if procedure.schema != "pg_catalog":
        return False
    return f"{procedure.name}({','.join(a.name for a in procedure.args)})" in listed()
