"""Known addresses of names, from a file like ``/etc/hosts``."""

from __future__ import annotations

from pathlib import Path

from vpcroute.errors import InvalidDocument
from vpcroute.fields import IPAddress, ascii_name, read_ip

__all__ = ["load_hosts"]


def load_hosts(path: str | Path) -> dict[str, tuple[IPAddress, ...]]:
    """The addresses of each name in a hosts file: on every line an address, then its names; ``#`` begins a comment.

    Several lines for one name add up, in order. Lines whose address has a zone id (``fe80::1%lo0``) are left out: such
    an address means something on one host only, and is no destination.

    Raises:
        InvalidDocument: for what is no address or no name; all lines at once.
        OSError: if the file cannot be read.
    """
    hosts: dict[str, tuple[IPAddress, ...]] = {}
    problems: list[tuple[str, str]] = []
    with Path(path).open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, 1):
            address, *names = line.partition("#")[0].split() or [""]
            if "%" in address:
                continue
            try:
                for name in map(ascii_name, names):
                    hosts[name] = (*hosts.get(name, ()), read_ip(address))
            except ValueError as error:
                problems.append((f"line {number}", str(error)))
    if problems:
        raise InvalidDocument(tuple(problems))
    return hosts
