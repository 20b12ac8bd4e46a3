"""PL/pgSQL while it is being written: statements, the variables they use, the tables between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ivmc.emit.text import indent
from ivmc.names import fitted, identifier


@dataclass
class Steps:
    """The statements of the function of view `id`, at a `depth` of nested conditions.

    variables  with their types
    temporary  the tables that carry rows between steps: their columns, and the count of their rows
    """

    id: str
    lines: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    temporary: dict[str, tuple[str, str]] = field(default_factory=dict)
    depth: int = 0

    def emit(self, *lines: str) -> None:
        for line in lines:
            self.lines.append(indent(line, 2 * self.depth) if line else "")

    def comment(self, text: str) -> None:
        """A line of its own above a step, behind an empty one unless a block begins here."""
        begins = self.lines and self.lines[-1].endswith(("THEN", "ELSE", "BEGIN"))
        self.emit(*([] if begins else [""]), f"-- {text}")

    def variable(self, wanted: str) -> str:
        """A new bigint variable, 0 at the start, qualified by the block's label."""
        name, n = wanted, 1
        while name in self.variables:
            n += 1
            name = f"{wanted}_{n}"
        self.variables[name] = "bigint := 0"
        return f"n.{identifier(name)}"

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Statements that run under a condition; what they count or carry is known to them alone."""
        self.emit(f"IF {condition} THEN")
        with self.branch():
            yield
        self.emit("END IF;")

    @contextmanager
    def branch(self) -> Iterator[None]:
        """One arm of an IF."""
        self.depth += 1
        yield
        self.depth -= 1

    def kept(self, suffix: str, columns: Sequence[str]) -> tuple[str, str]:
        """The name of a new temporary table, kept for the session, and the variable that counts its rows."""
        name, n = fitted(self.id, f"__{suffix}"), 1
        while name in self.temporary:
            n += 1
            name = fitted(self.id, f"__{suffix}_{n}")
        count = self.variable(suffix)
        self.temporary[name] = (", ".join(columns), count)
        return name, count

    def run(self, statement: str, total: str) -> None:
        """A statement whose rows are added to a count."""
        self.variables["step"] = "bigint"
        self.emit(statement, f"GET DIAGNOSTICS step = ROW_COUNT; {total} := {total} + n.step;")
