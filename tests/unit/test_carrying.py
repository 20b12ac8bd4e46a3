"""What one step has left in a temporary table is read there by those that follow."""

from tests.unit.test_ordering import sized

TABLES = """
CREATE TABLE sale (id int PRIMARY KEY, day date, kind text);
CREATE TABLE line (sale int, number int, late bool, PRIMARY KEY (sale, number));
"""
LATE = """
SELECT kind, count(*) AS n FROM sale s
WHERE day > '2020-01-01' AND EXISTS (SELECT FROM line l WHERE l.sale = s.id AND l.late) GROUP BY kind
"""


def test_sums_of_a_change_are_taken_once() -> None:
    """The sales with late lines that came or went are looked up, and are met by the sales that changed."""
    text = sized(TABLES, LATE, sale=1e6, line=5e6).program
    assert text.count("AS matches") == 1
    assert "Δs ⋈ touched" in text
