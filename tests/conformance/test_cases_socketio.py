"""Cases 61 to 69: Socket.IO packets, as amended by DECISIONS 1 to 4, 6 and 15."""

import time

import pytest

from support.deadlines import STEP

from conformance.wire import assert_closes, echoes, join_ws, next_text, open_ws


async def assert_ignored(sut, *packets: str | bytes) -> None:
    """In `/`: nothing comes back and the connection stays."""
    ws = await join_ws(sut)
    await ws.send_messages(list(packets))
    await ws.send_text('42["message","next"]')
    assert await next_text(ws) == '42["message-back","next"]'
    await ws.close()


async def assert_breaks(sut, *packets: str | bytes) -> None:
    ws = await join_ws(sut)
    sut.mark()
    await ws.send_messages(list(packets))
    await assert_closes(ws, 1008)
    assert await sut.wait_reports(1) == ["disconnect / parse error"]


async def test_case_61_namespaces(sut):
    for name in ("/random", "/custom?x=1", "/über", '/custom{"a":1}', "/" + "n" * 200, '/"quoted"',
                 "/custom/"):
        for comma in ("", ","):
            ws = await open_ws(sut)
            await ws.send_text(f"40{name}{comma}")
            assert await next_text(ws) == f'44{name},{{"message":"Invalid namespace"}}'
            await ws.send_text("40/custom")
            assert (await next_text(ws)).startswith('40/custom,{"sid":')
            await ws.close()
    for name in ("/" + "n" * 64_000, "/a\x00b", "/a\x1eb", "/a\nb"):
        ws = await open_ws(sut)
        await ws.send_text(f"40{name},")
        await assert_closes(ws, 1008)


async def test_case_62_connect_twice(sut):
    ws = await join_ws(sut)
    await ws.send_text("40")
    assert await next_text(ws) == '44{"message":"Already connected"}'
    await echoes(ws)
    await ws.close()


async def test_case_62_connect_while_pending(case):
    sut = case.serve("--connect-delay-ms", "200")
    ws = await open_ws(sut)
    await ws.send_messages(["40", "40", '42["message","too early"]', "41", "40/custom,"])
    assert await next_text(ws) == '44{"message":"Already connected"}'
    packets = [await next_text(ws) for _ in range(4)]
    assert {packet.split("{")[0] for packet in packets if packet.startswith("40")} == {
        "40", "40/custom,"}
    assert {packet for packet in packets if packet.startswith("42")} == {
        '42["auth",{}]', '42/custom,["auth",{}]'}
    await echoes(ws)
    await ws.close()
    # Gone before the verdict.
    for _ in range(10):
        ws = await open_ws(sut)
        await ws.send_text("40")
        ws.abort()


async def test_case_62_a_thousand_namespaces(sut):
    ws = await join_ws(sut)
    await ws.send_messages([f"40/n{i}" for i in range(1000)])
    for i in range(1000):
        assert await next_text(ws) == f'44/n{i},{{"message":"Invalid namespace"}}'
    await echoes(ws)
    await ws.close()


@pytest.mark.parametrize("payload", ['"x"', "[]", "-1", "null", "{", '{"a":}', "{}x", "true"])
async def test_case_63_connect_payload_that_breaks(sut, payload):
    ws = await open_ws(sut)
    await ws.send_text(f"40{payload}")
    await assert_closes(ws, 1008)


async def test_case_63_connect_payload_that_is_taken(sut):
    for payload in ("{}", '{"__proto__":{}}', '{"a":"' + "x" * 900_000 + '"}', '{ "a" : 1 }'):
        ws = await open_ws(sut)
        await ws.send_text(f"40{payload}")
        assert (await next_text(ws)).startswith('40{"sid":')
        assert await next_text(ws) == f'42["auth",{payload}]'
        await ws.close()


async def test_case_64_refused_connect(sut):
    ws = await open_ws(sut)
    for namespace in ("", "/custom,"):
        await ws.send_text(f'40{namespace}{{"refuse":true}}')
        assert await next_text(ws) == (
            f'44{namespace}{{"message":"not authorized","data":{{"why":"asked"}}}}')
    await ws.send_text("40")  # DECISIONS 4: it may be tried again
    assert (await next_text(ws)).startswith('40{"sid":')
    await ws.close()


async def test_case_65_connect_timeout(case):
    sut = case.serve(connect_timeout_ms=500)
    slow = case.serve("--connect-delay-ms", "2000", connect_timeout_ms=500)
    case.not_for_clients(slow)
    for server, words in ((sut, []), (sut, ['40{"refuse":true}', "40/random"]), (slow, ["40"])):
        started = time.monotonic()  # before the server's clock starts, however slow this machine is
        ws = await open_ws(server)
        await ws.send_messages(words)
        await assert_closes(ws)
        assert 0.4 < time.monotonic() - started < 0.5 + STEP
    joined = await join_ws(sut)
    left = await join_ws(sut)
    await left.send_text("41")
    other = await open_ws(sut)
    await assert_closes(other)  # the deadline of the two others has passed before
    await echoes(joined)
    await left.send_text("40")
    assert (await next_text(left)).startswith('40{"sid":')
    await joined.close()
    await left.close()


async def test_case_66_namespace_not_joined(sut):
    await assert_ignored(sut, '42/custom,["message",1]', '42/custom,1["message-with-ack",1]',
                         "43/custom,1[]", "41/custom,", "41/nowhere", '42/nowhere,["x"]',
                         '451-/custom,["message",{"_placeholder":true,"num":0}]', b"x")


async def test_case_66_namespace_that_the_server_left(sut):
    ws = await join_ws(sut, "/custom,")
    await ws.send_messages(['42/custom,["kick"]'] + ['42/custom,5["message-with-ack",1]'] * 50)
    answers = 0
    while (packet := await next_text(ws)) != "41/custom,":
        assert packet == "43/custom,5[1]"
        answers += 1
    assert answers <= 50
    await ws.send_messages(['42/custom,["message",1]', "40"])
    assert (await next_text(ws)).startswith('40{"sid":'), "nothing more of the namespace it left"
    assert sut.reports() == ["disconnect /custom server namespace disconnect"]
    await ws.close()


async def test_case_66_rejoin(sut):
    ws = await open_ws(sut)
    sids = set()
    for _ in range(3):
        await ws.send_text("40/custom")
        sids.add((await next_text(ws)))
        assert await next_text(ws) == '42/custom,["auth",{}]'
        await ws.send_text("41/custom")
    assert len(sids) == 3
    await sut.wait_reports(3)
    assert sut.reports() == ["disconnect /custom client namespace disconnect"] * 3
    await ws.close()


async def test_case_67_reserved_names_are_ignored(sut):
    await assert_ignored(sut, *(f'42["{name}"]' for name in (
        "connect", "connect_error", "disconnect", "disconnecting", "newListener",
        "removeListener", "error", "\\u0063onnect")))


async def test_case_67_numeric_and_unknown_names_are_ignored(sut):
    await assert_ignored(sut, "42[1]", '42["nobody"]', '42[""]', '421["nobody"]', "42[-1.5e3,2]")


@pytest.mark.parametrize("packet", ["42[]", "42{}", '42[["a"]]', "42[null]", '42[{"a":1}]', "42",
                                    '42["a"]x', '42 ["a"]', "42null", '42["a"', '42["a",]', "4",
                                    "47", "4-1", '43', "43{}", '41{"a":1}', '44{"message":"x"}',
                                    '44/custom,"x"'])
async def test_case_67_packets_that_break(sut, packet):
    await assert_breaks(sut, packet)


async def test_case_68_ack_ids(sut):
    ws = await join_ws(sut)
    for digits in ("0", "007", "2147483648", "9007199254740", "999999999999999"):
        await ws.send_text(f'42{digits}["message-with-ack",1]')
        assert await next_text(ws) == f"43{digits}[1]"
    await ws.close()
    for digits in ("9007199254740993", "18446744073709551616", "9" * 400, "-1", "1.5", "+1"):
        await assert_breaks(sut, f'42{digits}["message-with-ack",1]')


async def test_case_69_acks_from_the_client(sut):
    ws = await join_ws(sut)
    other = await join_ws(sut)
    await ws.send_text("40/custom,")
    await next_text(ws), await next_text(ws)
    await ws.send_text('42["call",60000]')
    packet = await next_text(ws)
    ack_id = packet[2:packet.index("[")]
    assert packet == f'42{ack_id}["question"]' and int(ack_id) < 2**31
    # None of these is the answer.
    await other.send_text(f"43{ack_id}[9]")
    await echoes(other)
    await ws.send_messages([f"43/custom,{ack_id}[9]", "4399[9]", f"43{int(ack_id) + 1}[9]", "43[9]",
                            "434294967296[9]", f"43{'9' * 15}[9]"])
    await ws.send_messages([f"43{ack_id}[1,2]", f"43{ack_id}[3]"])
    assert await next_text(ws) == '42["answer",[1,2]]'
    await echoes(ws)
    await ws.send_text('42["call",50]')
    late = await next_text(ws)
    assert await next_text(ws) == '42["answer","none"]'
    await ws.send_text(f"43{late[2:late.index('[')]}[1]")
    await echoes(ws)
    await ws.send_text('42["call",60000]')
    empty = await next_text(ws)
    await ws.send_text(f"43{empty[2:empty.index('[')]}[]")
    assert await next_text(ws) == '42["answer",[]]'
    await ws.close()
    await other.close()
