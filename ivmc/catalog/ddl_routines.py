"""CREATE FUNCTION, AGGREGATE, OPERATOR, CAST and base types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pglast import ast, enums

from ivmc.catalog.ddl_script import Script
from ivmc.catalog.model import Type
from ivmc.catalog.symbols import CastEntry, OperatorEntry, Procedure, TypeEntry
from ivmc.catalog.typmod import quote

Mode = enums.FunctionParameterMode
INPUTS = (
    Mode.FUNC_PARAM_IN,
    Mode.FUNC_PARAM_DEFAULT,
    Mode.FUNC_PARAM_INOUT,
    Mode.FUNC_PARAM_VARIADIC,
)
OUTPUTS = (Mode.FUNC_PARAM_OUT, Mode.FUNC_PARAM_INOUT, Mode.FUNC_PARAM_TABLE)
CONTEXTS = {
    enums.CoercionContext.COERCION_IMPLICIT: "i",
    enums.CoercionContext.COERCION_ASSIGNMENT: "a",
}


def create_function(script: Script, node: Any) -> None:
    """CREATE FUNCTION; a procedure cannot be called from a query."""
    if node.is_procedure:
        return
    parameters = node.parameters or ()
    inputs = [p for p in parameters if p.mode in INPUTS]
    outputs = [p for p in parameters if p.mode in OUTPUTS]
    types = tuple(script.entry_of(p.argType) for p in inputs)
    out = tuple((p.name or "", script.entry_of(p.argType)) for p in outputs)
    options = {o.defname: o.arg for o in node.options or ()}
    schema, name = script.qualified(node.funcname)
    variadic = inputs and inputs[-1].mode == Mode.FUNC_PARAM_VARIADIC
    procedure = Procedure(
        schema,
        name,
        "w" if "window" in options else "f",
        types,
        result_of(script, node.returnType, out),
        volatility=options["volatility"].sval[0] if "volatility" in options else "v",
        strict="strict" in options and bool(options["strict"].boolval),
        returns_set=bool(node.returnType and node.returnType.setof),
        variadic=spread(types[-1]) if variadic else None,
        defaults=sum(p.defexpr is not None for p in inputs),
        names=tuple(p.name or "" for p in inputs) if any(p.name for p in inputs) else (),
        out=out,
    )
    add(script.symbols.procedures.setdefault(name, []), procedure)


def spread(last: TypeEntry) -> TypeEntry:
    """What a VARIADIC parameter takes any number of."""
    return last.element or last


def result_of(script: Script, node: Any, out: Sequence[tuple[str, TypeEntry]]) -> TypeEntry:
    """A function's result: as declared, or as its OUT parameters say."""
    if node is not None:
        declared = script.entry_of(node)
        alone = declared.name == "record" and len(out) == 1
        return out[0][1] if alone else declared
    if len(out) == 1:
        return out[0][1]
    return script.catalog.entry(Type("pg_catalog", "record" if out else "void"))


def add(known: list[Procedure], procedure: Procedure) -> None:
    """A new function; CREATE OR REPLACE takes the place of the one before."""
    known[:] = [p for p in known if (p.schema, p.args) != (procedure.schema, procedure.args)]
    known.append(procedure)


def define(script: Script, node: Any) -> None:
    """CREATE AGGREGATE, OPERATOR and TYPE of a base type."""
    match node.kind:
        case enums.ObjectType.OBJECT_AGGREGATE:
            create_aggregate(script, node)
        case enums.ObjectType.OBJECT_OPERATOR:
            create_operator(script, node)
        case enums.ObjectType.OBJECT_COLLATION:
            create_collation(script, node)
        case enums.ObjectType.OBJECT_TYPE:
            place = script.qualified(node.defnames)
            if place not in script.symbols.types:
                script.symbols.add_type(TypeEntry(*place))
        case _:
            pass


def create_collation(script: Script, node: Any) -> None:
    """CREATE COLLATION: only whether it is deterministic matters; kept under both spellings."""
    options = {o.defname: o.arg for o in node.definition}
    flag = options.get("deterministic")
    if flag is not None and spelt(flag) in ("false", "off", "0"):
        place = script.qualified(node.defnames)
        script.nondeterministic |= {quote(place[1]), ".".join(map(quote, place))}


def spelt(option: Any) -> str:
    """The value of an option, in lower case."""
    value = getattr(option, "sval", None) or getattr(option, "ival", None)
    names = getattr(option, "names", None)
    return str(names[-1].sval if names else value if value is not None else option.boolval).lower()


def create_aggregate(script: Script, node: Any) -> None:
    """CREATE AGGREGATE: its result is its final function's, or else its state."""
    options = {o.defname: o.arg for o in node.definition}
    if node.oldstyle or "stype" not in options:
        return
    parameters, direct = node.args
    inputs = parameters or ()
    types = tuple(script.entry_of(p.argType) for p in inputs)
    state = script.entry_of(options["stype"])
    schema, name = script.qualified(node.defnames)
    count = direct.ival
    hypothetical = "hypothetical" in options
    variadic = inputs and inputs[-1].mode == Mode.FUNC_PARAM_VARIADIC
    procedure = Procedure(
        schema,
        name,
        "a",
        types,
        final_result(script, options.get("finalfunc"), state, types),
        volatility="i",
        variadic=spread(types[-1]) if variadic else None,
        names=tuple(p.name or "" for p in inputs) if any(p.name for p in inputs) else (),
        aggregate_kind="n" if count < 0 else "h" if hypothetical else "o",
        direct_args=max(count, 0),
    )
    add(script.symbols.procedures.setdefault(name, []), procedure)


def final_result(script: Script, name: Any, state: TypeEntry, types: Iterable[TypeEntry]) -> TypeEntry:
    """The result of an aggregate's final function over its state (and arguments)."""
    if name is None:
        return state
    found = [p for _, p in script.catalog.visible_functions(tuple(n.sval for n in name.names))]
    own = [p for p in found if p.args[:1] == (state,) and len(p.args) == 1]
    extra = [p for p in found if p.args == (state, *types)]
    return next((p.result for p in own + extra + found), state)


def create_operator(script: Script, node: Any) -> None:
    """CREATE OPERATOR over a function that exists."""
    options = {o.defname: o.arg for o in node.definition}
    code = options.get("function") or options.get("procedure")
    if code is None or "rightarg" not in options:
        return
    left = script.entry_of(options["leftarg"]) if "leftarg" in options else None
    right = script.entry_of(options["rightarg"])
    args = (right,) if left is None else (left, right)
    names = tuple(n.sval for n in code.names)
    found = [p for _, p in script.catalog.visible_functions(names) if p.args == args]
    if not found:
        return
    schema, name = script.qualified(node.defnames)
    entry = OperatorEntry(
        schema, name, left, right, found[0].result, found[0],
        operator_name(options.get("commutator")), operator_name(options.get("negator")),
    )  # fmt: skip
    script.symbols.operator_entries.setdefault(name, []).append(entry)


def operator_name(names: object) -> str | None:
    """An operator's name without its schema."""
    if isinstance(names, tuple) and names:
        last = names[-1]
        return str(last.sval if isinstance(last, ast.String) else last)
    return None


def create_cast(script: Script, node: Any) -> None:
    """CREATE CAST."""
    source, target = script.entry_of(node.sourcetype), script.entry_of(node.targettype)
    context = CONTEXTS.get(node.context, "e")
    if node.inout or node.func is None:
        method = "i" if node.inout else "b"
        script.symbols.casts[source, target] = CastEntry(context, method, None)
        return
    names = tuple(n.sval for n in node.func.objname)
    types = tuple(script.entry_of(t) for t in node.func.objargs or ())
    found = [p for _, p in script.catalog.visible_functions(names) if p.args == types]
    if found:
        script.symbols.casts[source, target] = CastEntry(context, "f", found[0])
