# cython: binding=False, embedsignature=True
"""Looking up in whichever resolver was published last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

from vpcroute.fib.resolver import each

if cython.compiled:
    from cython.cimports.vpcroute.fib.resolver import Resolver
else:
    from vpcroute.fib.resolver import Resolver

if TYPE_CHECKING:
    from vpcroute.egress import Egress
    from vpcroute.errors import RouteError
    from vpcroute.fib.resolution import Resolution

__all__ = ["Newest"]

_Text = str


@cython.cclass
class Newest:
    """The look-ups of a :class:`Resolver`, each in the newest one.

    To publish is to assign one reference. A look-up takes that reference when it begins, and keeps the resolver alive
    until it ends: so it sees one generation, whole, and nobody waits for anybody.
    """

    def __cinit__(self, first, *more, **named):
        self._put(first)

    def __init__(self, first: object) -> None:
        self._put(first)

    def _put(self, resolver: object) -> None:
        """Makes a resolver the one that answers from now on."""
        if not isinstance(resolver, Resolver):
            raise TypeError(f"a Resolver is published, not {type(resolver).__name__}")
        self._now = resolver

    @property
    def newest(self) -> Resolver:
        """The resolver that was published last; it stays as it is."""
        return self._now

    @property
    def generation(self) -> int:
        """The generation of the newest resolver."""
        return self._now.generation

    # Each holds the resolver while it asks it.

    def resolve(self, address: object, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where an address goes; see :meth:`Resolver.resolve`."""
        now: Resolver = self._now
        return now._resolve(address, answers)

    def resolve_fetch(self, url: _Text, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where ``fetch(url)`` goes; see :meth:`Resolver.resolve_fetch`."""
        now: Resolver = self._now
        return now._resolve_fetch(url, answers)

    def resolve_connect(
        self,
        address: _Text | Mapping[str, object],
        *,
        secure_transport: _Text = "off",
        answers: Iterable[object] | None = None,
    ) -> Resolution:
        """Where ``connect(address)`` goes; see :meth:`Resolver.resolve_connect`."""
        now: Resolver = self._now
        return now._resolve_connect(address, secure_transport, answers)

    def lookup(
        self,
        address: Any,
        version: Literal[4, 6] | None = None,
        *,
        answers: Iterable[object] | None = None,
    ) -> Egress:
        """The egress of a bare address or name; see :meth:`Resolver.lookup`."""
        now: Resolver = self._now
        return now._lookup(address, version, answers)

    def resolve_many(self, addresses: Iterable[object]) -> Iterator[Resolution | RouteError | TypeError]:
        """The resolution of each address, or the error in its place, in order, each by the newest resolver.

        For all of them by one, ask what :attr:`newest` is.
        """
        return each(self.resolve, addresses)
