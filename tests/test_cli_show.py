"""``vpcroute show``: which routes it shows, how, and what it says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vpcroute.cli import main
from vpcroute.output.trees import tree_lines

SAMPLE = str(Path(__file__).parent / "data" / "network.json")

Show = Callable[..., str]


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Show:
    """Runs ``vpcroute show`` on the sample; its standard output."""

    def call(*argv: str) -> str:
        assert main(["show", SAMPLE, *argv]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return call


def test_text(show: Show) -> None:
    out = show("--prefix", "10.8.0.0/15", "--region", "ENAM")
    assert out == (
        "cf1:network, virtual network default, region ENAM, unified mode\n"
        "\n"
        "IPv4\n"
        "DESTINATION      SOURCE  EGRESS          STATE    MARK      ADDRESSES  NOTES\n"
        "10.8.0.0/16      tunnel  dc-frankfurt    healthy  partly    65024\n"
        "10.8.0.0/16      wan     cni-fra-1       healthy  shadowed  0          by 10.8.0.0/16 through dc-frankfurt, "
        "10.8.30.0/24 through gothenburg-lab, 10.8.200.0/24 through cni-fra-1; priority 100\n"
        "  10.8.30.0/24   mesh    gothenburg-lab  healthy  wins      256\n"
        "  10.8.200.0/24  wan     cni-fra-1       healthy  wins      256        priority 100\n"
    )


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        pytest.param(["--prefix", "10.0.1.7"], "10.0.0.0/16 10.0.1.0/24 10.0.0.0/16", id="what covers an address"),
        pytest.param(["--prefix", "10.0.1.7", "--vnet", "default"], "10.0.0.0/16 10.0.1.0/24", id="one network"),
        pytest.param(["--prefix", "10.99.0.0/16", "--vnet", "staging"], "10.99.0.0/16", id="another network"),
        pytest.param(["--prefix", "fd3c:9a41:7be2:8::/60"], "fd3c:9a41:7be2::/48 fd3c:9a41:7be2:8::/64", id="IPv6"),
        pytest.param(["--name", "*.internal.local", "--source", "mesh"], "nvr.rotterdam.internal.local", id="below"),
        pytest.param(["--name", "a.git.internal.local"], "git.internal.local", id="what a name ends in"),
        pytest.param(["--name", "t.internal.local"], "", id="not half a label"),
        pytest.param(
            ["--source", "bgp", "--prefix", "10.60.0.0/14"],
            "10.60.0.0/16 10.61.0.0/16 10.62.0.0/16 10.63.0.0/16",
            id="BGP",
        ),
        pytest.param(["--source", "mesh", "--prefix", "10.0.0.0/8"], "10.8.30.0/24 10.24.7.0/24", id="Mesh"),
        pytest.param(
            ["--source", "device", "--source", "tunnel", "--via", "NF-LT-0142"],
            "100.96.0.10 2606:4700:cf1:1000::a",
            id="several sources",
        ),
        pytest.param(["--via", "gothenburg-lab", "--name", "x"], "", id="nothing"),
    ],
)
def test_which_routes(show: Show, argv: list[str], shown: str) -> None:
    routes = [json.loads(line)["route"] for line in show("--json", *argv).splitlines()]
    keys = "network", "prefix", "address", "hostname"
    assert " ".join(next(route[key] for key in keys if key in route) for route in routes) == shown
    assert ("\nno route\n" in show(*argv)) is (not shown)


def test_json(show: Show) -> None:
    first, second, third, *_ = map(json.loads, show("--json", "--prefix", "10.8.0.0/16").splitlines())
    assert {key: second[key] for key in ("section", "depth", "source", "offramp", "state", "in_force")} == {
        "section": "ipv4",
        "depth": 0,
        "source": "wan",
        "offramp": "MAGIC",
        "state": "healthy",
        "in_force": True,
    }
    assert (second["mark"], second["guaranteed"], second["by_more"]) == ("shadowed", True, False)
    assert second["addresses"] == {"covered": 65536, "won": 0}
    assert second["by"][0] == {"route": first["route"], "egress": first["egress"]}
    assert (third["depth"], third["mark"], third["addresses"]) == (1, "wins", {"covered": 256, "won": 256})


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--via", "nobody"], "argument --via: no connector 'nobody' is known"),
        (["--prefix", "10.0.0.0/33"], "argument --prefix: "),
        (["--name", "a..b"], "argument --name: "),
        (["--source", "x"], "argument --source: invalid choice"),
        (["--tunnel", "prod-vpc"], "takes no part in routing"),
        (["--tunnel", "prod-vpc", "--vnet", "default"], "virtual_network does not go with tunnel_id"),
    ],
)
def test_bad_usage(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", SAMPLE, *argv]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("depths", "lines"),
    [
        ([], []),
        ([0, 0], ["", ""]),
        ([0, 1, 1, 0], ["", "├─ ", "└─ ", ""]),
        ([0, 1, 2, 2, 1, 2], ["", "├─ ", "│  ├─ ", "│  └─ ", "└─ ", "   └─ "]),
        ([0, 1, 2, 3, 0, 1], ["", "└─ ", "   └─ ", "      └─ ", "", "└─ "]),
    ],
)
def test_lines_of_a_tree(depths: list[int], lines: list[str]) -> None:
    assert list(tree_lines(depths)) == lines
