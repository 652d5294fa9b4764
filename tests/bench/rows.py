"""The workloads of the table, what is read from their results, and the goals."""

from collections.abc import Callable
from dataclasses import dataclass

COMPARED = ("gateway", "floor")  # what the goals are about
CONNECTIONS_MAX = 19_000  # a process may hold 20,000 descriptors


def cpu(result: dict) -> float:
    return result["server_process"]["cpu_us_per_op"]


def latency(name: str) -> Callable[[dict], float]:
    return lambda result: result["latency_us"][name]


@dataclass(frozen=True)
class Workload:
    """One call of smcp-bench. `size` is the option that the quick mode cuts down, and its values."""

    name: str
    verb: str
    options: dict[str, object]
    size: tuple[str, int, int] | None = None  # option, full, quick
    timed: bool = False                       # runs for --seconds

    def arguments(self, quick: bool, seconds: float) -> dict[str, object]:
        options = dict(self.options)
        if self.timed:
            options |= {"seconds": seconds, "warmup": 0.2 if quick else 1}
        if self.size:
            option, full, small = self.size
            options[option] = small if quick else full
        return options


def relay(name: str, offices: int, outstanding: int, payload: int) -> Workload:
    options = {"offices": offices, "outstanding": outstanding, "bytes": payload}
    return Workload(name, "relay", options, timed=True)


WORKLOADS = {workload.name: workload for workload in (
    relay("single", 1, 1, 200),
    relay("wide", 200, 1, 200),
    relay("deep", 50, 4, 200),
    relay("large", 50, 4, 16 * 1024),
    Workload("connect", "connect-storm", {"concurrency": 50}, ("connections", 4_000, 300)),
    Workload("churn", "churn", {"concurrency": 50}, ("operations", 4_000, 300)),
    Workload("fanout", "fanout", {"operations": 20}, ("members", 2_001, 101)),
    Workload("idle", "idle", {"sources": 20, "members": 10, "hold": 1},
             ("connections", 10_000, 500)),
)}


@dataclass(frozen=True)
class Row:
    """One line of the table. The goal is a ratio to the yardstick, or a limit in the row's unit."""

    key: str
    title: str
    workload: str
    unit: str
    read: Callable[[dict], float]
    ratio_max: float | None = None
    limit: float | None = None


ROWS = [
    Row("single-p50", "relay, 1 office, 1 call at a time: p50", "single", "us", latency("p50"),
        ratio_max=1.15),
    Row("single-cpu", "same: CPU per call", "single", "us", cpu, ratio_max=1.30),
    Row("wide-cpu", "relay 200 B, 200 offices x 1 outstanding: CPU per call", "wide", "us", cpu,
        ratio_max=1.30),
    Row("wide-p999", "same: p99.9", "wide", "us", latency("p99_9"), ratio_max=1.5),
    Row("deep-cpu", "relay 200 B, 50 offices x 4 outstanding: CPU per call", "deep", "us", cpu,
        ratio_max=1.80),
    Row("deep-p999", "same: p99.9", "deep", "us", latency("p99_9"), ratio_max=1.5),
    Row("large-cpu", "relay 16 KiB each way, 50 x 4: CPU per call", "large", "us", cpu,
        ratio_max=1.60),
    Row("large-p999", "same: p99.9", "large", "us", latency("p99_9"), ratio_max=1.5),
    Row("connect-cpu", "connect and join: CPU", "connect", "us", cpu, ratio_max=2.0),
    Row("churn-cpu", "connect, join, leave, disconnect: CPU per cycle", "churn", "us", cpu,
        ratio_max=2.0),
    Row("fanout-cpu", "notification to an office of 2,000: CPU per delivery", "fanout", "us", cpu,
        ratio_max=1.15),
    Row("storm", "join storm: 2,001 members enter one office", "fanout", "s",
        lambda result: result["join_storm_s"], limit=2.0),
    Row("idle-rss", "idle joined WebSocket connection: RSS growth", "idle", "B",
        lambda result: result["server_process"]["rss_per_connection"], limit=2048),
]

# The curves of the plots: the option that varies, its values, what stays.
CURVES = {
    "payload": ("bytes", [160, 1024, 4096, 16384, 65536, 262144],
                {"offices": 50, "outstanding": 4}),
    "offices": ("offices", [1, 5, 20, 50, 200, 1000, 4000], {"outstanding": 1, "bytes": 200}),
}
