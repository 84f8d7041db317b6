"""How the package is laid out: which module may import which, how long one may be, and where input and output are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import vpcroute

#: Every module of the package; each imports only what stands above it, unless inside a function.
ORDER = (
    *("closing", "limits", "errors", "ranges", "packed", "fields", "vantage", "egress", "announcements", "remarks"),
    *("credentials", "address", "gateway"),
    *("precedence", "classes", "outcomes", "findings", "changes", "indexes", "store", "conflicts"),
    *("registry", "standpoint", "operations", "transactions"),
    *("fib", "fib.shim", "fib.order", "fib.sweep", "fib.heard", "columns", "hearing"),
    *("fib.arena", "fib.blocks", "fib.trie", "fib.reader"),
    *("fib.nameblocks", "fib.names", "fib.compare", "fib.hostnames", "fib.prefixes", "fib.tables", "fib.decided"),
    *("fib.resolution", "fib.resolver", "fib.live", "fib.saved", "fib.image"),
    *("queries", "snapshot", "edges", "table", "reference", "updates", "compiler", "live", "proof"),
    *("policies.syntax", "policies.lexer", "policies.parser", "policies.printer"),
    *("policies.truth", "policies.predicates", "policies.selectors", "policies.literals", "policies.patterns"),
    *("policies.conditions", "policies.given", "policies.checker", "policies.activity"),
    *("policies.decision", "policies.request", "policies.facts", "policies.rules", "policies.global_rules"),
    *("policies.guards", "policies.views", "policies.index", "policies.closures", "policies.stages"),
    *("policies.dns", "policies.connection", "policies.http", "policies.pipeline", "policies.resolvers"),
    *("policies.survey", "policies.logs", "policies.gateway", "policies"),
    *("analysis.explanation", "analysis.spelling", "analysis.sources", "analysis.weighing"),
    *("analysis.ways", "analysis.naming", "analysis.steps", "analysis.explain"),
    *("analysis.answer", "analysis.changes", "analysis.address_diff", "analysis.name_diff"),
    *("analysis.diff", "analysis.whatif", "analysis.loose", "analysis.impact"),
    *("analysis.standpoints", "analysis.expectations", "analysis.marks", "analysis.tree"),
    *("analysis.cover", "analysis.reasons", "analysis.answer_ranges"),
    *(
        "analysis.policies",
        "analysis.policy_questions",
        "analysis.policy_diff",
        "analysis.policy_whatif",
        "analysis.policy_expectations",
    ),
    *(
        "analysis.lint.route_checks",
        "analysis.lint.policy_checks",
        "analysis.lint.checks",
        "analysis.lint.problems",
        "analysis.lint.ground",
        "analysis.lint.hiding",
    ),
    *(
        "analysis.lint.seen",
        "analysis.lint.wan",
        "analysis.lint.names",
        "analysis.lint.whole",
        "analysis.lint.policies",
        "analysis.lint.policy_values",
        "analysis.lint",
    ),
    "analysis",
    "",  # the public names
    *("sources", "sources.json_text", "sources.positions", "sources.files"),
    *("sources.hosts", "sources.wrangler", "sources.records", "sources.onramps"),
    *("sources.reading", "sources.zero_trust", "sources.wan", "sources.document", "sources.writing"),
    *("sources.operation_json", "sources.database", "sources.stored"),
    *("sources.images", "sources.following", "sources.expectations", "sources.rules"),
    *("dial.failures", "dial.limits", "dial.direct", "dial.proxies", "dial.racing", "dial.dialers", "dial.names"),
    *("dial.settings", "dial.ways", "dial.finding", "dial.http", "dial.network", "dial.blocking", "dial"),
    *("output", "output.words", "output.objects", "output.terminal", "output.tables", "output.rows"),
    *("output.answers", "output.explanations", "output.changes", "output.trees", "output.sarif"),
    *("output.policies", "output.policy_changes"),
    *("map", "map.blocks", "map.styles", "map.picture", "map.page", "map.curve", "map.still"),
    *("commands", "commands.status", "commands.complaints", "commands.addresses", "commands.options"),
    *("commands.inputs", "commands.policy_options", "commands.resolve", "commands.explain", "commands.check"),
    *(
        "commands.changes",
        "commands.policy_changes",
        "commands.diff",
        "commands.whatif",
        "commands.impact",
        "commands.assert_",
    ),
    *(
        "commands.gateway",
        "commands.show",
        "commands.compile",
        "commands.lint",
        "commands.map",
    ),
    *("cli", "__main__"),
    *("strategies.pools", "strategies.routes", "strategies.networks", "strategies.hosts"),
    *("strategies.policies", "strategies"),
)
_LONGEST = 450
_CALLS_WITH_IO = {"open", "input", "print", "exec", "eval", "__import__"}
#: What reaches outside the process, and what is allowed of it.
_IO = "asyncio http io os pathlib shutil socket ssl subprocess sys tempfile urllib".split()
_ALLOWED = {
    "fields": {"socket.inet_aton"},  # it reads text
    "analysis.spelling": {"urllib.parse.unquote"},  # it reads text
    "fib.heard": {"sys.byteorder"},
    "hearing": {"sys.byteorder"},
    "live": {"asyncio"},  # it lets others wait
    "fib": {"os", "pathlib.Path", "sys"},  # it chooses between the extension modules and their sources
}

_ROOT = Path(vpcroute.__file__).parent
_FILES = {
    ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix("__init__").removesuffix("."): path
    for path in _ROOT.rglob("*.py")
}


def _tree(module: str) -> ast.Module:
    return ast.parse(_FILES[module].read_text(encoding="utf-8"))


def _imports(node: ast.AST, *, in_functions: bool) -> Iterator[str]:
    """What is imported, with its module before it (``socket.inet_aton``), but not what only type checkers import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{'.' * child.level}{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from _imports(ast.Module(child.orelse, []), in_functions=in_functions)
        elif in_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _imports(child, in_functions=in_functions)


def _imported(module: str) -> set[str]:
    """The modules of the package that a module imports when it is imported itself."""
    imported = set()
    for name in _imports(_tree(module), in_functions=False):
        assert not name.startswith("."), f"{module} has a relative import"
        if name.partition(".")[0] == "vpcroute":
            inside = name.removeprefix("vpcroute").removeprefix(".")
            imported.add(inside if inside in _FILES else inside.rpartition(".")[0])
    return imported


def test_every_module_has_its_place() -> None:
    assert len(set(ORDER)) == len(ORDER)
    assert set(ORDER) == set(_FILES)


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_what_stands_above_it(module: str) -> None:
    above = set(ORDER[: ORDER.index(module)])
    assert _imported(module) - above == set()


@pytest.mark.parametrize("module", ORDER)
def test_a_module_is_short_enough_to_read(module: str) -> None:
    assert len(_FILES[module].read_text(encoding="utf-8").splitlines()) <= _LONGEST


@pytest.mark.parametrize("module", ORDER[: ORDER.index("sources")])
def test_above_the_sources_nothing_reads_or_writes(module: str) -> None:
    tree = _tree(module)
    imported = _imports(tree, in_functions=True)
    found = {name for name in imported if name.partition(".")[0] in _IO} - _ALLOWED.get(module, set())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS_WITH_IO:
            found.add(node.func.id)
        if isinstance(node, ast.Attribute) and node.attr in {"read_text", "read_bytes", "write_text", "write_bytes"}:
            found.add(node.attr)
    assert found == set()
