"""Builds the Rust clients of tests/e2e/rust: one workspace, one build for all tests that use it."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.process import ROOT

RUST = Path(__file__).resolve().parent / "rust"
TARGET = ROOT / "build" / "rust"
BUILD_WITHIN = 1800.0  # seconds; about 450 crates the first time, nothing afterwards


def build_clients() -> Path:
    """The folder of the binaries. Skips the test where there is no cargo."""
    cargo = shutil.which("cargo")
    if not cargo:
        pytest.skip("cargo is not installed: the Rust clients cannot be built")
    TARGET.mkdir(parents=True, exist_ok=True)
    with open(TARGET / ".tests.lock", "w") as lock:  # one of the test workers builds
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["nice", cargo, "build", "--quiet", "--locked", "--workspace", "--jobs", "2"],
            cwd=RUST,
            env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)},
            timeout=BUILD_WITHIN,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    assert done.returncode == 0, done.stdout
    return TARGET / "debug"
