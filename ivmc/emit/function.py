"""The refresh function of a view: its signature, shared by every strategy."""

from __future__ import annotations

from ivmc.names import SCHEMA, body, fitted, qualified


def refresh_function(id: str, code: str) -> str:
    """CREATE FUNCTION of `ivmc."<id>__refresh"`, whose PL/pgSQL is `code`.

    It is told what the view has consumed, whether to start from scratch, and how many changes wait in
    each buffer, as `capture.pending` counts them.
    """
    return (
        f"CREATE FUNCTION {qualified(SCHEMA, fitted(id, '__refresh'))}(\n"
        "  frontier ivmc.frontier, recompute boolean, waiting bigint[],\n"
        "  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text\n"
        f") LANGUAGE plpgsql AS {body(code)}"
    )
