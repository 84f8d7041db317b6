"""README's examples: what they print is what stands there."""

from __future__ import annotations

import io
import re
import subprocess
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from vpcroute import RouteTable
from vpcroute.cli import COMMANDS, main
from vpcroute.dial.settings import read_dialers

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: What is typed, and what is printed; of what installs vpcroute first, the rest of the line.
EXAMPLES = [
    (typed.rpartition(".venv/bin/")[2], printed)
    for typed, printed in re.findall(r"^```sh\n([^`]*)^```\n\n```\n([^`]*)^```$", README, re.MULTILINE)
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, from where the sample is found as from the project's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    return tmp_path


def shell(text: str, given: str = "") -> str:
    return subprocess.run(["bash", "-euc", text], input=given, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("typed", "printed"), EXAMPLES, ids=[typed.splitlines()[-1][:60] for typed, _ in EXAMPLES])
@pytest.mark.usefixtures("here")
def test_example(typed: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    before, last = typed.rstrip().rpartition("\n")[::2]
    shell(before)
    command, pipe, behind = last.partition(" | ")
    assert main(shell(f"printf '%s\\n' {command}").splitlines()[1:]) in (0, 1)
    out, err = capsys.readouterr()
    assert (shell(behind, out) if pipe else out) == printed
    assert err == ""


def test_every_command_has_an_example() -> None:
    shown = {typed.rstrip().rpartition("\n")[2].split()[1] for typed, _ in EXAMPLES}
    assert shown == {*COMMANDS}


def test_every_dialer_is_for_an_egress_of_the_sample() -> None:
    text = re.findall(r"^```toml\n(\[tunnel[^`]*)^```$", README, re.MULTILINE)[0]
    dialers = read_dialers(tomllib.loads(text)).dialers
    resolver = RouteTable.load(ROOT / "tests" / "data" / "network.json").compile()
    for address in ("10.0.1.50:6379", "http://10.50.3.20/who", "1.1.1.1:443"):
        dialers.find(resolver.resolve(address).egress)


def test_code() -> None:
    code = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)[0]
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(code, {})  # noqa: S102  (it is ours)
    assert printed.getvalue().splitlines() == re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)
