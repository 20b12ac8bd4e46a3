"""Where the predicates and matches of a block go: to the lowest place where they can be evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ivmc.ir import Match, Rel
from ivmc.predicate import conjuncts, relaxed
from ivmc.scalar import Col, Scalar, columns, is_fallible


class Homes:
    """Which leaf each column, and so each expression, belongs to; a mark is at home with its match.

    A match is at home with the leaf that it reads, unless another leaf is filtered: then it sees the
    fewer rows above the join.
    """

    def __init__(
        self, leaves: Sequence[Rel], matches: Sequence[Match], predicates: Sequence[Scalar] = ()
    ) -> None:
        self.count = len(leaves)
        self.owner: dict[Col, int | None] = {c: i for i, leaf in enumerate(leaves) for c in leaf.schema}
        self.home: dict[Match, int | None] = {}
        places = [{self.owner.get(column) for column in columns(predicate)} for predicate in predicates]
        filtered = {place.pop() for place in places if len(place) == 1}
        for match in matches:
            homes = {self.owner[column] for column in columns(*match.on) if column in self.owner}
            self.home[match] = homes.pop() if len(homes) == 1 and filtered <= homes | {None} else None
            if match.mark is not None:
                self.owner[match.mark] = self.home[match]

    def of(self, match: Match) -> int | None:
        """The leaf that a match reads; None where it needs more than one."""
        return self.home[match]

    def reads(self, predicate: Scalar) -> list[int | None]:
        """The leaves that a predicate reads; None among them for what is known above the joins."""
        found = {self.owner[column] for column in columns(predicate)}
        return [i for i in (*range(self.count), None) if i in found]

    def own(self, i: int) -> frozenset[Col]:
        return frozenset(column for column, home in self.owner.items() if home == i)

    def placed(
        self, predicates: Iterable[Scalar]
    ) -> tuple[dict[int, list[Scalar]], list[Scalar], list[Scalar]]:
        """Predicates on one leaf, on several, and those that must wait for whole rows.

        A predicate that can raise an error is evaluated last, over rows that the query itself saw;
        the parts of it that cannot are used to join.
        """
        local: dict[int, list[Scalar]] = {i: [] for i in range(self.count)}
        across: list[Scalar] = []
        last: list[Scalar] = []
        for predicate in dict.fromkeys(predicates):
            homes = self.reads(predicate)
            present = [i for i in homes if i is not None]
            if len(homes) == 1 and present:
                local[present[0]].append(predicate)
                continue
            for i in present:
                local[i] += _implied(predicate, self.own(i))
            if is_fallible(predicate) or not homes or None in homes:
                last.append(predicate)
                sound = relaxed(
                    predicate, lambda part: not is_fallible(part) and None not in self.reads(part)
                )
                across += [part for part in conjuncts(sound) if len(self.reads(part)) > 1]
            else:
                across.append(predicate)
        return local, across, last


def _implied(predicate: Scalar, own: frozenset[Col]) -> tuple[Scalar, ...]:
    """What an OR over several tables says of one: `(a.x = 1 AND b.y = 2) OR (a.x = 3 AND …)`."""
    return conjuncts(relaxed(predicate, lambda part: columns(part) <= own and not is_fallible(part)))
