"""The benchmarks run, refuse who answers otherwise, and compare; what they measure is no business of a test."""

from __future__ import annotations

import gzip
import json
import sys
from collections import deque
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from itertools import islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import attrs

import vpcroute
from benchmarks import stored
from benchmarks.__main__ import main, measure
from benchmarks.agreement import disagreements
from benchmarks.changes import new_places
from benchmarks.contenders import addresses, names, urls
from benchmarks.contenders.addresses import Numbering
from benchmarks.inputs import DRAWS, hits, misses, name_hits, name_misses, texts
from benchmarks.oneshot import table_steps
from benchmarks.results import Report, Result, Row
from benchmarks.step import Settings
from benchmarks.subject import OURS, Subject, Workload
from benchmarks.suite import AddressBench, NameBench, address_tasks, name_tasks
from benchmarks.tables import WIDTHS, Family, make_names, make_table
from benchmarks.targets import TARGETS, standings
from benchmarks.timing import run


def bench(word: str = "generated:300") -> AddressBench:
    return AddressBench(make_table(word), 50)


def test_a_quick_run_is_written_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "run.json"
    arguments = ["--quick", "--inputs", "100", "--rounds", "2", "--json", str(saved)]
    assert main([*arguments, "--only", "private/lookup/v4-prefix,names/url/hit"]) == 0
    printed = capsys.readouterr()
    assert "private/lookup/v4-prefix: vpcroute" in printed.err
    assert "▶ vpcroute" in printed.out
    assert "Where vpcroute must stand" in printed.out
    assert "not compared" not in printed.out

    content = json.loads(saved.read_text())
    assert [result["name"] for result in content["results"]] == ["private/lookup/v4-prefix", "names/url/hit"]
    for result in content["results"]:
        assert {row["role"] for row in result["rows"]} == {"ours", "peer", "floor"}
        assert all(row["median"] > 0 and len(row["rounds"]) == 2 for row in result["rows"])
    assert content["versions"]["vpcroute"] == vpcroute.__version__

    assert main(["show", str(saved), "--markdown"]) == 0
    assert "| private/lookup/v4-prefix: " in capsys.readouterr().out
    assert main(["compare", str(saved), str(saved)]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == sum(len(result["rows"]) for result in content["results"])
    assert all(line.endswith(" 1.00") for line in lines)


def test_a_run_that_nothing_is_chosen_for_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--quick", "--only", "nothing"])
    assert "--list" in capsys.readouterr().err


def test_only_a_report_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text("[]")
    with pytest.raises(SystemExit):
        main(["compare", str(other), str(other)])
    assert "other.json is not" in capsys.readouterr().err


def test_a_measurement_that_fails_is_told_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(family: Family, count: int) -> list[int]:
        raise ArithmeticError("no such thing")

    monkeypatch.setattr("benchmarks.inputs.misses", broken)
    chosen = ["--quick", "--inputs", "20", "--rounds", "1", "--only", "private/refusal/v4,private/lookup/v4-prefix"]
    assert main(chosen) == 1
    printed = capsys.readouterr().out
    assert "private/refusal/v4 failed: ArithmeticError: no such thing" in printed
    assert "private/lookup/v4-prefix: " in printed


def test_who_answers_otherwise_is_not_timed() -> None:
    workload = next(address_tasks(bench())).make()
    assert disagreements(workload) == {}
    right = workload.subjects[0]
    asked = workload.inputs[7]

    def wrong_once(host: str) -> object:
        return "another way" if host == asked else right.call(host)

    def raises(host: str) -> object:
        raise RuntimeError("boom")

    liars = [
        attrs.evolve(right, name="wrong", role="peer", call=wrong_once),
        attrs.evolve(right, name="raises", role="peer", call=raises, raises=()),
        attrs.evolve(right, name="misses", role="peer", call=raises, raises=(RuntimeError,)),
    ]
    result = run(attrs.evolve(workload, subjects=[*workload.subjects, *liars]), rounds=1)
    for name, why in (("wrong", "egress None where"), ("raises", "RuntimeError('boom')"), ("misses", "egress None")):
        row = result.row(name)
        assert row is not None
        assert row.median is None
        assert row.left_out is not None
        assert why in row.left_out
    assert all(row.left_out is None for row in result.rows if row.name not in ("wrong", "raises", "misses"))


def test_a_host_that_is_read_otherwise_counts_as_well() -> None:
    ours = Subject(OURS, "ours", str, "", lambda text: {"host": text, "egress": 1})
    other = Subject("upper", "peer", str.upper, "", lambda text: {"host": text})
    assert disagreements(Workload("w", "", [ours, other], ["a"], 1)) == {
        "upper": "'a': host 'A' where vpcroute has 'a'"
    }


def test_every_contender_answers_as_we_do() -> None:
    for table in (bench(), bench("private")):
        for task in address_tasks(table):
            assert disagreements(task.make()) == {}, task.name
    for task in name_tasks(NameBench(make_names("names:300"), 50)):
        assert disagreements(task.make()) == {}, task.name


def naive(family: Family, number: int) -> int:
    bits = WIDTHS[family.version]
    found = [
        (length, egress)
        for (start, length), egress in zip(family.spans, family.egress, strict=True)
        if number >> (bits - length) == start >> (bits - length)
    ]
    return max(found)[1] if found else -1


@pytest.mark.parametrize("word", ["private", "generated:300"])
@pytest.mark.parametrize("version", [4, 6])
def test_tables_are_the_same_every_time_nested_and_found_in(word: str, version: int) -> None:
    family = make_table(word).family(4 if version == 4 else 6)
    again = make_table(word).family(family.version)
    assert family.prefixes == again.prefixes
    assert family.egress == again.egress
    assert len(set(family.prefixes)) == len(family.prefixes)
    flat = attrs.evolve(family).flat
    assert flat[0] == sorted(set(flat[0]))
    edges = [n for start in flat[0][::3] for n in (start - 1, start) if n >= 0]
    assert all(family.find(n) == naive(family, n) for n in edges)
    bits = WIDTHS[family.version]
    inner = [
        s
        for s in family.spans
        if any(o[1] < s[1] and s[0] >> (bits - o[1]) == o[0] >> (bits - o[1]) for o in family.spans)
    ]
    assert len(inner) > len(family.spans) / 10


@pytest.mark.parametrize("draw", list(DRAWS))
def test_hits_hit_and_misses_miss(draw: str) -> None:
    table = bench("private")
    for family in (table.table.v4, table.table.v6):
        found = hits(family, next(d for d in DRAWS if d == draw), 200)
        assert all(naive(family, number) >= 0 for number in found)
        for host in texts(misses(family, 50), family.version):
            with pytest.raises(vpcroute.RouteError):
                table.resolver.lookup(host)


def test_names_hit_and_miss() -> None:
    table = make_names("names:200")
    walk = names.parent_walk(table).call
    assert len(set(table.names)) == 200
    assert all(walk(name) is not None for name in name_hits(table, 100))
    assert all(walk(name) is None for name in name_misses(100))


def test_a_file_of_prefixes(tmp_path: Path) -> None:
    path = tmp_path / "prefixes.txt.gz"
    path.write_bytes(gzip.compress(b"# comment\n10.0.0.0/8\n\n10.1.2.3/16\n10.1.0.0/16\nfd00::/8\n100.64.1.0/24\n"))
    table = make_table(f"file:{path}")
    assert table.v4.prefixes == ["10.0.0.0/8", "10.1.0.0/16"]  # host bits masked, once, not in a reserved range
    assert table.v6.prefixes == ["fd00::/8"]
    assert len(set(table.egresses)) == 256

    plain = tmp_path / "plain.txt"
    plain.write_text("10.0.0.0/8\n10.0.0.0/33\n")
    with pytest.raises(ValueError, match=r"plain\.txt, line 2: no prefix: '10\.0\.0\.0/33'"):
        make_table(f"file:{plain}")


def report(*results: Result) -> Report:
    return Report({}, {}, {}, (), results)


def test_the_worst_figure_stands_for_a_target() -> None:
    def lookup(draw: str, ours: float, size: int = 2000) -> Result:
        rows = (
            Row(OURS, "ours", "", (ours,)),
            Row("pytricia", "peer", "", (100.0,)),
            Row("slow", "peer", "", (900.0,)),
        )
        return Result(f"private/lookup/v4-{draw}", "", "ns", size, rows)

    def first(*results: Result) -> tuple[float | None, str]:
        found = standings(report(*results))[0]
        return found.value, found.verdict

    assert first(lookup("zipf", 10.0)) == (10.0, "moonshot")
    assert first(lookup("zipf", 10.0), lookup("uniform", 25.0)) == (4.0, "met")
    assert first(lookup("zipf", 10.0), lookup("uniform", 50.0)) == (2.0, "missed")
    assert first() == (None, "not measured")


def test_a_small_table_says_nothing_of_a_full_one() -> None:
    def standing(size: int) -> dict[str, str]:
        memory = Row("vpcroute, tries", "ours", "", (20.0,)), Row("vpcroute, RIB", "ours", "", (1000.0,))
        change = Row("announce a /24", "ours", "", (0.01,)), Row("withdraw a /24", "ours", "", (2.0,))
        results = Result("file/memory", "", "MiB", size, memory), Result("file/change", "", "ms", size, change)
        return {s.target.text: s.verdict for s in standings(report(*results))}

    assert set(standing(2000).values()) == {"not measured"}
    full = standing(1_060_000)
    assert full["memory of the compiled full table: the tries of both families"] == "met"
    assert full["one change until it is seen, full table"] == "missed"  # the worse of the two


def test_a_figure_that_must_not_be_exceeded_stands_beside_the_best_peer() -> None:
    rows = (Row("vpcroute, compile", "ours", "", (0.4,)), Row("a", "peer", "", (2.0,)), Row("b", "peer", "", (1.0,)))
    found = standings(report(Result("file/build", "", "s", 1_060_000, rows)))
    built = next(s for s in found if s.target.text.startswith("compile of the full table"))
    assert (built.value, built.ratio, built.verdict) == (0.4, 2.5, "moonshot")


def test_every_target_has_its_workload_and_its_peers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "prefixes.txt"
    path.write_text("10.0.0.0/8\nfd00::/8\n")
    assert main(["--list", "--table", str(path)]) == 0
    listed = capsys.readouterr().out.split()
    known = {c.name for c in (*addresses.CONTENDERS, *names.CONTENDERS)} | {*urls.EXACT, "numpy searchsorted"}
    for target in TARGETS:
        assert all(any(fnmatchcase(name, pattern) for name in listed) for pattern in target.workloads), target.text
        assert {name.removesuffix(", bare") for name in target.against} <= known


@pytest.mark.parametrize(("version", "length"), [(4, 24), (4, 20), (4, 8), (6, 48)])
@pytest.mark.parametrize("word", ["private", "generated:300"])
def test_changed_prefixes_are_new_and_their_addresses_lead_to_them(word: str, version: int, length: int) -> None:
    family = make_table(word).family(4 if version == 4 else 6)
    places = list(islice(new_places(family, length), 5))
    assert places
    assert {prefix for prefix, _ in places}.isdisjoint(family.prefixes)
    for prefix, host in places:
        covering = [ip_network(p) for p in (*family.prefixes, prefix) if ip_address(host) in ip_network(p)]
        assert max(covering, key=lambda network: network.prefixlen) == ip_network(prefix)


def test_what_is_not_timed_a_call_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("change", "wide-change", "vantage", "open", "build")
    steps = deque(step for step in table_steps(bench()) if step.name.partition("/")[2] in words)
    results, failed = measure(steps, Settings(50, 1, 0.01))
    assert failed == []
    assert [result.name for result in results] == [f"generated/{word}" for word in words]
    for result in results:
        assert any(row.role == "ours" for row in result.rows)
        assert all(row.rounds and min(row.rounds) > 0 for row in result.rows), result.name


def test_a_report_comes_back_as_it_was(tmp_path: Path) -> None:
    row = Row(OURS, "ours", "an egress", (1.0, 3.0, 2.0))
    before = Report({"processor": "x"}, {"a": "1"}, {"rounds": 3}, ("this",), (Result("n", "t", "ns", 5, (row,)),))
    before.save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json") == before


def test_a_contender_without_its_module_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.peers.load", lambda module: None)
    there = [contender.name for contender in addresses.CONTENDERS if contender.is_there]
    assert there == ["a dict per prefix length", "inet_pton and bisect", "ipaddress and bisect"]
    table = bench()
    assert [peer.name for peer in table.peers(4)] == there
    assert Numbering(table.table.egresses).of(table.table.egresses[3]) == 3


def test_figures_of_a_table_in_a_file(tmp_path: Path) -> None:
    lines = list(stored.figures(tmp_path, transactions=3, routes=5, journal=4))
    assert len(lines) == 11
    assert all(": " in line for line in lines)
