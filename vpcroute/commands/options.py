"""The options that commands share: the network document, addresses of names, the vantage, readers of addresses."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from vpcroute.errors import quoted
from vpcroute.fields import IPAddress, ascii_name, read_ip
from vpcroute.vantage import CF1_NETWORK, REGIONS, ROUTING_MODES

__all__ = ["VANTAGE_OPTIONS", "add_file", "add_network", "add_question", "add_reading", "add_vantage"]

#: The options of :func:`add_vantage`.
VANTAGE_OPTIONS: Final[Sequence[str]] = "binding tunnel service wrangler env vnet region colo mode".split()


def add_question(parser: argparse.ArgumentParser) -> None:
    """What is asked: addresses, of which document, from where, and how addresses are read."""
    parser.add_argument("operands", nargs="*", metavar="ADDR", help='an address; "-" is standard input')
    add_network(parser)
    add_vantage(parser)
    readers = parser.add_mutually_exclusive_group()
    parser.set_defaults(reader="any")
    for reader in ("fetch", "connect"):
        help = f"read every address as {reader}() does"
        readers.add_argument(f"--{reader}", action="store_const", dest="reader", const=reader, help=help)


def add_network(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """The network document, and how it is read."""
    parser.add_argument("--network", required=required, metavar="FILE", help="the network document")
    add_reading(parser)


def add_file(parser: argparse.ArgumentParser) -> None:
    """The network document, behind ``--network`` or not, and how it is read."""
    parser.add_argument("operands", nargs="*", metavar="FILE", help="the network document")
    add_network(parser, required=False)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How documents are read, and the addresses of names."""
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="take routes in reserved ranges and forbidden wildcards out of force instead of refusing the document",
    )
    parser.add_argument(
        "--stored-wildcards",
        action="store_true",
        help="hostname routes that do not say what they match: read them as the name and all one label below",
    )
    names = parser.add_argument_group("addresses of names", "in place of the document's hosts; repeats add up")
    names.add_argument(
        "--answer",
        action="append",
        default=[],
        type=_read_answer,
        metavar="NAME=IP[,IP]",
        help='the addresses of a name, in order; "NAME=": it has none',
    )
    names.add_argument(
        "--hosts", metavar="FILE", help="the same from a file like /etc/hosts, where --answer says nothing"
    )


def add_vantage(parser: argparse.ArgumentParser, networks: str = "the account's default one") -> None:
    """From where the question is asked; `networks` says from which virtual networks unless one is given."""
    group = parser.add_argument_group("vantage", "from where the question is asked")
    bindings = group.add_mutually_exclusive_group()
    bindings.add_argument("--binding", metavar=CF1_NETWORK, help="the whole network (the default)")
    bindings.add_argument("--tunnel", metavar="TUNNEL", help="a tunnel_id binding: a tunnel's id or name")
    bindings.add_argument("--service", metavar="SERVICE", help="a VPC Service binding: a service's id or name")
    bindings.add_argument("--wrangler", metavar="FILE:BINDING", help="a binding of a Worker's wrangler file")
    group.add_argument("--env", metavar="NAME", help="the environment of the wrangler file")
    group.add_argument("--vnet", metavar="VNET", help=f"a virtual network's id or name ({networks})")
    group.add_argument("--region", metavar="REGION", help=f"one of {', '.join(sorted(REGIONS))}")
    group.add_argument("--colo", metavar="COLO", help="a data centre, such as den01")
    group.add_argument("--mode", choices=ROUTING_MODES, help="the routing mode (the document's)")


def _read_answer(text: str) -> tuple[str, tuple[IPAddress, ...]]:
    name, equals, addresses = text.partition("=")
    try:
        if not equals:
            raise ValueError(f"{quoted(text)} is not NAME=IP[,IP]")
        return ascii_name(name), tuple(map(read_ip, addresses.split(","))) if addresses else ()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
