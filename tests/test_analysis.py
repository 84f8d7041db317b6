"""What ``vpcroute.analysis`` offers, in whatever order its modules are imported."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from vpcroute import analysis


def test_names_are_what_they_are_called_and_no_modules() -> None:
    named = {name: getattr(analysis, name) for name in analysis.__all__}
    assert [name for name, value in named.items() if isinstance(value, ModuleType)] == []
    assert [name for name, value in named.items() if value.__name__ != name] == []


@pytest.mark.parametrize("first", ["vpcroute.analysis.diff", "vpcroute.analysis.whatif", "vpcroute.fib.resolver"])
def test_a_module_that_is_imported_first_changes_nothing(first: str) -> None:
    code = f"import {first}; from vpcroute.analysis import diff, explain, impact, tree, whatif; print(callable(diff))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
