"""The rules that a request leaves possible, found by the values of its fields and not rule by rule.

Each way in which a rule may match (:mod:`vpcroute.policies.guards`) is a row, and a set of rows is the bits of one
number. For each field there is a table from values to the rows whose demand they meet; the rows that no field rules out
are those that all tables leave. So the cost of a look-up is that of a few look-ups in dictionaries for each field, and
of operations on numbers of as many bits as there are rows, whatever the number of values.

Tables take memory linear in the rules. The largest sets, the account's long lists, are not put into them: they are
looked up in themselves, the more so as most rules share them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from vpcroute.policies.conditions import ABSENT, Maybe, OneOf, Open, may_be
from vpcroute.policies.guards import Demand, Way
from vpcroute.policies.patterns import compile_patterns, literal
from vpcroute.policies.predicates import Among, Found, Single, is_within, same_family, url_keys
from vpcroute.policies.selectors import SELECTORS
from vpcroute.policies.views import View

__all__ = ["Index", "Slot", "bits_of", "blocks_of", "ones"]

#: Sets of at least so many values are looked up in themselves; of them the largest, so many for a field.
_LARGE: Final = 256
_MOST_LARGE: Final = 8
#: Up to so many rows, a set of them is kept as bits however few there are in it.
_FEW_ROWS: Final = 2048
_ALL: Final = -1
_SINGLE: Final = frozenset({bytes, int, bool})
_FEW_ONES: Final = 8

#: The bits of rows, or their numbers where there are few.
_Rows = int | tuple[int, ...]


def ones(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, the lowest first."""
    if bits.bit_count() <= _FEW_ONES:
        while bits:
            low = bits & -bits
            yield low.bit_length() - 1
            bits ^= low
        return
    text = f"{bits:b}"[::-1]
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)


def bits_of(rows: Iterable[int]) -> int:
    """The set of rows as one number."""
    rows = list(rows)
    octets = bytearray(max(rows, default=0) // 8 + 1)
    for row in rows:
        octets[row >> 3] |= 1 << (row & 7)
    return int.from_bytes(octets, "little")


def _kept(rows: Sequence[int], count: int) -> _Rows:
    """Rows, of so many that there are, in the smaller form."""
    return tuple(rows) if count > _FEW_ROWS and len(rows) * 64 < count else bits_of(rows)


def _joined(several: Iterable[_Rows]) -> int:
    """The rows of several sets of them."""
    bits = 0
    for rows in several:
        if isinstance(rows, int):
            bits |= rows
        else:
            for row in rows:
                bits |= 1 << row
    return bits


#: A set of values with the rows that it stands in.
_Rowed = tuple[Among, list[int]]


class _Values:
    """From values to the rows whose sets have one of them."""

    def __init__(self, sets: Sequence[_Rowed], field: str, count: int) -> None:
        type_ = SELECTORS[field].type
        self._is_url, self._is_address = type_ == "url", type_ == "ip"
        by_size = sorted(sets, key=lambda one: -one[0].size)
        large = [one for one in by_size[:_MOST_LARGE] if one[0].size >= _LARGE]
        self._large = [(one.values, one.lows, one.highs, bits_of(rows)) for one, rows in large]
        singles: dict[Any, Any] = {}
        ranges: dict[int, dict[Any, Any]] = {}
        small = by_size[len(large) :]
        for number, (one, _) in enumerate(small):
            for value in one.values:
                _put(singles, value, number)
            for low, high in zip(one.lows, one.highs, strict=True):
                ends = (_aligned(low), _aligned(high)) if self._is_address else (low, high)
                for shift, prefix in blocks_of(*ends):
                    _put(ranges.setdefault(shift, {}), prefix, number)
        kept = [_kept(rows, count) for _, rows in small]
        self._singles = _shared(singles, kept, count)
        self._ranges = [(shift, _shared(found, kept, count)) for shift, found in sorted(ranges.items())]

    @property
    def cost(self) -> float:
        """What a look-up takes, beside one in a dictionary."""
        return bool(self._singles) + len(self._ranges) + len(self._large) / 2

    def rows_of_one(self, value: Any, among: int) -> int:
        """As :meth:`rows`, of one value."""
        if self._is_url:
            return self.rows((value,), among)
        rows = self._singles.get(value, 0)
        found = rows if isinstance(rows, int) else _joined(rows)
        if self._ranges:
            aligned = _aligned(value) if self._is_address else value
            for shift, prefixes in self._ranges:
                rows = prefixes.get(aligned >> shift, 0)
                found |= rows if isinstance(rows, int) else _joined(rows)
        for members, lows, highs, bits in self._large:
            if bits & among and (value in members or (lows and is_within((value,), lows, highs))):
                found |= bits
        return found

    def rows(self, values: Sequence[Any], among: int) -> int:
        """The rows whose sets have one of the values; of long sets, at least those of `among`."""
        if self._is_url:
            values = [key for value in values for key in url_keys(value)]
        found = 0
        singles = self._singles
        if singles:
            for value in values:
                rows = singles.get(value, 0)
                found |= rows if isinstance(rows, int) else _joined(rows)
        if self._ranges:
            for value in map(_aligned, values) if self._is_address else values:
                for shift, prefixes in self._ranges:
                    rows = prefixes.get(value >> shift, 0)
                    found |= rows if isinstance(rows, int) else _joined(rows)
        for members, lows, highs, bits in self._large:
            if bits & among and (not members.isdisjoint(values) or (lows and is_within(values, lows, highs))):
                found |= bits
        return found


def _put(table: dict[Any, Any], key: Any, number: int) -> None:
    """A number more under a key: by itself if it is the first."""
    known = table.get(key)
    if known is None:
        table[key] = number
    elif type(known) is list:
        known.append(number)
    else:
        table[key] = [known, number]


def _shared(table: dict[Any, Any], kept: Sequence[_Rows], count: int) -> Mapping[Any, int | tuple[_Rows, ...]]:
    """The rows of the sets under each key; for the same sets they are one object."""
    known: dict[tuple[int, ...], int | tuple[_Rows, ...]] = {}
    for key, numbers in table.items():
        several = (numbers,) if type(numbers) is int else tuple(numbers)
        if several not in known:
            rows = tuple([kept[number] for number in several])
            known[several] = _joined(rows) if count <= _FEW_ROWS else rows
        table[key] = known[several]
    return table


def _aligned(address: int) -> int:
    """An address as a number in which each prefix, of either family, is all numbers with the same upper bits."""
    return address if same_family(address, 0) else address - (1 << 32) + (1 << 128)


def blocks_of(low: int, high: int) -> Iterator[tuple[int, int]]:
    """A range as blocks of two to the power of `shift` numbers: `shift`, and what is left of the numbers above it."""
    while low <= high:
        shift = (high - low + 1).bit_length() - 1
        if low:
            shift = min(shift, (low & -low).bit_length() - 1)
        yield shift, low >> shift
        low += 1 << shift


class Slot:
    """What the rows demand of one field.

    Attributes:
        field: the field.
        variant: which of the values that it has for different rules.
        demanding: the rows that demand anything of it.
    """

    def __init__(self, field: str, variant: int, demands: Sequence[tuple[int, bool, Demand]], everything: int) -> None:
        self.field: Final = field
        self.variant: Final = variant
        self.demanding: Final = bits_of(row for row, _, _ in demands)
        self._wanting = bits_of(row for row, wants, _ in demands if wants)
        self._absent = everything & ~self._wanting
        self._start = self._absent | bits_of(row for row, wants, demand in demands if wants and not demand)
        count = everything.bit_length()
        wanted, barred, patterns = _by_predicate(demands)
        self._wanted = _Values(wanted, field, count) if wanted else None
        self._barred = _Values(barred, field, count) if barred else None
        self._sets = [(one, _kept(rows, count)) for one, rows in wanted]
        self._patterns = [_kept(rows, count) for rows in patterns.values()]
        self._searching = bits_of(row for rows in patterns.values() for row in rows)
        self._find = compile_patterns([_pattern(one) for one in patterns]) if patterns else None
        self._texts: dict[Open, int] = {}
        self._last: tuple[OneOf, int] | None = None

    @property
    def rate(self) -> float:
        """How many rows it may rule out for what it takes to ask, about."""
        cost = 2.0 + sum(values.cost for values in (self._wanted, self._barred) if values is not None)
        cost += 3 * (self._find is not None) + 2 * (SELECTORS[self.field].shape != "one")
        cost += 100 * (SELECTORS[self.field].worker == "data")  # a provider may take long
        return self.demanding.bit_count() / cost

    def left(self, value: Any, among: int) -> int:
        """The rows of `among` that a value leaves possible, and others."""
        kind = type(value)
        if kind in _SINGLE:
            found = self._start
            if self._wanted is not None:
                found |= self._wanted.rows_of_one(value, among)
            if self._searching & among:
                found |= self._found((value,))
            return found if self._barred is None else found & ~self._barred.rows_of_one(value, among)
        if kind is OneOf:
            return self._met_by_one_of(value)
        found = self._met_by(value, among)
        if self._barred is not None and kind is tuple:
            there = [element for element in value if type(element) in _SINGLE]
            found &= ~self._barred.rows(there, among)
        return found  # of one of several values nothing is barred: each comparison is looked at by itself

    def _met_by(self, value: Any, among: int) -> int:
        """The rows whose wants a value may meet, and those that want nothing."""
        kind = type(value)
        if kind in _SINGLE:
            return self._met((value,), among)
        if value is ABSENT:
            return self._absent
        if kind is tuple:
            bare = [element.value if type(element) is Maybe else element for element in value]
            known = [element for element in bare if type(element) in _SINGLE]
            found = self._met(known, among)
            return found if len(known) == len(bare) else found | self._wanting
        if kind is OneOf:
            found = 0
            for one in value.values:
                found |= self._met_by(one, among)
            return found
        return self._met_by_text(value) if kind is Open else _ALL

    def _met(self, values: Sequence[Single], among: int) -> int:
        found = self._start
        if self._wanted is not None:
            found |= self._wanted.rows(values, among)
        if self._searching & among:
            found |= self._found(values)
        return found

    def _found(self, texts: Iterable[Any]) -> int:
        """The rows whose patterns are found in one of some texts."""
        found = 0
        for text in texts:
            numbers = None if self._find is None else self._find(text)
            if numbers is None:
                return self._searching
            for number in numbers:
                found |= _joined((self._patterns[number],))
        return found

    def _met_by_one_of(self, value: OneOf) -> int:
        """The same of one of several values: what a Worker's identity may be is asked with each request."""
        last = self._last
        if last is not None and last[0] is value:
            return last[1]
        found = self._met_by(value, _ALL)
        self._last = value, found
        return found

    def _met_by_text(self, text: Open) -> int:
        """The same of a text of which the beginning and the end are known: looked for once."""
        found = self._texts.get(text)
        if found is None:
            found = self._start | self._searching | _joined(rows for one, rows in self._sets if may_be(one, text))
            self._texts[text] = found
        return found


def _pattern(found: Found) -> bytes:
    return literal(found.pattern) if found.operator == "contains" else found.pattern


def _by_predicate(
    demands: Iterable[tuple[int, bool, Demand]],
) -> tuple[list[_Rowed], list[_Rowed], Mapping[Found, list[int]]]:
    """The sets that rows want, those of which they want nothing, and the patterns that they want.

    A list is one object wherever it stands, and too long to be compared.
    """
    wanted: dict[int, _Rowed] = {}
    barred: dict[int, _Rowed] = {}
    patterns: dict[Found, list[int]] = {}
    for row, wants, demand in demands:
        for one in demand:
            if isinstance(one, Found):
                patterns.setdefault(one, []).append(row)
            else:
                (wanted if wants else barred).setdefault(id(one), (one, []))[1].append(row)
    return list(wanted.values()), list(barred.values()), patterns


@attrs.frozen(eq=False)
class Index:
    """The rows of some rules.

    Attributes:
        slots: what they demand, field by field; those that rule out most for what they take come first.
        owners: the number of the rule that each row belongs to, in order.
    """

    slots: tuple[Slot, ...]
    owners: Sequence[int]

    @classmethod
    def of(cls, rules: Iterable[tuple[int, Iterable[Way], Callable[[str], int]]]) -> Index:
        """The index of rules in order: each with its number, its ways, and the variant that it sees of a field."""
        owners: list[int] = []
        demands: dict[tuple[str, int], list[tuple[int, bool, Demand]]] = {}
        for number, ways, variant_of in rules:
            for way in ways:
                for on, demand in way.items():
                    key = on.field, variant_of(on.field)
                    demands.setdefault(key, []).append((len(owners), on.wants, demand))
                owners.append(number)
        everything = (1 << len(owners)) - 1
        slots = [Slot(*key, found, everything) for key, found in demands.items()]
        slots.sort(key=lambda slot: -slot.rate)
        return cls(tuple(slots), owners)

    def left(self, rows: int, view: View) -> int:
        """Those of `rows` that no field of a request rules out."""
        if not rows & (rows - 1):
            return rows  # there is one at most, and its rule is asked as soon as another field
        most = view()
        for slot in self.slots:
            if rows & slot.demanding:
                situation = view(slot.variant) if slot.variant else most
                rows &= slot.left(situation.value(slot.field), rows)
                if not rows & (rows - 1):
                    break
        return rows

    def rules(self, rows: int) -> Iterator[int]:
        """The numbers of the rules that rows belong to, in order, each once."""
        last = -1
        for row in ones(rows):
            number = self.owners[row]
            if number != last:
                last = number
                yield number

    def rows_of(self, rules: Container[int]) -> int:
        """The rows of rules."""
        return bits_of(row for row, owner in enumerate(self.owners) if owner in rules)
