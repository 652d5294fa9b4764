"""smcp-bench on the real gateway: each workload small, and what it says when a server does wrong."""

import asyncio
import json
import re
import struct
import subprocess
import threading

import pytest

from support.deadlines import STEP, scaled
from support.gateway import Gateway
from support.process import binary

LIMITS = {"limits.connections_per_ip": "0", "limits.events_per_second": "100000",
          "limits.office_members": "1000"}
WRONG = ("losses", "misroutes", "mismatches", "duplicates", "refused", "disconnects")


@pytest.fixture(scope="module")
def gateway():
    gateway = Gateway.start({**LIMITS, "threads": "2"})
    yield gateway
    gateway.stop()


def bench(address, *arguments, within=60.0, code=0) -> dict:
    """Runs it to its end and gives the JSON line."""
    url = "http://%s:%d" % address
    run = subprocess.run([binary("smcp-bench"), arguments[0], "--url", url, "--json",
                          *map(str, arguments[1:])],
                         capture_output=True, text=True, timeout=scaled(within))
    assert run.returncode == code, (run.returncode, run.stdout, run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


def clean(report: dict) -> dict:
    assert {name: report[name] for name in WRONG} == {name: 0 for name in WRONG}, report
    return report


def measured(gateway, *arguments) -> dict:
    return clean(bench(gateway.address, *arguments, "--server-pid", gateway.process.pid))


# ---------------------------------------------------------------- each workload


@pytest.mark.parametrize("size", [160, 200, 16384, 200000])
def test_relay_answers_every_call(gateway, size):
    report = measured(gateway, "relay", "--offices", 3, "--outstanding", 2, "--bytes", size,
                      "--operations", 300, "--warmup", 0)
    assert report["operations"] >= 300
    latency = report["latency_us"]
    assert latency["samples"] == report["operations"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p99_9"]
    assert latency["p99_9"] <= latency["max"]
    assert report["server_process"]["cpu_us_per_op"] > 0
    assert report["server_process"]["rss_after"] > 1_000_000
    assert 0 < report["client"]["cpu_share"] < 2
    gateway.wait_empty()


def test_relay_at_a_fixed_rate(gateway):
    report = measured(gateway, "relay", "--offices", 4, "--rate", 500, "--seconds", 1,
                      "--warmup", 0)
    assert 250 <= report["operations"] <= 510  # never more than are due, fewer on a busy machine


def test_polling(gateway):
    report = measured(gateway, "polling", "--offices", 3, "--outstanding", 3, "--bytes", 3000,
                      "--operations", 200, "--warmup", 0)
    assert report["operations"] >= 200
    assert report["params"]["transport"] == "polling"
    gateway.wait_empty()


def test_idle_and_drop(start_gateway):
    gateway = start_gateway({**LIMITS, "engineio.ping_interval": "0.3s"})
    report = measured(gateway, "idle", "--connections", 300, "--hold", 1, "--sources", 3,
                      "--drop-all")
    assert report["alive"] == report["operations"] == 300
    assert report["pings_answered"] >= 300
    assert report["connect_rate"] > 0
    assert report["rss_after_drop"] > 0
    gateway.wait_empty()


@pytest.mark.parametrize("how", [[], ["--join-together"]], ids=["trickle", "together"])
def test_fanout(gateway, how):
    report = measured(gateway, "fanout", "--members", 40, "--operations", 5, *how)
    assert report["operations"] == 5
    assert report["deliveries"] == 5 * 39
    assert report["join_storm_deliveries"] == 40 * 39 / 2
    assert report["join_storm_s"] > 0


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_churn(gateway, transport):
    report = measured(gateway, "churn", "--operations", 60, "--concurrency", 8,
                      "--transport", transport)
    assert report["operations"] == report["latency_us"]["samples"] == 60
    gateway.wait_empty()


def test_connect_storm(gateway):
    report = measured(gateway, "connect-storm", "--connections", 150, "--members", 3)
    assert report["operations"] == report["latency_us"]["samples"] == 150
    gateway.wait_empty()


def test_credentials_and_version(start_gateway):
    gateway = start_gateway({"auth.provider": "api_key", "auth.api_key.admin_secret": "s3cret"})
    run = ("connect-storm", "--connections", 4)
    clean(bench(gateway.address, *run, "--token", "s3cret", "--a2c-version", "0.4.0"))
    clean(bench(gateway.address, *run, "--header", "x-api-key: s3cret"))
    refused = bench(gateway.address, *run, "--token", "wrong", code=3)
    assert refused["refused"] > 0
    refused = bench(gateway.address, *run, "--token", "s3cret", "--a2c-version", "9.9.9", code=3)
    assert "4008" in refused["first_problem"]


def test_usage():
    for arguments in (["relay"], ["juggle", "--url", "http://127.0.0.1:1"],
                      ["relay", "--url", "ftp://127.0.0.1:1"],
                      ["relay", "--url", "http://127.0.0.1:1", "--bytes", "10"]):
        run = subprocess.run([binary("smcp-bench"), *arguments], capture_output=True, timeout=STEP)
        assert run.returncode == 2, (arguments, run.stderr)


# ---------------------------------------------------------------- a server that does wrong


def frames(buffer: bytearray):
    """Takes whole, unmasked, unfragmented frames off the front: (bytes on the wire, payload)."""
    while len(buffer) >= 2:
        header, size = 2, buffer[1]
        if size == 126 and len(buffer) >= 4:
            header, (size,) = 4, struct.unpack_from(">H", buffer, 2)
        elif size == 127 and len(buffer) >= 10:
            header, (size,) = 10, struct.unpack_from(">Q", buffer, 2)
        elif size >= 126:
            return
        if len(buffer) < header + size:
            return
        wire = bytes(buffer[:header + size])
        del buffer[:header + size]
        yield wire, wire[header:]


class Meddler:
    """A TCP relay in front of a gateway; `meddle(payload)` gives what the client gets for a frame
    from the server: a payload of the same length, or None for nothing, or a list to send several."""

    def __init__(self, gateway, meddle):
        self._target = gateway.address
        self._meddle = meddle
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = started.result(STEP)
        self.address = self._server.sockets[0].getsockname()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(STEP)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STEP)
        self._loop.close()

    async def _stop(self):
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection(*self._target)
        try:
            await asyncio.gather(self._copy(reader, up_writer), self._answers(up_reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one side is gone, or the test is over; so goes the other
        finally:
            writer.close()
            up_writer.close()

    async def _copy(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def _answers(self, reader, writer):
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        buffer = bytearray()
        while data := await reader.read(65536):
            buffer += data
            for wire, payload in frames(buffer):
                changed = self._meddle(payload)
                for each in changed if isinstance(changed, list) else [changed]:
                    if each is not None:
                        assert len(each) == len(payload)
                        writer.write(wire[:len(wire) - len(payload)] + each)
        writer.close()


def flip(payload: bytes, at: int) -> bytes:
    return payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1:]


class Nth:
    """Does something to the n-th payload that `pattern` matches, passes all others."""

    def __init__(self, pattern: bytes, change, n: int = 5):
        self._pattern, self._change, self._left = re.compile(pattern, re.DOTALL), change, n
        self.seen = 0

    def __call__(self, payload):
        if not self._pattern.match(payload):
            return payload
        self.seen += 1
        return self._change(payload) if self.seen == self._left else payload


REQUEST = rb'42/smcp,\d+\["client:tool_call"'
ANSWER = rb'43/smcp,\d+\[\{"content"'
SMALL = ("relay", "--offices", 2, "--outstanding", 1, "--operations", 60, "--warmup", 0)


def meddled(gateway, meddle, code=1) -> dict:
    with Meddler(gateway, meddle) as proxy:
        report = bench(proxy.address, *SMALL, code=code)
    gateway.wait_empty()
    return report


def test_untouched_through_the_meddler(gateway):
    sizes = set()

    def look(payload):
        if match := re.match(rb'4[23]/smcp,\d+\[(?:"client:tool_call",)?(\{.*\})\]$', payload):
            if b'"text":"' in payload:
                sizes.add((payload[1:2], len(match[1])))
                json.loads(match[1])
        return payload

    clean(meddled(gateway, look, code=0))
    assert sizes == {(b"2", 200), (b"3", 200)}


@pytest.mark.parametrize("pattern", [REQUEST, ANSWER], ids=["request", "answer"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_flipped_byte_is_seen(gateway, pattern, place):
    def change(payload):
        text = payload.index(b'"text":"') + 8
        # Behind the id that an answer's text begins with; before the JSON that follows.
        at = {"first": text + 16, "middle": text + 30, "last": len(payload) - 4}[place]
        return flip(payload, at)

    report = meddled(gateway, Nth(pattern, change))
    assert report["mismatches"] == 1, report
    assert report["losses"] == report["misroutes"] == 0
    assert "altered" in report["first_problem"]


def test_the_answer_of_another_call_is_a_misroute(gateway):
    kept = []

    def keep_or_swap(payload):
        if not re.match(ANSWER, payload):
            return payload
        at = payload.index(b"[")
        kept.append(payload[at:])
        return payload[:at] + kept[-2] if len(kept) == 10 else payload

    report = meddled(gateway, keep_or_swap)
    assert report["misroutes"] == 1, report
    assert report["mismatches"] == report["losses"] == 0


def test_a_second_delivery_is_a_duplicate(gateway):
    for pattern in (REQUEST, ANSWER):
        report = meddled(gateway, Nth(pattern, lambda payload: [payload, payload]))
        assert report["duplicates"] >= 1, report
        assert report["losses"] == 0


def test_a_swallowed_answer_is_a_loss(gateway):
    report = meddled(gateway, Nth(ANSWER, lambda payload: None))
    assert report["losses"] == 1, report
    assert report["operations"] >= 59


def test_a_broken_connection_is_not_hidden(gateway):
    def cut(payload):
        raise ConnectionResetError

    report = meddled(gateway, Nth(ANSWER, cut))
    assert report["disconnects"] >= 1, report
    assert report["losses"] <= 1
