"""Maintained views in a live database.

    with connect("dbname=shop") as conn:
        create(conn, "totals", "SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer")
        refresh(conn)
        verify(conn)

Each function takes an autocommit connection, as `connect` gives; `refresh` and `verify` also work inside
a REPEATABLE READ transaction. What goes wrong is a `CompileError` whose diagnostics are IVM4xx.
"""

from ivmc.runtime.connection import connect
from ivmc.runtime.installation import create, drop, install
from ivmc.runtime.refreshing import Refreshed, Status, refresh, status
from ivmc.runtime.verification import Verified, verify
from ivmc.runtime.weighing import weighed

__all__ = [
    "Refreshed",
    "Status",
    "Verified",
    "connect",
    "create",
    "drop",
    "install",
    "refresh",
    "status",
    "verify",
    "weighed",
]
