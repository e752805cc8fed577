"""Builds into the wheel what costs time at each start: rules and tables as JSON, the gate."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RuleIndexHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds ``_rules/index.json``, ``_rules/knowledge/*.json`` and ``_rules/gate/*.hs``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the rules before the wheel is packed; a broken rule breaks the build."""
        if version == "editable" or self.target_name != "wheel":
            return
        sys.path.insert(0, self.root)
        from dten_audit.judge.index import compile_index
        from dten_audit.readers.gate_files import compile_gates

        rules = compile_index(Path(self.root) / "rules")
        files = {
            name: json.dumps(content, separators=(",", ":")).encode("ascii")
            for name, content in rules.items()
        }
        folder = Path(tempfile.mkdtemp(prefix="dten-rules-"))
        for name, content in (files | compile_gates()).items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            build_data["force_include"][str(target)] = f"dten_audit/_rules/{name}"
