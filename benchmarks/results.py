"""What was measured, as values that go to JSON and come back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import attrs
import cattrs

from benchmarks.subject import Role

__all__ = ["FORMAT", "Report", "Result", "Row"]

FORMAT: Final = 1


@attrs.frozen
class Row:
    """One contender's figures.

    Attributes:
        returns: which object comes back, or what was done.
        rounds: the figure of each round.
        left_out: why there is no figure, or None.
    """

    name: str
    role: Role
    returns: str
    rounds: tuple[float, ...]
    left_out: str | None = None

    @property
    def median(self) -> float | None:
        """The figure; None for a row that was left out."""
        return median(self.rounds) if self.rounds else None


@attrs.frozen
class Result:
    """The figures of one workload.

    Attributes:
        unit: of the figures; smaller is better.
        size: how many prefixes or names the table has.
    """

    name: str
    title: str
    unit: str
    size: int
    rows: tuple[Row, ...]

    def fastest(self, role: Role) -> Row | None:
        """The row of a role with the smallest figure."""
        rows = [(row.median, row) for row in self.rows if row.role == role and row.median is not None]
        return min(rows, key=lambda pair: pair[0])[1] if rows else None

    def row(self, name: str) -> Row | None:
        """The row with a name."""
        return next((row for row in self.rows if row.name == name), None)


@attrs.frozen
class Report:
    """A whole run."""

    machine: dict[str, str]
    versions: dict[str, str]
    settings: dict[str, Any]
    left_out: tuple[str, ...]
    results: tuple[Result, ...]

    def save(self, path: Path) -> None:
        """Writes it as JSON."""
        content = {"format": FORMAT, **cattrs.unstructure(self)}
        for result in content["results"]:
            for row in result["rows"]:
                row["median"] = median(row["rounds"]) if row["rounds"] else None
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Report:
        """Reads it back.

        Raises:
            ValueError: for a file of another format.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"{path.name} is not of format {FORMAT} of these benchmarks")
        return cattrs.structure(content, cls)

    def find(self, names: Sequence[str]) -> list[Result]:
        """The results with these names that there are."""
        return [result for result in self.results if result.name in names]
