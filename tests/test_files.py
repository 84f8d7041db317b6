"""Files that are none: what has no end, waits for somebody or has no name is refused at once, by every reader."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vpcroute import InvalidDocument, Resolver, RouteTable
from vpcroute.sources import files
from vpcroute.sources.files import write_whole
from vpcroute.sources.hosts import load_hosts
from vpcroute.sources.wrangler import load_bindings

READERS: list[Callable[[Any], object]] = [RouteTable.load, load_hosts, load_bindings, Resolver.open]
each_reader = pytest.mark.parametrize("read", READERS, ids=["document", "hosts", "wrangler", "resolver"])


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")


@each_reader
@needs_pipes
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path, read: Callable[[Any], object]) -> None:
    path = tmp_path / "a.json"
    os.mkfifo(path)
    if read is load_hosts:
        assert read(path) == {}
    else:
        with pytest.raises(InvalidDocument):
            read(path)


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="the system has no /dev/stdin")
def test_a_document_may_come_through_a_pipe() -> None:
    document = """{"tunnels": [{"id": "550e8400-e29b-41d4-a716-446655440000", "name": "eu"}],
                   "routes": [{"network": "10.0.0.0/16", "tunnel_id": "550e8400-e29b-41d4-a716-446655440000"}]}"""
    ask = "import vpcroute; print(vpcroute.RouteTable.load('/dev/stdin').counts()['subnet'])"
    done = subprocess.run(
        [sys.executable, "-c", ask], input=document, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("1\n", "")


@each_reader
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such device")
def test_a_device_without_an_end_is_refused(tmp_path: Path, read: Callable[[Any], object]) -> None:
    path = tmp_path / "a.json"
    path.symlink_to("/dev/zero")
    with pytest.raises(InvalidDocument, match="is not a regular file"):
        read(path)


@each_reader
def test_a_directory_is_refused_by_the_system(tmp_path: Path, read: Callable[[Any], object]) -> None:
    path = tmp_path / "a.json"
    path.mkdir()
    with pytest.raises(OSError, match=r"a\.json"):
        read(path)


@each_reader
@pytest.mark.parametrize("name", ["a\0.json", "\ud800.json"])
def test_what_is_no_name_of_a_file(read: Callable[[Any], object], name: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(name)
    assert "is not the name of a file" in str(caught.value)
    assert str(caught.value).isprintable()


@each_reader
@pytest.mark.parametrize("path", [None, 0, b"a.json", ["a.json"], 1.5], ids=repr)
def test_a_path_of_a_wrong_type(read: Callable[[Any], object], path: object) -> None:
    with pytest.raises(TypeError):
        read(path)


def test_no_more_is_read_than_a_file_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 1000)
    monkeypatch.setattr(files, "_CHUNK", 64)
    assert files.read_file(path, 1000) == b"x" * 1000
    with pytest.raises(InvalidDocument, match="is larger than 999 octets"):
        files.read_file(path, 999)


def test_nesting_is_refused_whatever_the_recursion_limit(tmp_path: Path) -> None:
    """Without a limit of our own, the C stack would overflow, and the process end."""
    texts = ("[" * 300_000, '{"a":' * 300_000, "// c\n" + "[" * 300_000, "[" * 65 + "]" * 65, "[" * 64 + "]" * 64)
    paths = [tmp_path / f"{i}.json" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    program = (
        "import sys\n"
        "from vpcroute import InvalidDocument, RouteTable\n"
        "sys.setrecursionlimit(10**9)\n"
        "for path in sys.argv[1:]:\n"
        "    try: RouteTable.load(path)\n"
        "    except InvalidDocument as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True)
    said = [
        *(f"{path}: is nested too deeply" for path in paths[:4]),
        "a network document must be an object, not an array",
    ]
    assert ran.stdout.splitlines() == said


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, [b"one", b"two"])
    assert path.read_bytes() == b"onetwo"

    def fails() -> Iterator[bytes]:
        yield b"three"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(path, fails())
    assert path.read_bytes() == b"onetwo"
    assert [*tmp_path.iterdir()] == [path]


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "a")
    write_whole(link, [b"one"])
    assert link.is_symlink()
    assert (tmp_path / "a").read_bytes() == b"one"


@needs_pipes
def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(path, [b"one"])
        assert os.read(reader, 9) == b"one"
    finally:
        os.close(reader)
    assert [*tmp_path.iterdir()] == [path]
