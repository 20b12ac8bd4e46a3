"""What the compiler hands on: a plan is plain data, and prints as a script and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ivmc.catalog import Column
from ivmc.names import view_id

Mode = Literal["auto", "differential", "full"]
Strategy = Literal["differential", "full"]


@dataclass(frozen=True, slots=True)
class Source:
    """A relation whose changes a plan consumes.

    `kind` is `r` for a table, `p` for a partitioned one, `view` for a maintained view, whose
    changes are captured at its storage. `columns` are those captured: observed ones and the key.
    `buffer` is the change buffer's name in the schema `ivmc` (`emit.capture.buffer_name`).
    """

    schema: str
    name: str
    kind: Literal["r", "p", "view"]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    buffer: str


@dataclass(frozen=True, slots=True)
class Visible:
    """What the user's relation shows of its root table.

    `columns` are pairs of (column name, SQL expression) and `where` is a condition or None, both
    over the root's columns, unqualified.
    """

    columns: tuple[tuple[str, str], ...]
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that keeps one view: `schema.name` shows the result of `query`.

    `mode` was asked for, `strategy` was chosen, `reason` says why it is not differential.
    `settings` are pinned while the query's expressions are evaluated. `storage` creates the state
    tables, all called `id` or `id__…` in the schema `ivmc`; `fill` fills them from the sources;
    `program` creates the function that refreshes them:

        ivmc."<id>__refresh"(frontier ivmc.consumed, recompute boolean,
            OUT rows_in bigint, OUT rows_changed bigint, OUT strategy text, OUT reason text)

    which is called under one REPEATABLE READ snapshot with its sources locked, and takes the view's
    lock, which is its frontier. `view` creates the relation that the user reads: `visible`, over the
    table `root`.
    """

    schema: str
    name: str
    query: str
    mode: Mode
    strategy: Strategy
    reason: str | None
    settings: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]
    storage: tuple[str, ...]
    fill: tuple[str, ...]
    program: str
    view: str
    root: str
    visible: Visible
    report: tuple[Any, ...] = ()

    @property
    def id(self) -> str:
        """What the view is called inside the schema `ivmc`."""
        return view_id(self.schema, self.name)

    @property
    def captured(self) -> bool:
        """Are its sources' changes captured?"""
        return self.strategy == "differential" and bool(self.sources)

    @property
    def script(self) -> str:
        """The script that installs the view with `psql -f`, and nothing else on the machine."""
        from ivmc.emit.script import script

        return script(self)

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON's types."""
        return {"id": self.id, **asdict(self)}
