"""Every scenario of the contract has a test that runs for every generation of its tag."""

import importlib.util
import inspect
import pathlib

from support.generation import GENERATIONS
from support.scenario import REFERENCE_TAGS, covered
from support.scenario_table import cell_of, table

COUNT = 104


def functions():
    """(module, name, function) of every test in this folder."""
    for path in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        if path.samefile(__file__):
            continue
        spec = importlib.util.spec_from_file_location(f"covered_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and function.__module__ == module.__name__:
                yield path.name, name, function


def test_every_number_is_covered_for_every_generation_of_its_tag():
    runs: dict[int, set[str]] = {number: set() for number in range(1, COUNT + 1)}
    for module, name, function in functions():
        mark = getattr(function, "scenario", None)
        assert (mark is not None) == name.startswith("test_scenario_"), (module, name)
        if mark:
            runs[mark.number] |= set(mark.generations)
    assert sorted(REFERENCE_TAGS) == sorted(runs)
    missing = {number: sorted(set(covered(number)) - ran) for number, ran in runs.items()
               if set(covered(number)) - ran}
    assert not missing


def test_table_shows_what_became_of_each_run():
    every = {(number, gen): True for number in REFERENCE_TAGS for gen in covered(number)}
    total = len(every)
    assert table(every)[-1] == f"{total} of {total} runs of 104 scenarios pass, 0 fail, 0 were not made"
    cells = {**every, (1, "G1"): False, (1, "G5"): True}
    del cells[(5, "G3")]
    lines = table(cells)
    assert [word.split()[0] for word in lines[0].split("  ") if word] == ["scenario", *GENERATIONS]
    row = {int(line.split()[0]): line.split()[1:] for line in lines[1:-1]}
    assert row[1] == ["FAIL"]
    assert row[5] == ["pass", "none", "pass", "pass"]
    assert row[12] == ["pass"] * 5
    assert lines[-1] == f"{total - 2} of {total} runs of 104 scenarios pass, 1 fail, 1 were not made"


def test_only_numbered_tests_have_a_cell():
    place = "tests/scenarios/test_leave.py::"
    assert cell_of(f"{place}test_scenario_063_silent_computer[G3-ws]") == (63, "G3")
    assert cell_of(f"{place}test_scenario_063_silent_computer[G3]") == (63, "G3")
    assert cell_of(f"{place}test_helper[G3-ws]") is None
    assert cell_of(f"{place}test_about_scenario_063[G3-ws]") is None
