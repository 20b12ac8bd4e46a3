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

from ivmc.diagnostics import Diagnostic
from ivmc.errors.fallback import (
    CurrentTime,
    DistinctOn,
    Fallback,
    HiddenSource,
    NotCovered,
    Recursion,
    RowLimit,
    TableSample,
    UncapturedSource,
    WindowFunction,
)
from ivmc.errors.meaning import (
    AggregateNotAllowed,
    ColumnCountMismatch,
    InvalidCall,
    InvalidKey,
    InvalidOrdinal,
    InvalidStar,
    InvalidUsing,
    LockingClause,
    MissingOperator,
    NestedAggregate,
    PseudoTypeColumn,
    SetNotAllowed,
    TemporaryTable,
    TypeMismatch,
    UngroupedColumn,
    UngroupedInside,
)
from ivmc.errors.names import (
    AmbiguousColumn,
    DuplicateAlias,
    DuplicateOutputColumn,
    InvalidReference,
    InvalidSchema,
    MissingFromEntry,
    ReservedColumn,
    SystemColumn,
    TooManyAliases,
    UnknownColumn,
    UnknownRelation,
)
from ivmc.errors.running import (
    Busy,
    Internal,
    NoRights,
    NotInstalled,
    NotReady,
    RowSecurity,
    ServerError,
    ServerTooOld,
    SourceAltered,
    SourceDropped,
    StillRead,
    UnknownSchema,
    UnknownView,
    Unreachable,
    ViewDiffers,
    ViewExists,
    WrongIsolation,
)
from ivmc.errors.symbols import (
    AmbiguousFunction,
    AmbiguousOperator,
    UnknownFunction,
    UnknownOperator,
    UnknownType,
    VolatileFunction,
)
from ivmc.errors.syntax import (
    EmptyInput,
    InvalidSyntax,
    MetaCommand,
    ModifyingCte,
    NestedTooDeeply,
    NoQuery,
    NotAQuery,
    NotText,
    Parameter,
    QueryInsideCreate,
    SelectInto,
    SeveralQueries,
)

__all__ = [
    "AggregateNotAllowed",
    "AmbiguousColumn",
    "AmbiguousFunction",
    "AmbiguousOperator",
    "Busy",
    "ColumnCountMismatch",
    "CurrentTime",
    "DistinctOn",
    "DuplicateAlias",
    "DuplicateOutputColumn",
    "EmptyInput",
    "Fallback",
    "HiddenSource",
    "Internal",
    "InvalidCall",
    "InvalidKey",
    "InvalidOrdinal",
    "InvalidReference",
    "InvalidSchema",
    "InvalidStar",
    "InvalidSyntax",
    "InvalidUsing",
    "LockingClause",
    "MetaCommand",
    "MissingFromEntry",
    "MissingOperator",
    "ModifyingCte",
    "NestedAggregate",
    "NestedTooDeeply",
    "NoQuery",
    "NoRights",
    "NotAQuery",
    "NotCovered",
    "NotInstalled",
    "NotReady",
    "NotText",
    "Parameter",
    "PseudoTypeColumn",
    "QueryInsideCreate",
    "Recursion",
    "ReservedColumn",
    "RowLimit",
    "RowSecurity",
    "SelectInto",
    "ServerError",
    "ServerTooOld",
    "SetNotAllowed",
    "SeveralQueries",
    "SourceAltered",
    "SourceDropped",
    "StillRead",
    "SystemColumn",
    "TableSample",
    "TemporaryTable",
    "TooManyAliases",
    "TypeMismatch",
    "UncapturedSource",
    "UngroupedColumn",
    "UngroupedInside",
    "UnknownColumn",
    "UnknownFunction",
    "UnknownOperator",
    "UnknownRelation",
    "UnknownSchema",
    "UnknownType",
    "UnknownView",
    "Unreachable",
    "ViewDiffers",
    "ViewExists",
    "VolatileFunction",
    "WindowFunction",
    "WrongIsolation",
    "catalogue",
]


def catalogue() -> tuple[type[Diagnostic], ...]:
    """Every code, in order; `Fallback` itself is a parent, not a code."""
    classes = {name: globals()[name] for name in __all__ if name not in ("Fallback", "catalogue")}
    return tuple(sorted(classes.values(), key=lambda c: c.code))
