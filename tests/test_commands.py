"""What all commands have in common: their help, their options, their exit status, and what they import."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from vpcroute.cli import COMMANDS, main
from vpcroute.commands.status import MEANINGS, Status

SAMPLE = str(Path(__file__).parent / "data" / "network.json")
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SHARED = ("--json", "--lenient", "--stored-wildcards", "--answer", "--hosts", "--vnet", "--region", "--wrangler")


def help_of(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main([*argv, "--help"]) == 0
    return capsys.readouterr().out


def test_help_lists_commands_and_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    out = " ".join(help_of(capsys).split())
    shown = [f"{name} {shows}" for name, (_, shows) in COMMANDS.items()]
    shown += [f"{status} {meaning}" for status, meaning in MEANINGS.items()]
    assert [text for text in shown if text not in out] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = help_of(capsys, name)
    assert out.startswith(f"usage: vpcroute {name} ")
    assert [option for option in SHARED if option not in out] == []
    assert f"\n  vpcroute {name} " in out  # an example
    assert f"\n\nExit status: {Status.WELL} " in out
    assert max(len(line) for line in out[out.index(f"\n  vpcroute {name} ") :].splitlines()) <= 120


@pytest.mark.parametrize("name", COMMANDS)
def test_a_module_says_what_a_command_needs(name: str) -> None:
    command = import_module(f"vpcroute.commands.{COMMANDS[name][0]}")
    assert {*command.__all__} >= {"EPILOG", "USAGE", "add_arguments", "run"}


@pytest.mark.parametrize("status", Status)
def test_readme_has_the_statuses(status: Status) -> None:
    assert f"| {status.value} | {MEANINGS[status]} |" in README


@pytest.mark.parametrize(
    ("argv", "status"), [(["--version"], 0), (["resolve", "--network", SAMPLE, "10.0.1.50:80"], 0), (["x"], 2)]
)
def test_only_what_runs_is_imported(argv: list[str], status: int) -> None:
    code = (
        "import sys; from vpcroute.cli import main; status = main(sys.argv[1:]);"
        "print(status, *(name for name in sys.modules if name.startswith(('vpcroute.analysis', 'xml.', 'rich'))))"
    )
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(status)
