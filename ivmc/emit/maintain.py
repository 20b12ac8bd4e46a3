"""How each stage takes in its delta: fold and MERGE, read groups again, or store rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivmc.differentiate import differentiate
from ivmc.emit.program import Program
from ivmc.emit.query import positional
from ivmc.emit.storage import Storage, equality, stored_form
from ivmc.emit.text import indent, listing
from ivmc.ir import Aggregate, Carried, Filter, Join, Net, Project, Rel
from ivmc.names import PREFIX, WEIGHT, identifier
from ivmc.optimise import simplify
from ivmc.rules.aggregate import Extremum, Fold, expressions, grouped
from ivmc.rules.netting import safe
from ivmc.scalar import ATOM, BOOLEAN, IS, TRUE, Col, Expression, Logic, Scalar, columns, equals, fresh
from ivmc.stages import Stage

CHANGED = "n.changed"
FOUND = f"{PREFIX}found"


@dataclass
class Maintain:
    """Writes the part of the program that maintains one stage."""

    program: Program
    stage: Stage
    storage: Storage
    last: bool

    def write(self) -> None:
        if self.stage.op is None:
            self.store()
        elif self.stage.fold is None:
            self.read_again()
        else:
            self.fold(self.stage.op, self.stage.fold)

    # Stored rows

    def store(self) -> None:
        """A result without a stateful operator: its net rows, by key or by image."""
        delta = simplify(differentiate(self.stage.input))
        rows = self.program.gathered(delta)
        source = self.storage.is_bag and self.net_rows(rows) or self.net_last(rows)
        self.program.comment("MERGE: net rows by " + ("image" if self.storage.is_bag else "key"))
        names = self.storage.printed(self.storage.columns)
        inserted = [*names, WEIGHT] if self.storage.is_bag else names
        if self.storage.is_bag:
            when = [
                f"WHEN MATCHED AND t.{WEIGHT} + d.{WEIGHT} = 0 THEN DELETE",
                f"WHEN MATCHED THEN UPDATE SET {WEIGHT} = t.{WEIGHT} + d.{WEIGHT}",
                f"WHEN NOT MATCHED THEN {insertion(inserted)}",
            ]
        else:
            when = [
                f"WHEN MATCHED AND d.{WEIGHT} < 0 THEN DELETE",
                f"WHEN MATCHED THEN UPDATE SET {assignments(names)}",
                f"WHEN NOT MATCHED AND d.{WEIGHT} > 0 THEN {insertion(names)}",
            ]
        self.merge(source, when, self.program.queries.counts[rows])

    def net_rows(self, rows: Rel) -> str:
        outputs: list[tuple[str, Scalar]] = [(name, column) for column, name in self.storage.names.items()]
        self.program.queries.fresh_statement()
        return self.program.queries.select(Net(rows), outputs, weight=WEIGHT)

    def net_last(self, rows: Rel) -> str:
        """One row per key: the new one where there is one, else the one that went."""
        key = ", ".join(self.storage.printed(self.storage.key))
        inner = indent(self.net_rows(rows))
        return f"SELECT DISTINCT ON ({key}) *\nFROM (\n{inner}\n) net\nORDER BY {key}, {WEIGHT} DESC"

    # Folded groups

    def fold(self, op: Aggregate, fold: Fold) -> None:
        """S(R′) = S(R) + S(ΔR), group by group."""
        program = self.program
        delta = safe(simplify(differentiate(op.input)), expressions(op))
        names = self.storage.names
        if fold.extrema:
            rows = program.gathered(delta)
            total = program.queries.counts[rows]
            groups = self.collect(op, "Sum up the change of each group", lambda g: program.run(
                self.insert(g, grouped(rows, op, fold)), program.queries.counts[g]), guard=total)  # fmt: skip
            source = self.rows_of(groups)
        else:
            groups = self.sums(delta, op, fold)
            source = self.added(groups, fold)
        total = program.queries.counts[groups]
        program.emit(f"IF {total} > 0 THEN")
        program.depth += 1
        lost = self.lost(groups, fold)
        before = None if self.last else self.remember(groups)
        program.comment("MERGE: S(R′) = S(R) + S(ΔR)")
        self.merge(source, self.folding(fold, names), None)
        if lost is not None:
            self.reread(lost, op)
        if before is not None:
            self.hand_on(before, groups)
        program.depth -= 1
        program.emit("END IF;")

    def collect(self, op: Aggregate, comment: str, fill, guard: str) -> Carried:  # type: ignore[no-untyped-def]
        """A temporary table of groups, filled under a guard."""
        groups = self.group_table("groups")
        self.program.comment(comment)
        self.program.emit(f"IF {guard} > 0 THEN")
        self.program.depth += 1
        fill(groups)
        self.program.depth -= 1
        self.program.emit("END IF;")
        return groups

    def group_table(self, suffix: str, wanted: Sequence[Col] | None = None) -> Carried:
        """A temporary table with stored columns under their stored names, and its row count."""
        program = self.program
        chosen = tuple(wanted if wanted is not None else self.storage.columns)
        renamed = tuple(fresh(self.storage.names[c], c) for c in chosen)
        kinds = [("numeric" if self.is_sum(c) else c.type.sql) for c in chosen]
        name = program.temp(suffix, list(zip([c.name for c in renamed], kinds, strict=True)))
        groups = Carried(name, renamed, signed=False)
        program.queries.counts[groups] = program.variable(suffix)
        return groups

    def is_sum(self, column: Col) -> bool:
        """Signed sums are numeric until they are added to what is stored."""
        fold = self.stage.fold
        return fold is not None and any(column is c for c, _ in fold.states)

    def insert(self, target: Carried, rel: Rel) -> str:
        program = self.program
        program.queries.fresh_statement()
        outputs = [(target.schema[i].name, column) for i, column in enumerate(rel.schema)]
        return f"INSERT INTO pg_temp.{identifier(target.name)}\n{program.queries.select(rel, outputs)};"

    def sums(self, delta: Rel, op: Aggregate, fold: Fold) -> Carried:
        """Each term of the delta, summed up by itself."""
        groups = self.group_table("groups")
        total = self.program.queries.counts[groups]
        self.program.comment("Sum up the change of each group")

        def sink(term: Rel) -> None:
            self.program.run(self.insert(groups, grouped(term, op, fold)), total)

        self.program.run_terms(delta, sink)
        return groups

    def rows_of(self, groups: Carried) -> str:
        """The rows of a group table as a MERGE source, in the order of the target's key."""
        alias = "g"
        items = [f"{alias}.{identifier(column.name)}" for column in groups.schema]
        count = self.program.queries.counts[groups]
        table = f"(SELECT * FROM pg_temp.{identifier(groups.name)} LIMIT {count}) {alias}"
        order = [f"{alias}.{name}" for name in self.storage.printed(self.storage.key)]
        ordered = f"\nORDER BY {', '.join(order)}" if order else ""
        return f"{listing(items, 'SELECT')}\nFROM {table}{ordered}"

    def added(self, groups: Carried, fold: Fold) -> str:
        """The terms of each group added up, as a MERGE source."""
        names, count = self.storage.names, self.program.queries.counts[groups]
        keys = [f"g.{name}" for name in self.storage.printed(self.storage.key)]
        sums = [f"sum(g.{identifier(names[c])}) AS {identifier(names[c])}" for c, _ in fold.states]
        rows = f"(SELECT * FROM pg_temp.{identifier(groups.name)} LIMIT {count})"
        if self.storage.dependent:
            rows = f"(\n{indent(self.by_dependent(rows, fold))}\n)"
            sums += self.newest(fold)
        lines = [listing([*keys, *sums], "SELECT"), f"FROM {rows} g"]
        if keys:
            lines += [listing(keys, "GROUP BY"), listing(keys, "ORDER BY")]
        return "\n".join(lines)

    def by_dependent(self, rows: str, fold: Fold) -> str:
        """The change of each group per image of its dependent columns: of the new one there are more."""
        names, storage = self.storage.names, self.storage
        items = [f"g.{name}" for name in storage.printed(storage.key)]
        groups = list(items)
        for column, name in zip(storage.dependent, storage.printed(storage.dependent), strict=True):
            comparable = storage.catalog.equality(column.type) != "none"
            items.append(f"g.{name}" if comparable else f"(array_agg(g.{name}))[1] AS {name}")
            groups += self.program.queries.image(f"g.{name}", column.type)
        items += [f"sum(g.{identifier(names[c])}) AS {identifier(names[c])}" for c, _ in fold.states]
        return f"{listing(items, 'SELECT')}\nFROM {rows} g\n{listing(groups, 'GROUP BY')}"

    def newest(self, fold: Fold) -> list[str]:
        """The dependent columns of the image whose rows have come, if some have."""
        storage = self.storage
        count = f"g.{identifier(storage.names[fold.count])}"
        printed = storage.printed(storage.dependent)
        return [
            *(f"(array_agg(g.{name} ORDER BY {count} DESC))[1] AS {name}" for name in printed),
            f"max({count}) > 0 AS {FOUND}",
        ]

    def folding(self, fold: Fold, names: dict[Col, str]) -> list[str]:
        """The WHEN clauses of a fold."""
        count = identifier(names[fold.count])
        sets = [f"{identifier(names[c])} = {self.sum(c)}" for c, _ in fold.states]
        moved = [f"d.{identifier(names[c])} <> 0" for c, _ in fold.states]
        for extremum in fold.extrema:
            sets += self.better(extremum, names)
            moved.append(f"d.{identifier(names[extremum.value])} IS NOT NULL")
        renamed = self.storage.printed(self.storage.dependent)
        if renamed:
            sets += [f"{name} = CASE WHEN d.{FOUND} THEN d.{name} ELSE t.{name} END" for name in renamed]
            rows = [f"ROW({', '.join(f'{alias}.{name}' for name in renamed)})::record" for alias in "td"]
            moved.append(f"d.{FOUND} AND {rows[0]} *<> {rows[1]}")
        inserted = self.storage.printed(self.storage.columns)
        when = [f"WHEN MATCHED AND ({' OR '.join(moved)}) THEN UPDATE SET {', '.join(sets)}"]
        if self.storage.key:
            when.insert(0, f"WHEN MATCHED AND t.{count} + d.{count} = 0 THEN DELETE")
        when.append(f"WHEN NOT MATCHED AND d.{count} <> 0 THEN {insertion(inserted)}")
        return when

    def sum(self, column: Col) -> str:
        name = identifier(self.storage.names[column])
        total = f"t.{name} + d.{name}"
        return total if column.type.name == "numeric" else f"({total})::{column.type.sql}"

    def better(self, extremum: Extremum, names: dict[Col, str]) -> list[str]:
        """The new extremum and its count, where the group has not lost it."""
        value, count = identifier(names[extremum.value]), identifier(names[extremum.count])
        ahead = self.ahead(extremum, names)
        same = f"d.{value} {equality(extremum.value.type)} t.{value}"
        return [
            f"{value} = CASE WHEN {ahead} THEN d.{value} ELSE t.{value} END",
            f"{count} = CASE WHEN {ahead} THEN d.{count} WHEN {same} THEN t.{count} + d.{count} ELSE t.{count} END",
        ]

    def ahead(self, extremum: Extremum, names: dict[Col, str]) -> str:
        value, kind = identifier(names[extremum.value]), extremum.value.type
        op = "<" if extremum.best == "min" else ">"
        op = op if kind.schema == "pg_catalog" else f"OPERATOR({identifier(kind.schema)}.{op})"
        return f"d.{value} {op} t.{value} OR (t.{value} IS NULL AND d.{value} IS NOT NULL)"

    # Groups read again

    def lost(self, groups: Carried, fold: Fold) -> Carried | None:
        """Keys of groups whose fold would not be exact."""
        tests = self.losses(fold)
        if not tests:
            return None
        lost = self.group_table("lost", self.storage.key)
        program, storage = self.program, self.storage
        keys = [f"d.{name}" for name in storage.printed(storage.key)]
        program.comment("Groups that lost an extremum, or hold a sum that is not finite")
        program.run(
            f"INSERT INTO pg_temp.{identifier(lost.name)}\n"
            f"{listing(keys, 'SELECT DISTINCT' if keys else 'SELECT')}\n"
            f"FROM (SELECT * FROM pg_temp.{identifier(groups.name)} LIMIT {program.queries.counts[groups]}) d\n"
            f"LEFT JOIN {storage.table} t ON {storage.matches('t', 'd')}\n"
            f"WHERE {f'{chr(10)}   OR '.join(tests)};",
            program.queries.counts[lost],
        )
        return lost

    def losses(self, fold: Fold) -> list[str]:
        tests = []
        names = self.storage.names
        for column, _ in fold.states:
            if column.type.name == "numeric":
                name = identifier(names[column])
                tests.append(f"coalesce(t.{name}, 0) + d.{name} IN ('NaN', 'Infinity', '-Infinity')")
        for extremum in fold.extrema:
            value, count = identifier(names[extremum.value]), identifier(names[extremum.count])
            same = f"d.{value} {equality(extremum.value.type)} t.{value}"
            gone = f"t.{count} + d.{count} <= 0"
            if self.storage.catalog.equality(extremum.value.type) != "identity":
                gone = f"({gone} OR ROW(d.{value})::record *<> ROW(t.{value})::record)"
            tests.append(f"{same} AND {gone}")
            tests.append(f"d.{count} < 0 AND ({self.ahead(extremum, names)})")
        return tests

    def read_again(self) -> None:
        """Aggregates that cannot be folded: the touched groups are aggregated anew."""
        program, op = self.program, self.stage.op
        assert op is not None
        delta = simplify(differentiate(op.input))
        rows = program.gathered(delta)
        touched = self.group_table("touched", self.storage.key)
        program.comment("Touched groups: those with a net change")
        wanted = columns(*op.keys, *expressions(op))
        seen = Project(rows, tuple((c, c) for c in rows.schema if c in wanted))
        program.emit(f"IF {program.queries.counts[rows]} > 0 THEN")
        program.depth += 1
        distinct = Aggregate(Net(seen), self.storage.key, ())
        program.run(self.insert(touched, distinct), program.queries.counts[touched])
        program.depth -= 1
        program.emit("END IF;", f"IF {program.queries.counts[touched]} > 0 THEN")
        program.depth += 1
        before = None if self.last else self.remember(touched)
        self.reread(touched, op)
        if before is not None:
            self.hand_on(before, touched)
        program.depth -= 1
        program.emit("END IF;")

    def reread(self, groups: Carried, op: Aggregate) -> None:
        """Aggregate the given groups anew; those with a NULL in the key are matched apart."""
        program, count = self.program, self.program.queries.counts[groups]
        nullable = [column for column in groups.schema if column.nullable]
        program.comment("Read the groups again")
        program.emit(f"IF {count} > 0 THEN")
        program.depth += 1
        present: tuple[Scalar, ...] = tuple(_is(column, "IS NOT NULL") for column in nullable)
        self.reread_where(Filter(groups, present) if present else groups, groups, op, null=False)
        if nullable:
            absent: Scalar = _is(nullable[0], "IS NULL")
            if len(nullable) > 1:
                absent = Logic("OR", tuple(_is(column, "IS NULL") for column in nullable))
            test = " OR ".join(f"k.{identifier(column.name)} IS NULL" for column in nullable)
            program.emit(f"IF EXISTS (SELECT FROM pg_temp.{identifier(groups.name)} k WHERE {test}) THEN")
            program.depth += 1
            self.reread_where(Filter(groups, (absent,)), groups, op, null=True)
            program.depth -= 1
            program.emit("END IF;")
        program.depth -= 1
        program.emit("END IF;")

    def reread_where(self, some: Rel, groups: Carried, op: Aggregate, *, null: bool) -> None:
        queries, names = self.program.queries, self.storage.names
        distinct = Aggregate(some, groups.schema, ())
        pairs = zip(groups.schema, self.storage.key, strict=True)
        on = tuple(_same(k, c) if null and k.nullable else equals(k, c) for k, c in pairs)
        again = stored_form(self.stage, Join(distinct, op.input, on) if op.keys else op.input)
        printed, key = self.storage.printed(self.storage.columns), self.storage.printed(self.storage.key)
        rest = [name for name in printed if name not in key]
        queries.fresh_statement()
        found: list[tuple[str, Scalar]] = [(names[c], c) for c in self.storage.columns]
        inner = queries.select(again, [*found, (FOUND, TRUE)])
        if not key:
            matched = f"WHEN MATCHED THEN UPDATE SET {assignments(printed)}"
            self.merge(inner, [matched, f"WHEN NOT MATCHED THEN {insertion(printed)}"], None)
            return
        queries.fresh_statement()
        keys = queries.select(distinct, [(names[c], k) for c, k in zip(self.storage.key, groups.schema, strict=True)])
        items = [*(f"k.{name}" for name in key), *(f"x.{name}" for name in rest), f"x.{FOUND}"]
        source = (
            f"{listing(items, 'SELECT')}\nFROM (\n{indent(keys)}\n) k\n"
            f"LEFT JOIN (\n{indent(inner)}\n) x ON {self.storage.matches('x', 'k')}"
        )
        when = [f"WHEN MATCHED AND d.{FOUND} IS NULL THEN DELETE"]
        if rest:
            rows = [f"ROW({', '.join(f'{alias}.{n}' for n in rest)})::record" for alias in "td"]
            when.append(f"WHEN MATCHED AND {rows[0]} *<> {rows[1]} THEN UPDATE SET {assignments(rest)}")
        when.append(f"WHEN NOT MATCHED AND d.{FOUND} THEN {insertion(printed)}")
        self.merge(source, when, None)

    # What the stage hands on

    def remember(self, groups: Carried) -> Carried:
        """The rows of the touched groups as they were."""
        old = self.row_table("old")
        self.program.comment("The old rows of the touched groups")
        self.program.run(self.rows_into(old, groups, -1), self.program.queries.counts[old])
        return old

    def row_table(self, suffix: str) -> Carried:
        program = self.program
        names = positional(tuple(self.storage.outputs))
        name = program.temp(suffix, [*((n, c.type.sql) for c, n in names.items()), (WEIGHT, "bigint")])
        table = Carried(name, tuple(names))
        program.queries.counts[table] = program.variable(suffix)
        return table

    def rows_into(self, table: Carried, groups: Carried, weight: int) -> str:
        """INSERT of what the stage now shows of some groups."""
        outputs = self.storage.outputs
        items = [f"{self.shown(scalar)} AS {identifier(n)}"
                 for (_, scalar), n in zip(outputs.items(), positional(tuple(outputs)).values(), strict=True)]  # fmt: skip
        keys = self.storage.printed(self.storage.key)
        some = f"SELECT DISTINCT {', '.join(keys)}" if keys else "SELECT DISTINCT 1"
        count = self.program.queries.counts[groups]
        return (
            f"INSERT INTO pg_temp.{identifier(table.name)}\n{listing([*items, str(weight)], 'SELECT')}\n"
            f"FROM ({some} FROM pg_temp.{identifier(groups.name)} LIMIT {count}) k\n"
            f"JOIN {self.storage.table} t ON {self.storage.matches('t', 'k')};"
        )

    def shown(self, scalar: Scalar) -> str:
        from ivmc.emit.text import text

        return text(scalar, lambda column: f"t.{identifier(self.storage.names[column])}")

    def hand_on(self, old: Carried, groups: Carried) -> None:
        """Old and new rows, netted: what later stages see as this stage's changes."""
        program = self.program
        program.comment("What changed in the touched groups: old rows out, new rows in")
        program.run(self.rows_into(old, groups, 1), program.queries.counts[old])
        name = program.queries.changes[self.stage.name]
        names = positional(tuple(self.storage.outputs))
        program.temporary[name] = ", ".join(
            f"{identifier(n)} {k}" for n, k in [*((n, c.type.sql) for c, n in names.items()), (WEIGHT, "bigint")]
        )
        program.queries.fresh_statement()
        select = program.queries.select(Net(old), [(n, c) for c, n in names.items()], weight=WEIGHT)
        program.emit(f"INSERT INTO pg_temp.{identifier(name)}\n{select};")

    # MERGE

    def merge(self, source: str, when: Sequence[str], guard: str | None) -> None:
        program = self.program
        if guard is not None:
            program.emit(f"IF {guard} > 0 THEN")
            program.depth += 1
        on = self.storage.matches("t", "d")
        lines = [f"MERGE INTO {self.storage.table} t USING (", indent(source), f") d ON {on}", *when]
        statement = "\n".join(lines) + ";"
        if self.last:
            program.run(statement, CHANGED)
        else:
            program.emit(statement)
        if guard is not None:
            program.depth -= 1
            program.emit("END IF;")


def assignments(names: Sequence[str]) -> str:
    return ", ".join(f"{name} = d.{name}" for name in names)


def insertion(names: Sequence[str]) -> str:
    values = ", ".join(f"d.{name}" for name in names)
    return f"INSERT ({', '.join(names)}) VALUES ({values})"


def _is(column: Col, words: str) -> Scalar:
    return Expression(words.lower(), ("", f" {words}"), (column,), BOOLEAN, False, IS, (ATOM,), False)


def _same(left: Scalar, right: Scalar) -> Scalar:
    template = ("", " IS NOT DISTINCT FROM ", "")
    return Expression("distinct", template, (left, right), BOOLEAN, False, IS, (ATOM, ATOM), False)
