"""The refresh function of a view: its signature, shared by every strategy."""

from __future__ import annotations

from ivmc.names import SCHEMA, body, fitted, qualified


def refresh_function(id: str, code: str) -> str:
    """CREATE FUNCTION of `ivmc."<id>__refresh"`, whose PL/pgSQL is `code`."""
    return (
        f"CREATE FUNCTION {qualified(SCHEMA, fitted(id, '__refresh'))}(\n"
        "  frontier ivmc.frontier, recompute boolean,\n"
        "  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text\n"
        f") LANGUAGE plpgsql AS {body(code)}"
    )
