"""Changes that several places read net are added up in one pass (planner rule 20)."""
# ruff: noqa: E501 - a query reads better on one line

import pytest

import ivmc
from tests.maintained import Connection, Story, follow

LINES = """
CREATE TABLE l (o int, s int, late bool, n numeric);
INSERT INTO l VALUES (1, 1, true, 1.0), (1, 2, false, 1), (1, 2, false, 1.00), (2, 1, true, 0), (2, 1, NULL, NULL), (NULL, 1, true, 2), (3, NULL, true, 3), (3, 2, true, 3)
"""
CHANGES = (
    "UPDATE l SET late = NOT late WHERE o = 1",
    (
        "INSERT INTO l VALUES (1, 3, true, 5), (2, 2, false, 0), (2, 2, false, 0)",
        "UPDATE l SET s = 2 WHERE o = 3",
    ),
    ("DELETE FROM l WHERE o = 2 AND late IS NULL", "UPDATE l SET late = true WHERE o = 2"),
    ("UPDATE l SET o = 2 WHERE o = 1 AND s = 2", "UPDATE l SET n = n + 0.00"),
    ("UPDATE l SET o = coalesce(o, 1), s = coalesce(s, 3)", "INSERT INTO l SELECT * FROM l WHERE late"),
    "DELETE FROM l WHERE late",
)
OTHERS = "SELECT x.o, x.s, x.n FROM l x WHERE x.late AND EXISTS (SELECT FROM l y WHERE y.o = x.o AND y.s <> x.s) AND NOT EXISTS (SELECT FROM l z WHERE z.o = x.o AND z.s <> x.s AND z.late)"

STORIES = [
    Story("others, but none that is late", LINES, OTHERS, CHANGES),
    Story("a table with itself, by inequality", LINES, "SELECT x.o, x.n, y.s FROM l x JOIN l y ON x.o = y.o AND x.s < y.s AND x.n / (x.s + 1) < 9", CHANGES),
    Story("what fails on rows that one place leaves out", LINES, "SELECT o, s FROM l x WHERE EXISTS (SELECT FROM l y WHERE y.o = x.o AND y.s <> x.s AND y.n > 0) OR EXISTS (SELECT FROM l z WHERE z.o = x.o AND z.s <> x.s AND z.n <> 0 AND 6 / z.n > x.s)", CHANGES),
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_places_that_read_net_changes(conn: Connection, story: Story) -> None:
    follow(conn, story)


def test_one_pass() -> None:
    sql = str(ivmc.compile(OTHERS, ivmc.Catalog.from_sql(LINES.partition(";")[0]), name="v"))
    assert sql.count("net += ") == 1
    assert sql.count("FILTER (WHERE l.late)") == 2  # in the list and in HAVING


def test_a_part_of_the_changes_by_itself() -> None:
    """Two selections of which neither has all the rows are not netted together: that would net every change."""
    query = OTHERS.replace("y.s <> x.s", "y.s <> x.s AND y.n = 1").replace("z.late", "z.n = 2")
    sql = str(ivmc.compile(query, ivmc.Catalog.from_sql(LINES.partition(";")[0]), name="v"))
    assert "side by side" not in sql
