"""The scripts of the tree: they parse, they pass shellcheck, and the developer's command is complete."""

import os
import re
import shutil
import subprocess

import pytest

from deploy.files import ROOT

SCRIPTS = ["dev", ".ci/run"]
VERBS = "setup build test run demo check guard asan tsan fuzz bench format tidy clean".split()


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_is_executable_and_strict(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert "\nset -euo pipefail\n" in path.read_text()
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck here")
@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_has_nothing_to_say(script):
    done = subprocess.run(
        ["shellcheck", ROOT / script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_help_lists_every_verb():
    shown = subprocess.run(
        [ROOT / "dev", "help"], capture_output=True, text=True, check=True
    ).stdout
    assert sorted(re.findall(r"^  ([a-z]+) ", shown, re.MULTILINE)) == sorted(VERBS)


def test_unknown_verb_is_refused_in_one_line():
    done = subprocess.run([ROOT / "dev", "bild"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "bild" in done.stderr


def test_ci_runs_the_check_of_the_developer():
    assert re.search(r"^exec bash \./dev check </dev/null$", (ROOT / ".ci/run").read_text(), re.M)
