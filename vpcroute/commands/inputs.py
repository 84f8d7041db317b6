"""What the shared options stand for: the network that is loaded, and the vantage."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import TypeVar

from vpcroute.commands.complaints import advise, complain
from vpcroute.commands.status import Status
from vpcroute.errors import InvalidDocument, printable
from vpcroute.fields import IPAddress
from vpcroute.output.terminal import progress_bar
from vpcroute.sources.document import load as load_document
from vpcroute.sources.hosts import load_hosts
from vpcroute.sources.wrangler import find_binding
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["load", "load_or_raise", "network_file", "read", "vantage_of"]

_T = TypeVar("_T")


def read(source: str, reader: Callable[[], _T]) -> _T:
    """What `reader` returns; where it finds problems in `source`, they are printed, and that is the end."""
    try:
        return reader()
    except InvalidDocument as error:
        if len(error.problems) > 1:
            complain(f"{len(error.problems)} errors", source=source)
        for path, text in error.problems:
            complain(text if path in ("", printable(source)) else f"{path}: {text}", source=source)
        advise(error.hint)
        raise SystemExit(Status.UNUSABLE) from None


def load(args: argparse.Namespace, file: str) -> RouteTable:
    """A network with the addresses of names that are given; where it has errors, they are printed, and that is the end.

    Args:
        args: with what :func:`vpcroute.commands.options.add_reading` adds.
        file: the network document.
    """
    return read(file, lambda: load_or_raise(args, file))


def load_or_raise(args: argparse.Namespace, file: str, paths: dict[object, str] | None = None) -> RouteTable:
    """The same, but raises :exc:`InvalidDocument` for errors of the document; `paths` is for its reader."""
    answers = _answers(args)
    with progress_bar(os.path.basename(file)) as progress:
        table = load_document(
            file, lenient=args.lenient, stored_wildcards=args.stored_wildcards, progress=progress, paths=paths
        )
    with table.transaction():
        for name, addresses in answers.items():
            table.set_hosts(name, addresses)
    return table


def network_file(args: argparse.Namespace) -> str:
    """The network document of a command that takes it behind ``--network`` or not."""
    files = [*args.operands, *([] if args.network is None else [args.network])]
    if len(files) != 1:
        args.parser.error("a network document is required" if not files else "one network document at a time")
    file: str = files[0]
    return file


def vantage_of(args: argparse.Namespace) -> Vantage:
    """The vantage, with what :func:`vpcroute.commands.options.add_vantage` adds."""
    ids = {"network_id": args.binding, "tunnel_id": args.tunnel, "service_id": args.service}
    if args.wrangler is not None:
        file = args.wrangler.rpartition(":")[0] or args.wrangler
        binding = read(file, lambda: find_binding(args.wrangler, args.env))
        ids = {name: getattr(binding, name) for name in ids}
        for remark in binding.remarks:
            complain(remark, source=args.wrangler)
    elif args.env is not None:
        args.parser.error("argument --env: goes with --wrangler")
    return Vantage(**ids, virtual_network=args.vnet, region=args.region, colo=args.colo, routing_mode=args.mode)


def _answers(args: argparse.Namespace) -> dict[str, tuple[IPAddress, ...]]:
    """The addresses of names: of a name that is given with --answer those, else those of the hosts file."""
    hosts = {} if args.hosts is None else read(args.hosts, lambda: load_hosts(args.hosts))
    given: dict[str, tuple[IPAddress, ...]] = {}
    for name, addresses in args.answer:
        given[name] = (*given.get(name, ()), *addresses)
    return {**hosts, **given}
