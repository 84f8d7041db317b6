"""Network namespaces of the tests' own, each in a thread, and servers that run in them.

A thread that leaves its network namespace takes nobody with it: the system's own network is never touched, and with the
thread everything goes that was made there.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["Namespace", "missing", "namespace", "serving", "wait_for"]

_CLONE_NEWNET = 0x40000000
_T = TypeVar("_T")


def missing(*commands: str) -> list[str]:
    """Those of the commands that are not there."""
    return [command for command in commands if shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin") is None]


class Namespace:
    """A network namespace; what runs in it runs in its one thread."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self.tid = self.run(self._leave)

    def _leave(self) -> int:
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        return threading.get_native_id()

    def run(self, work: Callable[..., _T], *arguments: Any, timeout: float = 60) -> _T:
        """What a function returns or raises there."""
        return self._pool.submit(work, *arguments).result(timeout)

    def shell(self, *lines: str) -> None:
        """Runs commands there, one after the other."""
        for line in lines:
            done = self.run(lambda line=line: subprocess.run(line.split(), capture_output=True, text=True, check=False))
            assert done.returncode == 0, f"{line}: {done.stderr}"


@contextmanager
def namespace() -> Iterator[Namespace]:
    """A namespace, for as long as the block lasts; its loopback interface is up."""
    with ThreadPoolExecutor(1) as pool:
        made = Namespace(pool)
        made.shell("ip link set lo up")
        yield made


@contextmanager
def serving(
    where: Namespace, command: list[str], address: tuple[str, int], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A server that runs in a namespace until the block ends, from when it takes connections on."""
    with log.open("wb") as output:
        process = where.run(lambda: subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output))
    try:
        where.run(wait_for, address, process, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(address: tuple[str, int], process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until a server takes connections; AssertionError with what it printed if it does not."""
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(address, 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{process.args!r} does not serve {address}: {log.read_text(errors='replace')[-2000:]}")
