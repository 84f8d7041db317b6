# cython: binding=False, embedsignature=True
# (Methods as plain as those of built-in types: a call of one costs 8 ns less, of 28.)
"""The compiled form of a route table for one vantage.

The egress of an address comes from its route class, and the outcome of each class is decided when the resolver is made.
Everything else about an answer (route, alternates, remarks) is decided again, from frozen announcements, when it is
asked for; the tests hold the two together.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

from vpcroute.address import read_any, read_bare, read_connect, read_fetch
from vpcroute.egress import Egress, Gateway
from vpcroute.errors import RouteError
from vpcroute.fib.hostnames import NUMBER_BITS
from vpcroute.fib.names import NONE
from vpcroute.fib.resolution import at_service, by_answers, error_of, refuse_impossible_name
from vpcroute.outcomes import Refusal, maybe_stored, needs_dns

if cython.compiled:
    from cython.cimports.cpython.unicode import PyUnicode_1BYTE_DATA
    from cython.cimports.vpcroute.fib.reader import (
        read_bare_canonical,
        read_canonical,
        read_ipv4,
    )
    from cython.cimports.vpcroute.fib.resolution import Resolution, blank, host_of, number_of, refused
else:
    from vpcroute.fib.reader import read_bare_canonical, read_canonical, read_ipv4
    from vpcroute.fib.resolution import Resolution, blank, host_of, number_of, refused

if TYPE_CHECKING:
    from os import PathLike

    from vpcroute.analysis.expectations import Expectation, Failure
    from vpcroute.analysis.explanation import Explanation
    from vpcroute.sources.following import FollowingResolver

__all__ = ["Resolver", "each"]

# A str; Cython would hold a plain annotation to its word, with a message of its own.
_Text = str

_ALL = 0xFFFFFFFFFFFFFFFF
_WIDTHS = {4: 4, 6: 16}
_INT32 = ("i", "=i", "@i", "B")  # signed 32-bit integers, or octets to hold them
_NONE = NONE
_NUMBER_BITS = NUMBER_BITS
_BY_GATEWAY = Gateway(needs_dns=True)
_EXACTLY = -0x80000000  # the outcome of what only the exact way decides


@cython.final
@cython.cclass
class Resolver:
    """Answers for one vantage and one generation of a table; immutable, and safe to share between threads.

    It is made by :meth:`RouteTable.compile`. Every call gives the answer, or raises the error, that the table itself
    gives.

    Args:
        tables: the tries, names and frozen announcements, of type Tables; from a file, SavedTables.
        decided: the outcome of every route class, of type Decided.
        view: what the rules need to know of the question; None from a file, and where they have no say.
        hosts: the known addresses of names.
        everything: the one Decision for all destinations of a tunnel or service binding, or the Refusal of a vantage
            that there is no more; None for the whole network.
        service: the VpcService of a service binding.

    Attributes:
        vantage: the vantage that it was compiled for.
        generation: the generation of the table that it was compiled from.
        egresses: the egress paths that :meth:`lookup_many` numbers.
        refusals: the refusals that it numbers.
    """

    # In __cinit__, so that none is made without, by __new__() alone, and that none is made anew while it is asked.
    def __cinit__(self, vantage, generation, tables, decided, *, view=None, hosts=None, everything=None, service=None):
        self._begin(vantage, generation, tables, decided, view, hosts, everything, service)

    def __init__(
        self,
        vantage: Any,
        generation: Any,
        tables: Any,
        decided: Any,
        *,
        view: Any = None,
        hosts: Any = None,
        everything: Any = None,
        service: Any = None,
    ) -> None:
        if not cython.compiled:
            self._begin(vantage, generation, tables, decided, view, hosts, everything, service)

    def _begin(self, vantage, generation, tables, decided, view, hosts, everything, service):
        self.vantage = vantage
        self.generation = generation
        self._tables = tables
        self._view = view
        self._hosts = hosts or {}
        self._names = tables.names.index_asking(self._hosts)
        self._via_of = tables.names.numbers.vias
        self._has_globs = bool(tables.names.globs)
        self._everything = everything
        self._service = service
        self._trie4 = tables.v4.trie
        self._trie6 = tables.v6.trie
        self._decided = decided
        self.egresses = decided.egresses
        self.refusals = decided.errors
        self._said = decided.said
        outcomes = decided.numbers
        if cython.compiled:
            self._outcomes = cython.cast("const int *", cython.cast(cython.size_t, outcomes.buffer_info()[0]))
        else:
            self._outcomes = outcomes

    def resolve(self, address: object, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where an address goes: a fetch URL, a connect address, ``(host, port)``, or an address object.

        Args:
            address: text with a scheme and ``://`` is read as fetch() reads it, all other text as connect() does.
            answers: the addresses of the name, in order, where they are known; None takes the table's ``hosts``.

        Raises:
            RouteError: for a destination that nothing may be sent to, or that no way leads to.
            InvalidAddress: for what cannot be read, or would be read in two ways.
            TypeError: for another type.
        """
        return self._resolve(address, answers)

    def resolve_fetch(self, url: _Text, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where ``fetch(url)`` goes; arguments and errors as for :meth:`resolve`."""
        return self._resolve_fetch(url, answers)

    def resolve_connect(
        self,
        address: _Text | Mapping[str, object],
        *,
        secure_transport: _Text = "off",
        answers: Iterable[object] | None = None,
    ) -> Resolution:
        """Where ``connect(address)`` goes; arguments and errors as for :meth:`resolve`.

        `address` may also be a mapping with ``hostname`` and ``port``. `secure_transport` is to be ``"off"``.
        """
        return self._resolve_connect(address, secure_transport, answers)

    def lookup(
        self,
        address: Any,
        version: Literal[4, 6] | None = None,
        *,
        answers: Iterable[object] | None = None,
    ) -> Egress:
        """The egress of a bare address or name: text, packed bytes, a number with `version`, or an address object.

        Raises:
            RouteError: for a destination that nothing may be sent to, or that no way leads to.
            InvalidAddress: for what cannot be read.
            TypeError: for another type.
        """
        return self._lookup(address, version, answers)

    def lookup_many(self, addresses: Any, version: Literal[4, 6], out: Any = None) -> Any:
        """The egress of each of many packed addresses; the interpreter lock is released.

        Args:
            addresses: a buffer of 4 or 16 bytes for each address, in network order.
            version: 4 or 6.
            out: a writable buffer of 32-bit integers, one for each address, which may be in the memory of `addresses`;
                None makes an array.

        Returns:
            `out`: ``i >= 0`` is ``egresses[i]``, ``i < 0`` is ``refusals[~i]``.

        Raises:
            ValueError: for a buffer of the wrong length or shape; then nothing is written.
        """
        if version not in _WIDTHS:
            raise ValueError(f"version must be 4 or 6, not {version!r}")
        width = _WIDTHS[version]
        packed = _bytes_of(addresses, "addresses")
        count, rest = divmod(len(packed), width)
        if rest:
            raise ValueError(f"a buffer of IPv{version} addresses has a multiple of {width} bytes, not {len(packed)}")
        if out is None:
            out = array("i", bytes(4 * count))
        into = _bytes_of(out, "out")
        if memoryview(out).format not in _INT32:
            raise ValueError("out must be a buffer of signed 32-bit integers (format 'i')")
        if into.readonly or len(into) != 4 * count:
            raise ValueError(f"out must be writable and have {4 * count} bytes")
        if count:
            self._many(packed, into, count, version)
        return out

    def resolve_many(self, addresses: Iterable[object]) -> Iterator[Resolution | RouteError | TypeError]:
        """The resolution of each address, or the error in its place, in order; TypeError for a single text."""
        return each(self.resolve, addresses)

    def explain(self, address: object, *, answers: Iterable[object] | None = None) -> Explanation:
        """Why an address goes where it goes, by what is carried of the table; arguments as for :meth:`resolve`.

        See :func:`vpcroute.analysis.explain.explain_compiled` for what only the table itself can say.
        """
        from vpcroute.analysis.explain import explain_compiled

        return explain_compiled(self, address, answers)

    def check(self, expectation: Expectation) -> Failure | None:
        """Whether an expectation holds for every address or name that it is about: None if it does, else where not.

        See :func:`vpcroute.analysis.expectations.check`.
        """
        from vpcroute.analysis.expectations import check

        return check(self, expectation)

    def save(self, path: _Text | PathLike[_Text], *, generation: bool = False) -> None:
        """Writes it to a file, without the routes; see :func:`vpcroute.sources.images.save`."""
        from vpcroute.sources.images import save

        save(self, path, generation=generation)

    @staticmethod
    def open(path: _Text | PathLike[_Text], *, trusted: bool = False, mmap: bool = True) -> Resolver:
        """A resolver from a file that :meth:`save` wrote; see :func:`vpcroute.sources.images.open_image`."""
        from vpcroute.sources.images import open_image

        return open_image(path, trusted=trusted, mmap=mmap)

    @staticmethod
    def follow(path: _Text | PathLike[_Text], **options: Any) -> FollowingResolver:
        """A resolver from a file, and from each that replaces it; see :func:`vpcroute.sources.following.follow`."""
        from vpcroute.sources.following import follow

        return follow(path, **options)

    def nbytes(self) -> int:
        """How much memory it takes, in bytes; vantages of one table and virtual network share nearly all of it."""
        return int(self._tables.nbytes())

    def __reduce__(self):
        return _restore, (self.vantage, self.generation, self.parts())

    def __repr__(self) -> str:
        asked = self.vantage
        return f"<Resolver for {asked.network_id or asked.tunnel_id or asked.service_id}, generation {self.generation}>"

    # What the methods above do, for LiveResolver too: a call within C.

    def _resolve(self, address, answers):
        if type(address) is str:
            found: Resolution = blank()
            if read_canonical(found, address) and self._settles(found, address, answers):
                if found._number >= 0:
                    return found
                raise refused(self._said[~found._number], found)
        return self._exactly(read_any(address), answers, address)

    def _resolve_fetch(self, url, answers):
        if type(url) is str:
            found: Resolution = blank()
            if read_canonical(found, url) and found._scheme != 0 and self._settles(found, url, answers):
                if found._number >= 0:
                    return found
                raise refused(self._said[~found._number], found)
        return self._exactly(read_fetch(url), answers, url)

    def _resolve_connect(self, address, secure_transport, answers):
        if type(address) is str and secure_transport == "off":
            found: Resolution = blank()
            if read_canonical(found, address) and found._scheme == 0 and self._settles(found, address, answers):
                if found._number >= 0:
                    return found
                raise refused(self._said[~found._number], found)
        return self._exactly(read_connect(address, secure_transport=secure_transport), answers, address)

    def _lookup(self, address, version, answers):
        if type(address) is str and version is None:
            number: cython.longlong = read_ipv4(address)
            if number >= 0:
                outcome: cython.int = self._outcome4(number)
                if outcome >= 0:
                    return self.egresses[outcome]
            found: Resolution = blank()
            if read_bare_canonical(found, address) and self._settles(found, address, answers):
                if found._number >= 0:
                    return self._egress_of(found)
                raise refused(self._said[~found._number], found)
        target = read_bare(address, version)
        if self._service is not None:
            return self._everything.egress
        if target.version and self._everything is None:
            whole = target.number
            outcome = self._outcome4(whole) if target.version == 4 else self._outcome6(whole >> 64, whole & _ALL)
            if outcome < 0:
                raise error_of(self._decided.refusals[~outcome], target.host, address)
            return self.egresses[outcome]
        return self._exactly(target, answers, address).egress

    def _outcome4(self, number):
        return self._outcomes[self._trie4.find4(number)]

    def _outcome6(self, high, low):
        return self._outcomes[self._trie6.find6(high, low)]

    def _settles(self, r, address, answers):
        """Decides a canonical text whose numbers have been read, but for what only the exact way can."""
        r._text = address
        r._resolver = self
        if r._version == 4:
            r._number = self._outcome4(r._low)
        elif r._version == 6:
            r._number = self._outcome6(r._high, r._low)
        else:
            r._number = self._outcome_of_name(r, answers)
        return r._number != _EXACTLY and self._service is None

    def _outcome_of_name(self, r, answers):
        """For a name: 0 for Gateway, the one outcome there is, or one more than its connector's place."""
        if self._everything is not None:
            return self._outcomes[0]
        if self._has_globs:
            return _EXACTLY
        if cython.compiled:
            number = self._names.find(PyUnicode_1BYTE_DATA(r._text), r._start, r._stop)
        else:
            number = self._names.find(r._text.encode("latin-1"), r._start, r._stop)
        if number >= 0:
            place = number >> _NUMBER_BITS
            return _EXACTLY if self._via_of[place] is None else 1 + place
        return 0 if number == _NONE and answers is None else _EXACTLY

    def _egress_of(self, r):
        """The egress of a resolution that :meth:`_settles` has decided."""
        if r._version or self._everything is not None:
            return self.egresses[r._number]
        return self._via_of[r._number - 1] if r._number else _BY_GATEWAY

    def _exactly(self, target, answers, address):
        """The resolution of a target that the exact readers have read, with everything about it."""
        host = target.host
        remarks: Any = ()
        if self._everything is not None:
            decision = self._everything
            if isinstance(decision, Refusal):
                pass  # for whatever it is
            elif self._service is not None:
                target, remarks = at_service(self._service, target, address)
            else:
                refuse_impossible_name(target, address)
        elif target.version:
            decision = self._decide(target)
        else:
            refuse_impossible_name(target, address)
            decision, stored = self._tables.decide_name(host, self._view)
            if decision is None:
                known = self._hosts.get(host) if answers is None else answers
                target, decision, remarks = by_answers(target, known, stored, self._decide, address)
        if isinstance(decision, Refusal):
            raise error_of(decision, host, address)
        return Resolution(host, target, decision, remarks, generation=self.generation)

    def _decide(self, target):
        return self._tables.decide(target.version, target.number, self._view)

    def _decision_again(self, resolution):
        """The whole decision for a resolution of which only the egress is known."""
        if self._everything is not None:
            return self._everything
        if resolution._version:
            return self._tables.decide(resolution._version, number_of(resolution), self._view)
        decision, stored = self._tables.decide_name(host_of(resolution), self._view)
        return maybe_stored(needs_dns(), stored) if decision is None else decision

    def parts(self):
        """What it is made of, beside vantage and generation, by the names of its arguments."""
        return {
            "tables": self._tables,
            "decided": self._decided,
            "view": self._view,
            "hosts": dict(self._hosts),
            "everything": self._everything,
            "service": self._service,
        }

    def _many(self, packed, into, count, version):
        if cython.compiled:
            source: cython.const_uchar[::1] = packed
            sink: cython.uchar[::1] = into
            start = cython.address(source[0])
            first = cython.address(sink[0])
            if first < start + source.shape[0] and start < first + sink.shape[0]:
                source = bytes(packed)  # else what is written would be read as addresses
                start = cython.address(source[0])
            out = cython.cast("int *", first)
        else:
            start, out = bytes(packed), into.cast("i")
        with cython.nogil:
            if version == 4:
                self._trie4.find4_many(start, out, self._outcomes, count)
            else:
                self._trie6.find6_many(start, out, self._outcomes, count, self._trie4)


def each(resolve, addresses):
    """What `resolve` says of each address, or the error in its place."""
    if isinstance(addresses, (str, bytes, Mapping)):
        raise TypeError(f"addresses must be an iterable of addresses, not {type(addresses).__name__}")
    return _each(resolve, addresses)


def _each(resolve, addresses):
    for address in addresses:
        try:
            yield resolve(address)
        except (RouteError, TypeError) as error:
            yield error


def _restore(vantage, generation, parts):
    return Resolver(vantage, generation, **parts)


def _bytes_of(buffer, name):
    try:
        return memoryview(buffer).cast("B")
    except TypeError as error:
        raise ValueError(f"{name} must be a contiguous buffer: {error}") from None
