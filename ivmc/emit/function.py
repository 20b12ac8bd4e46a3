"""The refresh function of a view: its signature, shared by every strategy."""

from __future__ import annotations

from ivmc.names import SCHEMA, body, fitted, qualified


def refresh_function(id: str, code: str) -> str:
    """CREATE FUNCTION of `ivmc."<id>__refresh"`, whose PL/pgSQL is `code`.

    It is told what the view has consumed, and whether to start from scratch. It moves the frontier,
    unless there is nothing to do: then the strategy that it returns is NULL, or `idle` where the
    frontier moved for the sake of trimming only.
    """
    return (
        f"CREATE FUNCTION {qualified(SCHEMA, fitted(id, '__refresh'))}(\n"
        "  frontier ivmc.consumed, recompute boolean,\n"
        "  OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text\n"
        f") LANGUAGE plpgsql AS {body(code)}"
    )


def advance(*, works: bool = True) -> list[str]:
    """Move the frontier to this transaction's snapshot.

    The row is the view's lock: who comes second waits here, and starts over with another snapshot.
    """
    return [
        "-- Move the frontier; who refreshes this view already is waited for",
        "UPDATE ivmc.frontier f",
        "SET snapshot = pg_current_snapshot(), xid = pg_current_xact_id(),",
        f"  seq = nextval('ivmc.change'), refreshes = f.refreshes + {int(works)}",
        "WHERE f.view = frontier.view;",
    ]
