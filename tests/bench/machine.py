"""What was measured where: CPUs to pin to, and the machine, versions and commit for the report."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "results" / "bench"
PEERS = ROOT / "tests" / "bench" / "peers"
REFERENCE_PYTHON = ROOT / "build" / "venv-reference" / "bin" / "python"


def binary(name: str) -> Path:
    folder = Path(os.environ.get("SMCP_BIN_DIR") or ROOT / "build" / "release" / "bin")
    return folder / name


def cpus() -> tuple[int, int]:
    """(server's CPU, generator's CPU); the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def output(*command: str) -> str:
    """The command's output, or what it complains about; empty if it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip()


def first_match(pattern: str, path: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text(), re.M)
    except OSError:
        return ""
    return found[1].strip() if found else ""


def commit() -> str:
    changed = output("git", "status", "--porcelain", "--", "gateway", "clients/bench",
                     "tests/bench/floor", "tests/bench/peers")
    return output("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def rust_versions(*crates: str) -> str:
    """Of the crates that the peers name themselves. A crate of which the lock file has several
    versions is written there with its version by whoever depends on it."""
    lock = str(PEERS / "rust" / "Cargo.lock")
    found = (first_match(rf'^ "{crate} (\d[^" ]*)"', lock)
             or first_match(rf'^name = "{crate}"\nversion = "([^"]+)"', lock) for crate in crates)
    return ", ".join(f"{crate} {version}" for crate, version in zip(crates, found))


def python_versions() -> str:
    code = ("import importlib.metadata as m, platform; print(platform.python_version(), "
            "*(f'{p} {m.version(p)}' for p in ('a2c-smcp', 'python-socketio', 'uvicorn', 'wsproto')))")
    return output(str(REFERENCE_PYTHON), "-c", code)


def node_version() -> str:
    package = PEERS / "node" / "node_modules" / "socket.io" / "package.json"
    try:
        return f"{output('node', '--version')}, socket.io {json.loads(package.read_text())['version']}"
    except OSError:
        return ""


def describe() -> dict[str, str]:
    memory = first_match(r"^MemTotal:\s+(\d+) kB", "/proc/meminfo")
    server_cpu, generator_cpu = cpus()
    return {
        "processor": first_match(r"^model name\s*:\s*(.*)$", "/proc/cpuinfo") or platform.machine(),
        "cores": f"{os.cpu_count()} (server on CPU {server_cpu}, generator on CPU {generator_cpu})",
        "memory": f"{int(memory) / 2**20:.0f} GiB" if memory else "",
        "kernel": platform.release().split("-")[0],
        "compiler": output("g++", "--version").split("\n")[0],
        "gateway": output(str(binary("smcp-gateway")), "--version").split("\n")[0],
        "commit": commit(),
        "node": node_version(),
        "python": python_versions(),
        "rust": rust_versions("socketioxide", "axum", "smcp-server-core"),
    }
