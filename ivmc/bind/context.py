"""What one binding shares: the catalog, the text that spans point into, and what was found wrong.

A mistake is reported once. Where one is found, `raise context.fail(…)` records it and jumps to the
nearest `attempted`, which puts POISON in the place of what could not be bound; `sound` jumps on
for everything that has POISON among its parts, so nothing more is said of it, while its neighbours
are still looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, ParamSpec, TypeAlias

from ivmc.catalog import Catalog, Type
from ivmc.diagnostics import Diagnostic, Span
from ivmc.parse import construct, keyword
from ivmc.scalar import Expression, Scalar, literal

# pglast declares every field of its nodes Optional, also where the grammar always fills it.
Syntax: TypeAlias = Any

UNKNOWN: Final = Type("pg_catalog", "unknown")
TEXT: Final = Type("pg_catalog", "text")
INTEGER: Final = Type("pg_catalog", "int4")
RECORD: Final = Type("pg_catalog", "record")

POISON: Final = Expression("error", ("NULL",), (), UNKNOWN)

Arguments = ParamSpec("Arguments")


class Poisoned(Exception):  # noqa: N818 - a jump out of what was reported already
    """Something in the construct that is being bound was reported: nothing more is to be said of it."""


class Opaque(Exception):  # noqa: N818 - a jump to the end of binding, everything is reported by then
    """The rest of the query cannot be bound: its columns are not known."""


def attempted(bind: Callable[Arguments, Scalar], *args: Arguments.args, **named: Arguments.kwargs) -> Scalar:
    """What `bind` gives; POISON where it meets a mistake."""
    try:
        return bind(*args, **named)
    except Poisoned:
        return POISON


def sound(scalars: Iterable[Scalar]) -> tuple[Scalar, ...]:
    """All of the scalars, none of them POISON. Raises Poisoned."""
    found = tuple(scalars)
    if any(scalar is POISON for scalar in found):
        raise Poisoned
    return found


@dataclass(frozen=True, slots=True)
class Context:
    """`errors` are the user's to mend; `reasons` say why a full refresh is all there is.

    Inside a view's definition every span is that of the reference to the view.
    """

    catalog: Catalog
    text: str
    at: Span | None = None
    errors: list[Diagnostic] = field(default_factory=list)
    reasons: list[Diagnostic] = field(default_factory=list)

    def span(self, node: Syntax) -> Span | None:
        """Where a syntax node stands in the text."""
        if self.at is not None:
            return self.at
        location = getattr(node, "location", None)
        return construct(self.text, location) if isinstance(location, int) and location >= 0 else None

    def clause(self, *words: str) -> Span | None:
        """Where a clause stands that the syntax tree does not locate, by its first words."""
        return self.at or keyword(self.text, *words)

    def error(self, diagnostic: Diagnostic) -> None:
        """Record a mistake that leaves the meaning of the rest as it is."""
        if diagnostic not in self.errors:
            self.errors.append(diagnostic)

    def fail(self, diagnostic: Diagnostic) -> Poisoned:
        """Record a mistake; raise what this returns to leave alone whatever the mistake is in."""
        self.error(diagnostic)
        return Poisoned()

    def reason(self, diagnostic: Diagnostic) -> None:
        """Record why the query is not maintained."""
        if diagnostic not in self.reasons:
            self.reasons.append(diagnostic)

    def unmaintained(self, diagnostic: Diagnostic, result: Type) -> Expression:
        """Record why the query is not maintained; go on with a value of the right type."""
        self.reason(diagnostic)
        return literal("NULL", result, nullable=True)

    def inside(self, node: Syntax) -> Context:
        """The context of a text that stands elsewhere, and that `node` brings in."""
        return replace(self, at=self.span(node))
