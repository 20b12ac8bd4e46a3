"""The dashboard in a Python program: compile without a database, then maintain it in one.

python examples/embedded.py
"""

from pathlib import Path

import ivmc
from ivmc import runtime
from ivmc.runtime import embedded

HERE = Path(__file__).parent
SCHEMA = (HERE / "schema.sql").read_text()
QUERY = (HERE / "dashboard.sql").read_text()


def main() -> None:
    """Show the plan, then a change and its refresh."""
    plan = ivmc.compile(QUERY, ivmc.Catalog.from_sql(SCHEMA), name="dashboard")
    print(f"{plan.name}: {plan.strategy}, reads {', '.join(source.name for source in plan.sources)}")

    with embedded.server() as server, runtime.connect(server.dsn) as conn:
        conn.execute(SCHEMA.encode())
        runtime.create(conn, "dashboard", QUERY, mode="differential")

        conn.execute("UPDATE order_lines SET quantity = quantity + 1 WHERE order_id = 8")
        conn.execute("DELETE FROM orders WHERE id = 9")
        (done,) = runtime.refresh(conn)
        print(f"{done.rows_in} rows in, {done.rows_changed} rows of the view changed")

        (checked,) = runtime.verify(conn)
        print(checked)


def refused() -> None:
    """A query at fault is an exception that carries every diagnostic, and prints as the command prints it."""
    try:
        ivmc.compile("SELECT revnue FROM orders", ivmc.Catalog.from_sql(SCHEMA))
    except ivmc.CompileError as error:
        print(error)


if __name__ == "__main__":
    main()
    refused()
