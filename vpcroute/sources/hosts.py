"""Known addresses of names, from a file like ``/etc/hosts``."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from vpcroute.errors import InvalidDocument
from vpcroute.fields import IPAddress, ascii_name, read_ip
from vpcroute.limits import LARGEST_SETTINGS, MOST_KEPT_PROBLEMS
from vpcroute.sources.files import read_file

__all__ = ["load_hosts"]


def load_hosts(path: str | Path) -> dict[str, tuple[IPAddress, ...]]:
    """The addresses of each name in a hosts file: on every line an address, then its names; ``#`` begins a comment.

    Several lines for one name add up, in order. Lines whose address has a zone id (``fe80::1%lo0``) are left out: such
    an address means something on one host only, and is no destination.

    Raises:
        InvalidDocument: for what is no address or no name; all lines at once. Also for a file that is larger
            than 16 MiB, or no regular one.
        OSError: if the file cannot be read.
    """
    hosts: dict[str, list[IPAddress]] = {}
    problems: list[tuple[str, str]] = []
    text = read_file(path, LARGEST_SETTINGS).decode("utf-8-sig", "surrogateescape")
    for number, line in enumerate(StringIO(text, newline=None), 1):
        address, *names = line.partition("#")[0].split() or [""]
        if "%" in address:
            continue
        try:
            for name in map(ascii_name, names):
                hosts.setdefault(name, []).append(read_ip(address))
        except ValueError as error:
            problems.append((f"line {number}", str(error)))
            if len(problems) == MOST_KEPT_PROBLEMS:
                break
    if problems:
        raise InvalidDocument(tuple(problems))
    return {name: tuple(addresses) for name, addresses in hosts.items()}
