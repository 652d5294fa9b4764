"""The compatibility matrix: Markdown of the cells of a run, and its section of README.md."""

import json
import re
import tomllib
from pathlib import Path

from sdks.expected import COLUMNS, GENERATIONS, NOTES, REMARKS, STEPS, expected
from support.process import ROOT

README = ROOT / "README.md"
RESULT = ROOT / "build" / "results" / "sdk-matrix.md"
BEGIN, END = "<!-- sdk-matrix:begin -->", "<!-- sdk-matrix:end -->"
MARKS = {"yes": "✓", "no": "✗", "n/a": "–"}
SDKS = Path(__file__).resolve().parent
E2E = ROOT / "tests" / "e2e"


def python_version(generation: str) -> str:
    text = (SDKS / f"requirements-{generation}.txt").read_text()
    return re.search(r"^a2c-smcp==(\S+)$", text, re.M)[1]


def rust_version(generation: str) -> str:
    text = (E2E / "rust" / "sdk" / f"gen{generation.replace('.', '')}" / "Cargo.toml").read_text()
    return tomllib.loads(text)["dependencies"]["smcp-agent"].removeprefix("=")


def js_version() -> str:
    package = json.loads((E2E / "js" / "package.json").read_text())
    return package["dependencies"]["socket.io-client"]


def mark(cells: dict, column: str, generation: str, step: str, assume: bool) -> str:
    """Of a column that was run: what came out. Of another: a question, or what is expected."""
    if any(known == column for known, _, _ in cells):
        return MARKS[cells.get((column, generation, step), ("n/a", ""))[0]]
    return MARKS[expected(column, generation, step)] if assume else "?"


def render(cells: dict, assume: bool = False) -> str:
    """`assume`: for a comparison on a machine that cannot run every SDK."""
    numbers: dict[str, int] = {}

    def text(column: str, step: str) -> str:
        marks, notes = "", []
        for generation in GENERATIONS:
            marks += mark(cells, column, generation, step, assume)
            note = REMARKS.get((column, generation, step))
            if note:
                notes.append(numbers.setdefault(note, len(numbers) + 1))
        shown = ",".join(str(number) for number in dict.fromkeys(notes))
        return marks + (f"<sup>{shown}</sup>" if shown else "")

    rows = [
        f"| {title} | " + " | ".join(text(column, step) for column in COLUMNS) + " |"
        for step, title in STEPS.items()
    ]
    versions = (", ".join(of(g) for g in GENERATIONS) for of in (python_version, rust_version))
    return "\n".join([
        "One gateway process, all of these at the same time. The four marks of a cell are the "
        "generations " + ", ".join(GENERATIONS) + ":",
        "✓ works, ✗ does not, – the generation or the SDK has no such thing.",
        "",
        "Versions: a2c-smcp {} (Python); smcp-agent and smcp-computer {} (Rust);".format(*versions),
        f"socket.io-client {js_version()} (JavaScript), declaring each generation.",
        "",
        "| | " + " | ".join(COLUMNS.values()) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
        *rows,
        "",
        *(f"{number}. {NOTES[note]}" for note, number in numbers.items()),
    ])


def section_of_readme() -> str | None:
    found = re.search(f"{re.escape(BEGIN)}\n(.*?)\n{re.escape(END)}", README.read_text(), re.S)
    return found[1] if found else None


def write_readme(matrix: str) -> None:
    text = README.read_text()
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    README.write_text(f"{head}{BEGIN}\n{matrix}\n{END}{tail}")
