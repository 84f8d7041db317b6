"""What the figures are of: processor, system and interpreter, without the name of the host."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import vpcroute

__all__ = ["describe", "is_compiled", "load"]


def describe() -> dict[str, str]:
    """The machine, for people who compare."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "vpcroute": "compiled" if is_compiled() else "interpreted",
    }


def is_compiled() -> bool:
    """Whether vpcroute runs its compiled look-up."""
    return bool(getattr(vpcroute, "COMPILED", False))


def load() -> str:
    """How many processes wanted a core in the last minute, ours with them."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
