"""`-k scenario` runs the numbered scenarios, all of them and nothing else, and prints what became
of each in each generation. The word would otherwise also match the folder's other tests.

Works on the names of tests alone, so it does under xdist, where the process that prints has run
none of them. A cell stands for all transports and variants of a scenario in one generation:

    pass   all passed        FAIL   at least one did not
    none   none was run, though the scenario is for that generation
"""

import re

from .generation import DECLARED, GENERATIONS
from .scenario import REFERENCE_TAGS, covered

WORD = "scenario"
_NAME = re.compile(r"::test_scenario_(\d{3})_\w*\[(G\d)[-\]]")


def cell_of(nodeid: str) -> tuple[int, str] | None:
    """(number, generation) of a scenario's test, nothing for other tests."""
    match = _NAME.search(nodeid)
    return (int(match[1]), match[2]) if match else None


def cell_text(number: int, gen: str, cells: dict[tuple[int, str], bool]) -> str:
    passed = cells.get((number, gen))
    if passed is False:
        return "FAIL"
    if gen not in covered(number):
        return ""  # what a test checks beyond the scenario's tag does not make it a run of it
    return "pass" if passed else "none"


def table(cells: dict[tuple[int, str], bool]) -> list[str]:
    heads = [f"{gen} ({'.'.join((DECLARED[gen] or '0.1').split('.')[:2])})" for gen in GENERATIONS]
    lines = ["scenario  " + "".join(f"{head:<10}" for head in heads).rstrip()]
    for number in sorted(REFERENCE_TAGS):
        texts = [cell_text(number, gen, cells) for gen in GENERATIONS]
        lines.append((f"{number:>8}  " + "".join(f"{text:<10}" for text in texts)).rstrip())
    texts = [cell_text(number, gen, cells) for number in REFERENCE_TAGS for gen in GENERATIONS]
    counts = {text: texts.count(text) for text in ("pass", "FAIL", "none")}
    lines.append(f"{counts['pass']} of {sum(counts.values())} runs of {len(REFERENCE_TAGS)} "
                 f"scenarios pass, {counts['FAIL']} fail, {counts['none']} were not made")
    return lines


class ScenarioTable:
    """A pytest plugin; does nothing unless `-k` is the one word."""

    def __init__(self):
        self.cells: dict[tuple[int, str], bool] = {}

    def pytest_collection_modifyitems(self, config, items):
        others = [item for item in items if cell_of(item.nodeid) is None]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if cell_of(item.nodeid) is not None]

    def pytest_runtest_logreport(self, report):
        cell = cell_of(report.nodeid)
        if cell and (report.when == "call" or not report.passed):
            self.cells[cell] = report.passed and self.cells.get(cell, True)

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("scenarios of the SMCP contract by generation")
        for line in table(self.cells):
            terminalreporter.write_line(line)
