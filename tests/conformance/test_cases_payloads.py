"""Cases 70 to 74 and 78 to 80: calls, attachments, JSON, and the end."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest

from support.deadlines import SANITIZER, scaled
from support.gateway import ConformanceServer
from support.ws import BINARY, TEXT, frame

from conformance.wire import Poller, assert_closes, echoes, join_ws, next_text, open_ws

ONE = '{"_placeholder":true,"num":0}'
DEPTH_MAX = 64


async def assert_breaks(sut, *packets: str | bytes) -> None:
    ws = await join_ws(sut)
    await ws.send_messages(list(packets))
    await assert_closes(ws, 1008)


async def assert_echoed(sut, arguments: str, attachments=(), count: int | None = None) -> None:
    ws = await join_ws(sut)
    head = f"45{len(attachments)}-" if attachments else "42"
    await ws.send_messages([f'{head}["message",{arguments}]', *attachments])
    assert await next_text(ws) == f'{head}["message-back",{arguments}]'
    for attachment in attachments:
        assert await next_text(ws) == attachment
    await ws.close()


async def test_case_70_calls_never_answered(sut):
    count = 2000
    ws = await join_ws(sut)
    await ws.send_raw(frame(TEXT, b'42["call",300]') * count)
    answers = 0
    ids = set()
    while answers < count:
        packet = await next_text(ws, scaled(10))
        if packet == '42["answer","none"]':
            answers += 1
        else:
            ids.add(packet)
    assert len(ids) == count
    await echoes(ws)
    sut.mark()
    await ws.send_raw(frame(TEXT, b'42["call",60000]') * count)
    for _ in range(count):
        assert "question" in await next_text(ws)
    ws.abort()
    reports = await sut.wait_reports(count + 1)
    assert reports.count("call cancelled") == count and len(reports) == count + 1


async def test_case_70_calls_pending_when_the_server_leaves(sut):
    ws = await join_ws(sut)
    await ws.send_messages(['42["call",60000]'] * 100 + ['42["kick"]'])
    while await next_text(ws) != "41":
        pass
    reports = await sut.wait_reports(101)
    assert reports.count("call cancelled") == 100
    await ws.close()


@pytest.mark.parametrize("head", ["50-", "5-", "5x-", "511-", "599999999999-", "5 1-", "5-1-",
                                  "51", "51/custom,", "60-", "611-", "5184467440737095516171-"])
async def test_case_71_attachment_counts_that_break(sut, head):
    await assert_breaks(sut, f'4{head}["message",{ONE}]')


async def test_case_71_ten_attachments(sut):
    attachments = [bytes([i]) * i for i in range(10)]
    placeholders = ",".join(f'{{"_placeholder":true,"num":{i}}}' for i in range(10))
    await assert_echoed(sut, placeholders, attachments)


async def test_case_71_attachments_that_never_come(case):
    sut = case.serve("--reassembly-timeout-ms", "300")
    ws = await join_ws(sut)
    sut.mark()
    await ws.send_text(f'452-["message",{ONE}]')
    await ws.send_binary(b"x")
    await assert_closes(ws)
    assert await sut.wait_reports(1) == ["disconnect / parse error"]
    # Completed in time, it is no deadline for what follows.
    ws = await join_ws(sut)
    await ws.send_messages([f'451-["message",{ONE}]', b"x"])
    assert await next_text(ws) == f'451-["message-back",{ONE}]'
    assert await next_text(ws) == b"x"
    other = await join_ws(sut)
    await other.send_text(f'451-["message",{ONE}]')
    await assert_closes(other)
    await echoes(ws)
    await ws.close()


async def test_case_72_disturbed_reassembly(sut):
    header = f'452-["message",{ONE}]'
    await assert_breaks(sut, header, '42["message",1]')
    await assert_breaks(sut, header, b"x", "41")
    await assert_breaks(sut, b"x")
    ws = await join_ws(sut)
    await ws.send_messages([header, "3", b"x", "3", "6", b"y"])
    assert await next_text(ws) == header.replace("message", "message-back")
    assert [await next_text(ws) for _ in range(2)] == [b"x", b"y"]
    await ws.close()
    for end in ("close", "abort"):
        ws = await join_ws(sut)
        await ws.send_messages([header, b"x" * 100_000])
        if end == "close":
            await ws.close()
        else:
            ws.abort()


def nested(depth: int, inner: str) -> str:
    """`inner` inside so many arrays, the packet's own included."""
    return "[" * (depth - 1) + inner + "]" * (depth - 1)


@pytest.mark.parametrize("placeholder", [
    '{"_placeholder":true,"num":-1}', '{"_placeholder":true,"num":1.5}',
    '{"_placeholder":true,"num":"0"}', '{"_placeholder":true,"num":1}', '{"_placeholder":true}',
    '{"_placeholder":true,"num":99999999999999999999}', '{"_placeholder":true,"num":null}'])
async def test_case_73_placeholders_that_break(sut, placeholder):
    await assert_breaks(sut, f'451-["message",{placeholder}]', b"x")


@pytest.mark.parametrize("argument", [
    ONE, f"{ONE},{ONE}", '{"num":0,"_placeholder":true}', '{"_placeholder":false,"num":7}',
    f'{{"a":[1,{{"b":{ONE}}}]}}', '"no placeholder"', nested(DEPTH_MAX - 1, ONE)])
async def test_case_73_placeholders_that_are_taken(sut, argument):
    await assert_echoed(sut, argument, [b"x"])


async def test_case_73_placeholder_in_a_text_event(sut):
    await assert_echoed(sut, '{"_placeholder":true,"num":5}')


@pytest.mark.parametrize("argument", [
    nested(20_000, "1"), "[" * 400_000, nested(DEPTH_MAX + 1, "1"), "NaN", "Infinity", "01", "1.",
    "+1", "/*c*/1", "'x'", '"\t"', '"\\x"', '"\\u12"', '{"a":1,}', "{1:2}", "tru", '"\x00"',
    "\ufeff1"])
async def test_case_74_json_that_breaks(sut, argument):
    started = time.monotonic()
    await assert_breaks(sut, f'42["message",{argument}]')
    assert time.monotonic() - started < scaled(2)


@pytest.mark.parametrize("argument", [
    nested(DEPTH_MAX, "1"), '"' + "s" * 900_000 + '"', "1e400", "9223372036854775808",
    "123456789012345678901234567890", '"\\ud800"', '"\\u0000"', '{"a":1,"a":2}', "-0.0", "1.0",
    '"\\u00e9é\\/"', '{"b":1,"a":2}', " 1 , 2 ", "[" + "1," * 300_000 + "1]"],
    ids=lambda text: text[:12])
async def test_case_74_json_that_passes_unchanged(sut, argument):
    await assert_echoed(sut, argument)


async def test_case_75_nothing_between_header_and_attachments(case):
    """Pings and other events are due all the time; a header's attachments follow it at once."""
    sut = case.serve(ping_interval_ms=50, ping_timeout_ms=10_000)
    ws = await join_ws(sut)
    await ws.send_text('42["ticker",300]')
    rounds = 300
    packet = frame(TEXT, f'452-["message",{ONE}]'.encode()) + frame(BINARY, b"a") + frame(
        BINARY, b"b")
    due: list[bytes] = []
    done = items = 0
    for _ in range(rounds // 10):
        await ws.send_raw(packet * 10)
        target = done + 10
        while done < target:
            data = (await ws.recv()).data
            if due:
                assert data == due.pop(0)
                done += not due
            elif isinstance(data, str) and data.startswith("45"):
                due = [b"a", b"b"]
            elif data == "2":
                await ws.send_text("3")
            else:
                assert '"item"' in data
                items += 1
    assert items
    await ws.close()


async def test_case_76_everything_in_one_burst(sut):
    poller = await Poller.open(sut)
    ws = await poller.probe()
    await ws.send_messages(["2probe", "5", "3", '40/custom,{"token":"t"}'])
    assert (await ws.recv()).data == "3probe"
    assert (await next_text(ws)).startswith('40/custom,{"sid":')
    assert await next_text(ws) == '42/custom,["auth",{"token":"t"}]'
    await ws.close()


async def test_case_77_ways_to_say_good_bye(sut):
    async def polling():
        poller = await Poller.open(sut)
        await poller.join()
        assert (await poller.post("41\x1e1")).body == b"ok"
        await poller.assert_gone()

    async def frames():
        ws = await join_ws(sut)
        await ws.send_messages(["41", "1"])
        await assert_closes(ws)

    async def closing():
        ws = await join_ws(sut)
        await ws.send_close(1000)
        ws.connection.writer.write_eof()
        await assert_closes(ws, 1000)

    async def killed():
        (await join_ws(sut)).abort()

    for leave, reason in ((polling, "client namespace disconnect"),
                          (frames, "client namespace disconnect"), (closing, "transport close"),
                          (killed, "transport close")):
        sut.mark()
        await leave()
        await sut.settle(0)
        assert sut.reports() == [f"disconnect / {reason}"]


async def test_case_78_recovery_keys_are_plain_auth(sut):
    ws = await open_ws(sut)
    await ws.send_text('40{"pid":"p","offset":"o","token":"t"}')
    assert set(json.loads((await next_text(ws))[2:])) == {"sid"}
    assert await next_text(ws) == '42["auth",{"pid":"p","offset":"o","token":"t"}]'
    await ws.close()


async def test_case_79_kick_with_events_in_flight(sut):
    for kind in ("kick", "close"):
        ws = await join_ws(sut)
        sut.mark()
        await ws.send_messages(['42["message",1]'] * 50 + [f'42["{kind}"]'] +
                               ['42["message",2]'] * 100)
        packets = []
        while (message := await ws.recv()).kind != "close":
            packets.append(message.data)
            if message.data == "41" and kind == "kick":
                break
        assert packets[-1] == "41"
        assert packets[:50] == ['42["message-back",1]'] * 50
        assert await sut.wait_reports(1) == ["disconnect / server namespace disconnect"]
        ws.abort()


async def test_case_79_both_namespaces_end_with_the_session(sut):
    ws = await join_ws(sut)
    await ws.send_text("40/custom,")
    await next_text(ws), await next_text(ws)
    await ws.send_text('42["close"]')
    packets = {await next_text(ws) for _ in range(2)}
    assert packets == {"41", "41/custom,"}
    await assert_closes(ws)


async def test_case_80_shutdown_with_many_clients():
    server = ConformanceServer.start(5000, 4000, extra=("--threads", "3", "--report-disconnects"))
    sut = SimpleNamespace(address=server.address)
    count = 50 if SANITIZER else 150
    try:
        wss = [await join_ws(sut) for _ in range(count)]
        pollers = [await Poller.open(sut) for _ in range(count)]
        parked = []
        for poller in pollers:
            await poller.join()
            parked.append(await poller.park())
            assert (await poller.post("3")).body == b"ok"
        probes = [await (await Poller.open(sut)).probe() for _ in range(count // 5)]
        started = time.monotonic()
        server.terminate()
        for ws in wss:
            await assert_closes(ws, 1001)
        for ws in probes:
            await assert_closes(ws, 1001)
        for connection in parked:
            assert (await connection.read_response()).body == b"1"
            connection.abort()
        await asyncio.to_thread(server.wait)
        assert time.monotonic() - started < scaled(5)
        assert server.stdout.count("disconnect / server shutting down") == 2 * count
    finally:
        server.stop()
