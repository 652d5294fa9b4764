"""A server process under test: started, waited for, watched for sanitizer reports, stopped."""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .deadlines import scaled

ROOT = Path(__file__).resolve().parents[2]
SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                     "WARNING: ThreadSanitizer", "ERROR: ThreadSanitizer")
START_WITHIN = scaled(10.0)
STOP_WITHIN = scaled(10.0)


def binary(name: str) -> str:
    folder = Path(os.environ.get("SMCP_BIN_DIR") or ROOT / "build" / "release" / "bin")
    return str(folder / name)


def clean_environment(extra: dict | None = None) -> dict:
    """Without the tests' own SMCP_ variables, which the gateway would read as configuration."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SMCP_")}
    return {**inherited, **(extra or {})}


class ServerProcess:
    """`stdout` and `stderr` go to files, so that a talkative process can never block on a pipe."""

    def __init__(self, command: list[str], env: dict | None = None):
        self.command = command
        self._out = tempfile.NamedTemporaryFile(prefix="smcp-out-", delete=False)
        self._err = tempfile.NamedTemporaryFile(prefix="smcp-err-", delete=False)
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err,
            env=clean_environment(env))
        self._closed = False

    @property
    def stdout(self) -> str:
        return Path(self._out.name).read_text(errors="replace") if not self._closed else self._o

    @property
    def stderr(self) -> str:
        return Path(self._err.name).read_text(errors="replace") if not self._closed else self._e

    @property
    def finished(self) -> bool:
        """Its end was awaited and checked."""
        return self._closed

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait_line(self, pattern: str, within: float = START_WITHIN) -> re.Match:
        """Waits for a line of stdout that matches."""
        end = time.monotonic() + within
        while True:
            found = re.search(pattern, self.stdout, re.M)
            if found:
                return found
            if not self.running or time.monotonic() > end:
                state = "it runs" if self.running else f"it ended {self.process.returncode}"
                message = f"{self.command}: no {pattern!r} on stdout, {state}\n{self.tail()}"
                self.kill()
                raise AssertionError(message)
            time.sleep(0.005)

    def tail(self) -> str:
        return f"stdout: {self.stdout[-1000:]}\nstderr: {self.stderr[-6000:]}"

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, within: float = STOP_WITHIN) -> int:
        """The exit code; a process that does not end is killed and reported."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            message = f"{self.command[0]} did not end within {within:.1f} s\n{self.tail()}"
            self.kill()
            raise AssertionError(message) from None

    def assert_clean(self) -> None:
        log = self.stderr
        for report in SANITIZER_REPORTS:
            at = log.find(report)
            assert at < 0, f"sanitizer report:\n{log[max(0, at - 200):at + 6000]}"

    def finish(self, within: float = STOP_WITHIN, code: int = 0) -> None:
        """Waits for the end of a process told to stop; checks exit code and reports."""
        try:
            actual = self.wait(within)
            self.assert_clean()
            assert actual == code, f"exit code {actual}, expected {code}\n{self.tail()}"
        finally:
            self._release()

    def stop(self) -> None:
        if self._closed:
            return
        if self.running:
            self.terminate()
        self.finish()

    def kill(self) -> None:
        if self.running:
            self.process.kill()
            self.process.wait()
        self._release()

    def _release(self) -> None:
        if self._closed:
            return
        self._o, self._e = self.stdout, self.stderr
        self._closed = True
        for file in (self._out, self._err):
            file.close()
            os.unlink(file.name)
