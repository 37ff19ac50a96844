"""The house of the design: which room may import which, and where each vendor lives."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("index", "rag", "eval", "ui")  # from the ground up
HOMES = {
    "faiss": "index/vectors.py",
    "openvino": "index/encoder.py",
    "apsw": "index/catalog.py",
    "sqlite3": "nowhere: apsw has a newer one, which checks what it reads",
    "sentence_transformers": "index/embedding.py",
    "transformers": "rag/",
    "haystack": "eval/peers/",
    "llama_index": "eval/peers/",
    "txtai": "eval/peers/",
    "gradio": "ui/",
    "fastapi": "ui/",
    "uvicorn": "ui/serve.py",
}
HEAVY = ("torch", "transformers", "sentence_transformers", "gradio", "fastapi", "openvino")


def imports() -> Iterator[tuple[str, str]]:
    """Each file of the rooms with the name of each module it imports, at the top or in a function."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((name, alias.name) for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    assert node.level == 0, f"{name} imports relatively, which hides where the arrow goes"
                    yield name, node.module or ""


def test_arrows_go_down() -> None:
    arrows = [(name, module) for name, module in imports() if module.partition(".")[0] in ROOMS]
    assert len(arrows) > 20, "the walk finds the imports"
    for name, module in arrows:
        here, there = ROOMS.index(name.partition("/")[0]), ROOMS.index(module.partition(".")[0])
        assert there <= here, f"{name} imports {module}, which is in a room above it"


@pytest.mark.parametrize("vendor", HOMES)
def test_a_vendor_has_one_home(vendor: str) -> None:
    homes = {name for name, module in imports() if module.partition(".")[0] == vendor}
    assert all(name.startswith(HOMES[vendor]) for name in homes), f"{vendor} is imported in {sorted(homes)}"


@pytest.mark.parametrize("module", ["index.library", "rag.assistant", "ui.cli"])
def test_imports_are_light(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in {HEAVY} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
