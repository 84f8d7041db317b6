"""What the fuzzer found worth keeping, again: inputs that reach something no other does, and those that once failed."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from fuzz_targets import TARGETS, kept

_ROOT = Path(__file__).parents[1]
_CORPUS = Path(__file__).parent / "corpus"
_LARGEST = 100_000


@pytest.mark.parametrize("target", TARGETS)
def test_kept_inputs_pass(target: str) -> None:
    inputs = kept(target)
    assert len(inputs) > 20
    for data in inputs:
        try:
            TARGETS[target](data)
        except Exception as error:
            error.add_note(f"input: {data!r}")
            raise


def test_corpus_stays_small() -> None:
    assert sum(file.stat().st_size for file in _CORPUS.iterdir()) < _LARGEST
    for target in TARGETS:
        lines = (_CORPUS / f"{target}.jsonl").read_text(encoding="ascii").splitlines()
        assert lines == sorted(set(lines))


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed: pip install '.[fuzz]'")
def test_fuzzer_runs_and_sees_the_compiled_modules(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "address", "-runs=1", "-seed=1"]
    paths = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "INFO: Instrumenting vpcroute.fib.reader" in done.stderr
