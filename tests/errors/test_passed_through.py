"""What stands inside a construct that is passed through as text is bound all the same."""

import pytest

import ivmc
from ivmc.plan import Mode

CATALOG = ivmc.Catalog.from_sql("CREATE TABLE t (id int PRIMARY KEY, a text, b text, j jsonb)")


def compiled(expression: str, mode: Mode = "auto") -> ivmc.Plan:
    return ivmc.compile(f"SELECT id, {expression} AS x FROM t", CATALOG, mode=mode)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("a LIKE random()::text", "IVM203"),
        ("a NOT ILIKE b || random() ESCAPE 'x'", "IVM203"),
        ("a SIMILAR TO lower(random()::text)", "IVM203"),
        ("xmlelement(name e, random())", "IVM203"),
        ("json_object('k': gen_random_uuid())", "IVM203"),
        ("substring(a FROM 1 FOR $1)", "IVM112"),
        ("json_object('k': lower(7))", "IVM210"),
        ("xmlelement(name e, nothing)", "IVM202"),
        ("json_object('k': now())", "IVM312"),
        ("extract(year FROM current_date)", "IVM312"),
        ("xmlelement(name e, (SELECT 1 LIMIT 1))", "IVM305"),
        ("json_arrayagg(a)", "IVM319"),
        ("json_array(SELECT 1)", "IVM319"),
    ],
)
def test_mistakes_and_fallbacks_are_found(expression: str, code: str) -> None:
    with pytest.raises(ivmc.CompileError) as caught:
        compiled(expression, "differential")
    assert [d.code for d in caught.value.diagnostics] == [code]


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("position(a IN b)", "position(t.a IN t.b)"),
        ("overlay(a PLACING lower(b) FROM 1)", "overlay(t.a, lower(t.b), 1)"),
        ("a LIKE lower(b)", "t.a LIKE lower(t.b)"),
        ("json_object(a: upper(b))", "json_object(t.a: upper(t.b))"),
        ("json_exists(j, '$.x' PASSING a AS y)", "JSON_EXISTS(t.j, '$.x' PASSING t.a AS y)"),
    ],
)
def test_every_part_keeps_its_place(expression: str, printed: str) -> None:
    assert printed in compiled(expression).fill[0]
