"""What the kernel says about a running process: CPU, memory, descriptors. Other people's, by pid."""

import os
import time
from collections.abc import Callable
from pathlib import Path

CPUCLOCK_SCHED = 2  # linux/posix-timers.h: the precise clock of a whole process


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, those that ended included."""
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


def rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no Rss of process {pid}")


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def kernel_tcp_bytes() -> int:
    """Memory of all TCP sockets' buffers on the machine."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def wait_until(what: str, holds: Callable[[], bool], within: float, every: float = 0.1) -> None:
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {within:.0f} s in vain until {what}")
        time.sleep(every)
