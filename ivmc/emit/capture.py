"""Change buffers: what they are called, what of them is new, and how a script asks for them.

A buffer is a table `ivmc."changes_<schema>_<table>"` of a source's changed rows, shared by all views:

    __ivmc_xid     xid8      the transaction that made the change
    __ivmc_seq     bigint    their order within one transaction
    __ivmc_weight  smallint  -1 for an old row, 1 for a new one
    …                        the columns that any view observes, by name and type

The database itself writes the trigger that fills it (`ivmc.capture`, in runtime/schema/capture.sql), since
only the database knows which columns other views observe of the same source.
"""

from __future__ import annotations

import hashlib

from ivmc.names import BUFFERS, SEQ, XID, array, fitted, literal
from ivmc.plan import Plan, Source

SMALL = 5000  # changed rows up to which one generic plan serves every refresh (planner rule 5)
BACKLOG = 10_000  # consumed rows that may lie in a buffer before the frontier moves for their sake only
NARROWEST = 48  # bytes of a buffer's row without any column


def buffer_name(schema: str, name: str) -> str:
    """The change buffer of a table, or of a maintained view under its own name.

    >>> buffer_name("public", "orders")
    'changes_public_orders'

    A schema with an underscore takes a digest, or `a_b.c` and `a.b_c` would share a buffer:

    >>> buffer_name("a_b", "c")
    'changes_a_b_c_a3715283'
    """
    if "_" not in schema:
        return fitted(f"{BUFFERS}{schema}_{name}")
    digest = hashlib.sha256(f"{schema}.{name}".encode()).hexdigest()[:8]
    return fitted(f"{BUFFERS}{schema}_{name}", f"_{digest}")


def unread(buffer: str, frontier: str) -> str:
    """The condition under which a row of `buffer` (an alias) is new to `frontier` (a row of ivmc.consumed).

    New is what the frontier's snapshot does not see, its own transaction apart, and what that
    transaction did after it had refreshed: without the latter, a chain of views that is refreshed in
    one transaction would be applied twice. The first test implies one of the others, and is the one that
    most new rows pass: they are spared the rest.
    """
    xid, seq = f"{buffer}.{XID}", f"{buffer}.{SEQ}"
    return (
        f"({xid} > {frontier}.reached"
        f" OR NOT pg_visible_in_snapshot({xid}, {frontier}.snapshot) AND {xid} <> {frontier}.xid"
        f" OR {xid} = {frontier}.xid AND {seq} > {frontier}.seq)"
    )


def reads(plan: Plan, source: Source) -> str:
    """The statement that notes what a plan reads of a source, and checks that it is as compiled for."""
    captured = plan.strategy == "differential"
    return (
        f"CALL ivmc.reads({literal(plan.id)}, {literal(source.schema)}, {literal(source.name)},"
        f" {literal(source.kind)}, {literal(source.buffer) if captured else 'NULL'},\n"
        f"    {array(tuple(c.name for c in source.columns))},\n"
        f"    {array(tuple(c.type.plain.sql for c in source.columns))});"
    )
