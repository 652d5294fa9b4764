"""smcpctl as a black box: run it, and make what it says repeatable.

    ctl = Ctl(tmp_path, gateway)
    done = await ctl.run("sessions", "ls")      # .code, .out, .err
"""

import asyncio
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from support.deadlines import scaled
from support.process import SANITIZER_REPORTS, binary

RUN_WITHIN = scaled(20.0)


def environment(home: Path, extra: dict | None = None) -> dict:
    """Nothing of the caller's own settings."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("SMCPCTL_", "SMCP_", "XDG_"))}
    return {**kept, "HOME": str(home), "TZ": "UTC", **(extra or {})}


@dataclass
class Done:
    code: int
    out: str
    err: str


class Ctl:
    def __init__(self, home: Path, gateway=None):
        self.home = home
        self.endpoint = "%s:%d" % gateway.control if gateway else None

    def command(self, *arguments: str) -> list[str]:
        endpoint = ["--endpoint", self.endpoint] if self.endpoint else []
        return [binary("smcpctl"), *endpoint, *arguments]

    async def start(self, *arguments: str, env: dict | None = None, **options):
        return await asyncio.create_subprocess_exec(
            *self.command(*arguments), env=environment(self.home, env), cwd=self.home,
            **{"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE,
               "stderr": asyncio.subprocess.PIPE, **options})

    async def run(self, *arguments: str, env: dict | None = None, stdin: str | None = None) -> Done:
        options = {} if stdin is None else {"stdin": asyncio.subprocess.PIPE}
        process = await self.start(*arguments, env=env, **options)
        try:
            out, err = await asyncio.wait_for(
                process.communicate(None if stdin is None else stdin.encode()), RUN_WITHIN)
        except asyncio.TimeoutError:
            process.kill()
            out, err = await process.communicate()
            raise AssertionError(f"{arguments} did not end: {out.decode()}{err.decode()}") from None
        assert not any(report in err.decode() for report in SANITIZER_REPORTS), err.decode()
        return Done(process.returncode, out.decode(), err.decode())

    async def ok(self, *arguments: str, **options) -> str:
        done = await self.run(*arguments, **options)
        assert done.code == 0, (arguments, done)
        return done.out


# What differs from run to run, by what stands for it. The order counts.
COUNTS = ("eventsIn|eventsOut|bytesIn|bytesOut|sendQueueBytes|requestBytes|responseBytes|rssBytes|fdsOpen"
          "|fdsMax|seq|watchers|port")
SPANS = "pingLatency|toComputer|computer|toAgent|uptime|cpuTime|expectedDuration"
IDS = "etag|resumeToken|nextPageToken|build"
PATTERNS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "TIME"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (rf'\b((?:{COUNTS})"?: ?)"?\d+"?', r"\1N"),
    (rf'\b((?:{SPANS})"?: ?)"[\d.]+s"', r'\1"SPAN"'),
    (rf'\b((?:{IDS})"?: ?)("[^"]+"|[\w-]+$)', r'\1"X"'),
    (r'("(?:median|p95|slowest|time)":)[\d.e-]+', r"\1N"),
    (rf"\b{re.escape(socket.gethostname())}\b", "HOST"),
    # YAML quotes an id that begins with a digit or a dash.
    (r'\bsid: "(SID-[\w-]+)"', r"sid: \1"),
    (r"--from \S+ goes", "--from TOKEN goes"),
    (r"^((?:Version|Etag|Descriptors|CPU time|Memory):  +).*$", r"\1X"),
    (r"\b(\d+[smhd] ago|now|in \d+[smhd])(?![\w-])", "AGO"),
    (r"\b\d+(\.\d)? (B|KiB|MiB|GiB)\b", "SIZE"),
    (r"\b\d+(\.\d)?(ns|us|ms)\b|\b\d(\.\d)?s\b", "SPAN"),
    (r"^ +(?=(SPAN|AGO|\d+) )", ""),
]


def normalised(text: str, replaced: dict[str, str]) -> str:
    """`replaced` are values the test knows, such as session ids."""
    for value, name in sorted(replaced.items(), key=lambda item: -len(item[0])):
        text = text.replace(value, name)
    for pattern, stands_for in PATTERNS:
        text = re.sub(pattern, stands_for, text, flags=re.MULTILINE)
    # The width of a column depends on what stood in it.
    lines = [re.sub(r"(?<=\S) {2,}", "  ", line) for line in text.splitlines()]
    return "\n".join(lines) + ("\n" if text else "")
