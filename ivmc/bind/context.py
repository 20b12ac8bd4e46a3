"""What one binding shares: the catalog, the text that spans point into, and what was found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ivmc.catalog import Catalog, Type
from ivmc.diagnostics import Diagnostic, Span
from ivmc.parse import construct, keyword
from ivmc.scalar import Expression, Scalar, literal, walk

UNKNOWN: Final = Type("pg_catalog", "unknown")
TEXT: Final = Type("pg_catalog", "text")

POISON: Final = Expression("error", ("NULL",), (), UNKNOWN)


def is_poisoned(*scalars: Scalar) -> bool:
    """Was something in there reported already? Then nothing more should be said of it."""
    return any(node is POISON for scalar in scalars for node in walk(scalar))


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
    expanding: tuple[str, ...] = ()

    def span(self, node: object) -> Span | None:
        """Where a syntax node stands in the text."""
        if self.at is not None:
            return self.at
        location = getattr(node, "location", None)
        return construct(self.text, location) if isinstance(location, int) and location >= 0 else None

    def clause(self, *words: str) -> Span | None:
        """Where a clause stands that the syntax tree does not locate, by its first words."""
        return self.at or keyword(self.text, *words)

    def error(self, diagnostic: Diagnostic) -> Expression:
        """Record a mistake; go on with a value of which nothing more will be said."""
        if diagnostic not in self.errors:
            self.errors.append(diagnostic)
        return POISON

    def reason(self, diagnostic: Diagnostic, result: Type | None = None) -> Expression:
        """Record why the query is not maintained; go on with a value of the right type."""
        if diagnostic not in self.reasons:
            self.reasons.append(diagnostic)
        return POISON if result is None else literal("NULL", result, nullable=True)

    def inside_view(self, name: str, node: object) -> Context:
        return replace(self, at=self.span(node), expanding=(*self.expanding, name))
