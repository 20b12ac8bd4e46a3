"""How a diagnostic is drawn: carets, brackets, widths, colour, order."""

from dataclasses import dataclass

import pytest

from ivmc.diagnostics import CompileError, Diagnostic, Position, Span, did_you_mean, position


@dataclass(frozen=True, slots=True)
class Odd(Diagnostic):
    code = "IVM000"
    title = "`{what}` is odd"
    label = "odd"
    help = "make it even"
    what: str


def drawn(source: str, start: int, end: int) -> list[str]:
    """The excerpt, without title, place and help."""
    lines = Odd(Span(start, end), "x").render(source, "q.sql").splitlines()
    return lines[3:-1]


def marked(source: str, text: str) -> list[str]:
    return drawn(source, source.index(text), source.index(text) + len(text))


def test_one_line() -> None:
    assert Odd(Span(9, 12), "foo").render("SELECT 1\n.foo", "q.sql").splitlines() == [
        "error[IVM000]: `foo` is odd",
        " --> q.sql:2:1",
        "  |",
        "2 | .foo",
        "  | ^^^ odd",
        "  = help: make it even",
    ]


def test_a_tab_is_four_columns() -> None:
    assert marked("SELECT\tfoo\tAS x", "foo") == [
        "1 | SELECT    foo    AS x",
        "  |           ^^^ odd",
    ]


def test_wide_characters_take_two_columns() -> None:
    assert marked("SELECT '日本', foo", "foo") == [
        "1 | SELECT '日本', foo",
        "  |                ^^^ odd",
    ]
    assert marked("SELECT 日本 FROM t", "日本")[1] == "  |        ^^^^ odd"


def test_combining_characters_take_none() -> None:
    assert marked("SELECT 'e\u0301', foo", "foo")[1] == "  |             ^^^ odd"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in "".join(marked("SELECT '\x1b[31m', foo", "foo"))


def test_windows_line_ends() -> None:
    assert marked("SELECT 1,\r\n  foo\r\nFROM t", "foo") == ["2 |   foo", "  |   ^^^ odd"]


def test_several_lines_from_the_start_of_one() -> None:
    assert marked("SELECT a\nFROM (\n  SELECT b\n) x", "FROM (\n  SELECT b\n)") == [
        "2 | / FROM (",
        "3 | |   SELECT b",
        "4 | | ) x",
        "  | |_^ odd",
    ]


def test_several_lines_from_the_middle_of_one() -> None:
    assert marked("SELECT a, (SELECT b\nFROM t) x", "(SELECT b\nFROM t)") == [
        "1 |   SELECT a, (SELECT b",
        "  |  ___________^",
        "2 | | FROM t) x",
        "  | |_______^ odd",
    ]


def test_many_lines_are_elided() -> None:
    lines = drawn("a\nb\nc\nd\ne\nf\ng\nh\ni\nj", 0, 19)
    assert lines == [" 1 | / a", " 2 | | b", " 3 | | c", "...", "10 | | j", "   | |_^ odd"]


def test_the_end_of_the_text_is_marked_behind_its_last_word() -> None:
    assert drawn("SELECT 1 FROM\n\n", 15, 15) == ["1 | SELECT 1 FROM", "  |              ^ odd"]


def test_of_a_long_line_the_neighbourhood_is_shown() -> None:
    line, carets = marked("SELECT " + "abcdef, " * 100 + "foo, " + "ghijkl, " * 100, "foo")
    assert len(line) < 130
    assert line.startswith("1 | …")
    assert line.endswith("…")
    assert line[carets.index("^") :].startswith("foo")


def test_without_a_place_there_is_no_excerpt() -> None:
    assert Odd(None, "x").render() == "error[IVM000]: `x` is odd\n  = help: make it even"


def test_braces_in_a_name_are_text() -> None:
    assert Odd(None, "{0}{x!r}").message == "`{0}{x!r}` is odd"


def test_a_title_is_one_line() -> None:
    assert Odd(None, "a\nb").message == "`a b` is odd"


def test_colour_only_when_asked_for() -> None:
    odd = Odd(Span(0, 1), "S")
    assert "\x1b" not in odd.render("SELECT", "q.sql")
    assert "\x1b[1;31m^ odd\x1b[0m" in odd.render("SELECT", "q.sql", color=True)


def test_all_diagnostics_of_a_text_in_its_order_and_once() -> None:
    error = CompileError([Odd(Span(4, 5), "b"), Odd(Span(0, 1), "a"), Odd(Span(4, 5), "b")], "a = b", "x.sql")
    assert [line for line in str(error).splitlines() if "-->" in line] == [" --> x.sql:1:1", " --> x.sql:1:5"]
    assert "\n\nerror" in str(error)


def test_json_counts_lines_and_columns_from_one() -> None:
    assert Odd(Span(7, 10), "foo").as_dict("SELECT\nfoo\n") == {
        "code": "IVM000",
        "severity": "error",
        "message": "`foo` is odd",
        "label": "odd",
        "help": "make it even",
        "line": 2,
        "column": 1,
        "end_line": 2,
        "end_column": 4,
    }


@pytest.mark.parametrize(
    ("offset", "where"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (3, 1)), (6, (3, 2))]
)
def test_positions(offset: int, where: tuple[int, int]) -> None:
    assert position("äö\nb\nc", offset) == Position(*where)


def test_suggestions_ignore_case_and_give_up_when_nothing_is_near() -> None:
    assert did_you_mean("ORDRS", ["items", "Orders"]) == "did you mean `Orders`?"
    assert did_you_mean("zzz", ["orders"], "look it up") == "look it up"
