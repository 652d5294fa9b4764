"""Cases 50 to 60: frames."""

import asyncio
import socket
import struct
import time
from pathlib import Path

import pytest

from support.deadlines import SANITIZER, STEP, scaled
from support.ws import CLOSE, CONT, PING, TEXT, WebSocket, frame

from conformance.wire import ECHO, Poller, assert_closes, join_ws, next_text, open_ws, ws_target


async def send_quietly(ws, data: bytes) -> None:
    """The server may cut the connection while we are still sending."""
    try:
        await asyncio.wait_for(ws.send_raw(data), STEP)
    except (ConnectionError, OSError):
        pass


async def assert_breaks(sut, data: bytes, code: int) -> None:
    ws = await open_ws(sut, ECHO)
    await send_quietly(ws, data)
    await assert_closes(ws, code)


async def test_case_50_largest_message(sut):
    ws = await open_ws(sut, ECHO)
    await ws.send_text("4" + "a" * 999_999)
    assert (await ws.recv()).data == "4" + "a" * 999_999
    await ws.close()
    await assert_breaks(sut, frame(TEXT, b"4" + b"a" * 1_000_000), 1009)
    for announced in (1 << 40, 1 << 62):
        await assert_breaks(sut, frame(TEXT, b"4", announced=announced), 1009)
    await assert_breaks(sut, frame(TEXT, b"4", announced=1 << 63), 1002)


async def test_case_50_many_tiny_fragments(case):
    sut = case.serve(max_payload=20_000)
    pieces = [frame(TEXT, b"4", fin=False)] + [frame(CONT, b"x", fin=False)] * 19_998
    ws = await open_ws(sut, ECHO)
    await ws.send_raw(b"".join(pieces) + frame(CONT, b"y"))
    assert (await ws.recv()).data == "4" + "x" * 19_998 + "y"
    await ws.close()
    await assert_breaks(sut, b"".join(pieces) + frame(CONT, b"x", fin=False) * 5, 1009)


async def test_case_51_fragments_around_a_ping(sut):
    ws = await open_ws(sut, ECHO)
    await ws.send_raw(frame(TEXT, b"4he", fin=False) + frame(PING, b"are you there") +
                      frame(CONT, b"", fin=False) + frame(CONT, b"llo"))
    assert (await ws.recv()).data == "4hello"
    assert ws.pongs == [b"are you there"]
    await ws.close()


VIOLATIONS = {
    "fragmented control frame": frame(PING, b"x", fin=False),
    "long control frame": frame(PING, b"x" * 126),
    "unmasked": frame(TEXT, b"4x", masked=False),
    "continuation without start": frame(CONT, b"x"),
    "message inside a message": frame(TEXT, b"4", fin=False) + frame(TEXT, b"4x"),
    "length not minimal": b"\x81\xfe\x00\x05" + b"\0\0\0\0" + b"4hell",
    **{f"opcode {code}": frame(code, b"x") for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"rsv {bits}": frame(TEXT, b"4x", rsv=bits) for bits in (1, 2, 4, 7)},
}


@pytest.mark.parametrize("kind", VIOLATIONS)
async def test_case_51_violations(sut, kind):
    await assert_breaks(sut, VIOLATIONS[kind], 1002)


BAD_UTF8 = {"invalid byte": b"4\xff", "cut at the end": b"4\xe2\x82", "overlong": b"4\xc0\xaf",
            "surrogate": b"4\xed\xa0\x80", "beyond unicode": b"4\xf4\x90\x80\x80"}


@pytest.mark.parametrize("kind", BAD_UTF8)
async def test_case_52_bad_utf8(sut, kind):
    await assert_breaks(sut, frame(TEXT, BAD_UTF8[kind]), 1007)
    data = BAD_UTF8[kind]
    await assert_breaks(sut, frame(TEXT, data[:2], fin=False) + frame(CONT, data[2:]), 1007)


async def test_case_52_code_point_over_two_fragments(sut):
    ws = await open_ws(sut, ECHO)
    await ws.send_raw(frame(TEXT, b"4\xe2", fin=False) + frame(CONT, b"\x82\xac"))
    assert (await ws.recv()).data == "4€"
    await ws.close()


async def test_case_53_ping_flood(sut):
    ws = await open_ws(sut, ECHO)
    flood = frame(PING, b"p" * 100) * 2000
    for _ in range(5 if SANITIZER else 25):
        await ws.send_raw(flood)  # and nobody reads the pongs
    await sut.alive()
    await ws.send_text("4end")
    assert (await ws.recv(scaled(10))).data == "4end"
    assert ws.pongs
    await ws.close()


async def test_case_54_heartbeat_from_the_client(sut):
    ws = await open_ws(sut, ECHO)
    await ws.send_raw(frame(TEXT, b"3") * (20_000 if SANITIZER else 100_000))
    await ws.send_text("4end")
    assert (await ws.recv(scaled(10))).data == "4end"
    await ws.close()
    await assert_breaks(sut, frame(TEXT, b"2"), 1008)
    await assert_breaks(sut, frame(TEXT, b"2probe"), 1008)
    await assert_breaks(sut, frame(TEXT, b"0{}"), 1008)


async def test_case_55_data_behind_a_close_frame(sut):
    """python-socketio says good-bye like this; the answer must not be lost to a reset."""
    for _ in range(20):
        ws = await join_ws(sut)
        sut.mark()
        await ws.send_close(1000)
        await ws.send_text("41")
        await ws.send_text("1")
        await ws.send_raw(frame(CLOSE, struct.pack("!H", 1000)))
        await assert_closes(ws, 1000)
        assert await ws.connection.at_end()
        await send_quietly(ws, frame(TEXT, b"1") * 100)
        assert await sut.wait_reports(1) == ["disconnect / transport close"]
        ws.abort()


CLOSES = {"one byte": (b"\x03", 1002), "1005": (struct.pack("!H", 1005), 1002),
          "999": (struct.pack("!H", 999), 1002), "1006": (struct.pack("!H", 1006), 1002),
          "5000": (struct.pack("!H", 5000), 1002),
          "bad reason": (struct.pack("!H", 1000) + b"\xff", 1007)}


@pytest.mark.parametrize("kind", CLOSES)
async def test_case_55_wrong_close_frames(sut, kind):
    payload, code = CLOSES[kind]
    await assert_breaks(sut, frame(CLOSE, payload), code)


async def test_case_55_close_without_a_code(sut):
    ws = await open_ws(sut, ECHO)
    await ws.send_close(None)
    await assert_closes(ws, 1000)


async def test_case_56_close_that_is_never_answered(sut):
    ws = await open_ws(sut, ECHO)
    await ws.send_raw(frame(TEXT, b"abc"))
    reader = ws.connection.reader
    started = time.monotonic()
    await asyncio.wait_for(reader.readexactly(4), STEP)  # the Close frame, unanswered
    while time.monotonic() - started < scaled(5):
        # The descriptor is gone when a write is answered with a reset.
        try:
            await ws.send_raw(frame(TEXT, b"more"))
        except (ConnectionError, OSError):
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("the connection was not cut")
    ws.abort()


async def test_case_57_reader_that_stops(case):
    sut = case.serve("--outbox-bytes", "1000000")
    ws = await WebSocket.connect(*sut.address, ws_target(), receive_buffer=8192)
    await ws.recv()
    await ws.send_text("40")
    await next_text(ws), await next_text(ws)
    before = memory(sut)
    for _ in range(20):
        await ws.send_text('42["burst",1000,1000]')
    assert await sut.wait_reports(1) == ["disconnect / slow consumer"]
    if not SANITIZER:  # whose quarantine keeps what has been freed
        assert memory(sut) - before < 40_000_000
    await sut.alive()
    ws.abort()


def memory(sut) -> int:
    return int(Path(f"/proc/{sut.server.process.pid}/statm").read_text().split()[1]) * 4096


async def test_case_57_polling_client_that_stops(case):
    sut = case.serve("--outbox-bytes", "100000")
    poller = await Poller.open(sut)
    await poller.join()
    await poller.post('42["burst",1000,1000]')
    assert await sut.wait_reports(1) == ["disconnect / slow consumer"]


async def test_case_58_compression_is_not_negotiated(sut):
    ws = await WebSocket.connect(*sut.address, ws_target(path=ECHO), [
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")])
    assert not ws.response.has("Sec-WebSocket-Extensions")
    await ws.recv()
    await ws.send_text("4plain")
    assert (await ws.recv()).data == "4plain"
    await ws.close()
    await assert_breaks(sut, frame(TEXT, b"\x00" * 100, rsv=4), 1002)


async def test_case_60_idle_websockets(case):
    """Scaled down: the heartbeat keeps its schedule on many connections at once."""
    sut = case.serve(ping_interval_ms=1000, ping_timeout_ms=2000)
    count = 100 if SANITIZER else 300
    wss = [await open_ws(sut, ECHO) for _ in range(count)]
    gaps: list[float] = []

    async def beat(ws) -> None:
        last = None
        for _ in range(3):
            assert (await ws.recv()).data == "2"
            now = time.monotonic()
            if last is not None:
                gaps.append(now - last)
            last = now
            await ws.send_text("3")

    await asyncio.gather(*map(beat, wss))
    gaps.sort()
    assert 0.9 < gaps[len(gaps) // 2] < 1.0 + scaled(0.15)
    for ws in wss:
        ws.abort()


async def test_rate_limit_pauses_and_goes_on(case):
    """DECISIONS 11: beyond the rate the connection is not read, and nothing is lost."""
    sut = case.serve("--events-per-second", "200")
    ws = await join_ws(sut)
    count = 800
    started = time.monotonic()
    await ws.send_raw(b"".join(frame(TEXT, f'42["message",{i}]'.encode()) for i in range(count)))
    for i in range(count):
        assert await next_text(ws) == f'42["message-back",{i}]'
    assert time.monotonic() - started > 1.0, "400 at once, the rest at 200 a second"
    await ws.close()

    poller = await Poller.open(sut)
    await poller.join()
    started = time.monotonic()
    assert (await poller.post("\x1e".join(f'42["message",{i}]' for i in range(600)))).body == b"ok"
    assert time.monotonic() - started > 0.5, "the POST is answered when there are tokens again"
    assert (await poller.poll_until(600))[-1] == '42["message-back",599]'
    await poller.post("1")


async def test_rate_limit_never_disconnects(case):
    """A pong behind a backlog that the server does not want to read yet is not a missing one."""
    sut = case.fast("--events-per-second", "50")
    ws = await join_ws(sut)
    await ws.send_raw(b"".join(frame(TEXT, f'42["message",{i}]'.encode()) for i in range(200)))
    for i in range(200):
        assert await next_text(ws) == f'42["message-back",{i}]'
    await ws.close()


async def test_rate_limited_connection_that_is_reset(case):
    """A connection that dies while it is not read is noticed, and costs no CPU."""
    sut = case.serve("--events-per-second", "20")
    wss = [await join_ws(sut) for _ in range(5)]
    # Far more than tokens: each is paused for ten seconds or more.
    for ws in wss:
        await ws.send_raw(frame(TEXT, b'42["message",1]') * 2000)
        assert await next_text(ws) == '42["message-back",1]'
    for ws in wss:
        ws.connection.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ws.abort()
    await sut.wait_reports(5, scaled(3))


async def test_small_answers_of_one_batch_all_arrive(case):
    """A few bytes each, on connections that have sent nothing yet since their last flush."""
    sut = case.serve("--outbox-bytes", "5000000")  # a process of its own, with no buffer pooled
    wss = [await open_ws(sut, ECHO) for _ in range(40)]
    for ws in wss:
        await ws.send_messages(["4a", "4b", b"c"])
    for ws in wss:
        assert [(await ws.recv()).data for _ in range(3)] == ["4a", "4b", b"c"]
        await ws.close()
