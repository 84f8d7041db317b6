"""``vpcroute map``: the address space as a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from vpcroute.analysis.diff import diff
from vpcroute.analysis.standpoints import every_vantage
from vpcroute.commands.changes import needs_network
from vpcroute.commands.inputs import load, network_file, vantage_of
from vpcroute.commands.options import add_file, add_vantage
from vpcroute.commands.status import Status, status_text
from vpcroute.map.page import View, page
from vpcroute.map.picture import Picture
from vpcroute.map.still import THEMES, still
from vpcroute.map.styles import Styles
from vpcroute.output.objects import json_line
from vpcroute.output.terminal import write
from vpcroute.output.words import clean, describe
from vpcroute.sources.files import write_whole
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "[-o FILE] [--svg FILE] [--against OLD] [options] (FILE | --network FILE)"

_PAGE: Final = "map.html"

EPILOG: Final = """\
The page is one file that loads nothing: open it in a browser, attach it, or put it on a web server. It shows every
range of addresses by where it goes; it can be searched for addresses, prefixes, names, connectors and comments, and
says of each address why. Everything on it can be reached by keyboard, and is there as a table, too.

With --against the page and the still show what changes from the old document to the new one, as vpcroute diff finds it.
With --every the page has a picture from every virtual network, and from every region and data centre that a route or a
state names; a still shows the first.

The page has names, comments and addresses of the document in it. It is at most a few megabytes for 100,000 routes.

  vpcroute map network.json
  vpcroute map branch.json --against main.json -o changes.html
  vpcroute map network.json --svg network.svg --theme dark

--json prints one object: files {page, svg}, pictures [{vantage, egresses, changes}]; egresses is how many there are;
changes is null without --against, else {change: {ipv4, ipv6, names}}, as in vpcroute diff --json.

""" + status_text("all well; with --against: no change", "with --against: changes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A document, where to write, and what to compare it with."""
    add_file(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help=f"the page ({_PAGE}, unless only --svg is given)")
    parser.add_argument("--svg", metavar="FILE", help="a still, as SVG")
    parser.add_argument("--theme", choices=THEMES, default="auto", help="the colours of the still (the reader's)")
    parser.add_argument("--title", metavar="TEXT", help="what stands above it (the name of the document)")
    parser.add_argument("--against", metavar="OLD", help="another document, to show what changed since that")
    parser.add_argument("--every", action="store_true", help="from every virtual network, region and data centre")
    add_vantage(parser)


def run(args: argparse.Namespace) -> int:
    """Writes the page and the still."""
    file = network_file(args)
    vantage = vantage_of(args)
    if args.every:
        needs_network(vantage, args)
    new = load(args, file)
    old = None if args.against is None else load(args, args.against)
    views = [_view(old, new, *pair, styles) for styles in [Styles()] for pair in _vantages(old, new, vantage, args)]
    title = Path(file).name if args.title is None else args.title
    files = _write(title, views, args)
    if args.json:
        write(sys.stdout, json_line({"files": files, "pictures": [*map(_object, views)]}))
    else:
        write(sys.stdout, "".join(f"{clean(file)}\n" for file in files.values() if file is not None))
    return Status.FOUND if any(view.changes for view in views) else Status.WELL


def _vantages(
    old: RouteTable | None, new: RouteTable, vantage: Vantage, args: argparse.Namespace
) -> Iterable[tuple[Vantage, Vantage]]:
    return every_vantage(old or new, new, vantage) if args.every else [(vantage, vantage)]


def _view(old: RouteTable | None, new: RouteTable, before: Vantage, after: Vantage, styles: Styles) -> View:
    """What a pair of vantages shows."""
    resolver = new.compile(after)
    picture = Picture(resolver, describe(new.stand(after)), styles)
    if old is None:
        return View(picture)
    other = old.compile(before)
    return View(picture, Picture(other, describe(old.stand(before)), styles), diff(other, resolver))


def _write(title: str, views: list[View], args: argparse.Namespace) -> dict[str, str | None]:
    """Writes what is wanted; the names of the files."""
    name = args.output if args.output is not None or args.svg is not None else _PAGE
    if args.svg is not None:
        first = views[0]
        write_whole(args.svg, [still(title, first.after, first.changes, args.theme).encode()])
    if name is not None:
        write_whole(name, page(title, views))
    return {"page": name, "svg": args.svg}


def _object(view: View) -> dict[str, Any]:
    changes = None if view.changes is None else view.changes.counts()
    return {"vantage": clean(view.after.title), "egresses": view.after.egresses, "changes": changes}
