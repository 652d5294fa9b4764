"""cmake --install gives a package that another project can find and build on."""

import subprocess
from pathlib import Path

from support.process import ROOT, binary

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(smcp_gateway REQUIRED)
find_package(SQLite3 REQUIRED)
add_executable(consumer main.cc)
target_include_directories(consumer PRIVATE examples)
target_link_libraries(consumer PRIVATE smcp::gateway SQLite::SQLite3)
"""


def run(*command) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installed_gateway_is_found_and_linked(tmp_path):
    build = Path(binary("smcp-gateway")).parents[1]
    run("cmake", "--install", build, "--prefix", tmp_path / "prefix")
    source = tmp_path / "source"
    examples = source / "examples" / "clients" / "examples"
    examples.mkdir(parents=True)
    examples.joinpath("sqlite_keys.h").write_bytes(
        ROOT.joinpath("clients/examples/sqlite_keys.h").read_bytes())
    source.joinpath("main.cc").write_bytes(
        ROOT.joinpath("clients/examples/embed/main.cc").read_bytes())
    source.joinpath("CMakeLists.txt").write_text(PROJECT)
    flags = [line.split("=", 1)[1]
             for line in build.joinpath("CMakeCache.txt").read_text().splitlines()
             if line.startswith("CMAKE_CXX_FLAGS:")][0]
    run("cmake", "-S", source, "-B", tmp_path / "out",
        f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}", f"-DCMAKE_CXX_FLAGS={flags}")
    run("cmake", "--build", tmp_path / "out")
    assert tmp_path.joinpath("out/consumer").exists()
    assert run(tmp_path / "prefix/bin/smcp-gateway", "--version")
