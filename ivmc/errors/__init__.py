"""The catalogue of diagnostics: one class per code.

    IVM1xx  the text: syntax, and which statements a file may hold
    IVM2xx  names, types, and what may stand where
    IVM3xx  not maintained differentially: a reason for a full refresh, or an error when asked for
            `--mode differential`
    IVM4xx  the database
    IVM9xx  a fault of ivmc

A class's docstring is the page of its code (docs/errors): what it means, an example that triggers
it, what to do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ivmc.diagnostics import Diagnostic

DEFINED: Final = {
    "fallback": """
        CurrentTime DistinctOn Fallback HiddenSource NotCovered Recursion RowLimit TableSample
        UncapturedSource WindowFunction
    """.split(),
    "meaning": """
        AggregateNotAllowed ColumnCountMismatch InvalidCall InvalidKey InvalidOrdinal InvalidStar
        InvalidUsing LockingClause MissingOperator NestedAggregate PseudoTypeColumn SetNotAllowed
        TemporaryTable TypeMismatch UngroupedColumn UngroupedInside
    """.split(),
    "names": """
        AmbiguousColumn DuplicateAlias DuplicateOutputColumn InvalidReference InvalidSchema
        MissingFromEntry ReservedColumn SystemColumn TooManyAliases UnknownColumn UnknownRelation
    """.split(),
    "running": """
        Busy Internal NoRights NotInstalled NotReady RowSecurity ServerError ServerTooOld
        SourceAltered SourceDropped StillRead UnknownSchema UnknownView Unreachable ViewDiffers
        ViewExists WrongIsolation
    """.split(),
    "symbols": """
        AmbiguousFunction AmbiguousOperator UnknownFunction UnknownOperator UnknownType
        VolatileFunction
    """.split(),
    "syntax": """
        EmptyInput InvalidSyntax MetaCommand ModifyingCte NestedTooDeeply NoQuery NotAQuery NotText
        Parameter QueryInsideCreate SelectInto SeveralQueries
    """.split(),
}
"""The codes by module. One is imported at the first use of a code: all take a third of `import ivmc`."""


if TYPE_CHECKING:
    from ivmc.errors.fallback import *  # noqa: F403 (DEFINED says what)
    from ivmc.errors.meaning import *  # noqa: F403
    from ivmc.errors.names import *  # noqa: F403
    from ivmc.errors.running import *  # noqa: F403
    from ivmc.errors.symbols import *  # noqa: F403
    from ivmc.errors.syntax import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """A code at its first use."""
        for module, names in DEFINED.items():
            if name in names:
                return globals().setdefault(name, _imported(module, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _imported(module: str, name: str) -> Any:
    return getattr(import_module(f"{__name__}.{module}"), name)


def catalogue() -> tuple[type[Diagnostic], ...]:
    """Every code, in order; `Fallback` itself is a parent, not a code."""
    classes = [_imported(module, name) for module, names in DEFINED.items() for name in names]
    return tuple(sorted((c for c in classes if c.__name__ != "Fallback"), key=lambda c: c.code))
