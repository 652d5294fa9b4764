"""Cases 21 to 37: long-polling."""

import asyncio
import socket
import struct
import time
from pathlib import Path

import pytest

from support.deadlines import SANITIZER, STEP, scaled

from conformance.wire import ECHO, Poller, assert_error, connect, poll_target


def rss(sut) -> int:
    pages = Path(f"/proc/{sut.server.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


async def test_case_21_largest_body(sut):
    poller = await Poller.open(sut, ECHO)
    assert (await poller.post("4" + "a" * 999_999)).body == b"ok"
    assert (await poller.poll_until(1))[0] == "4" + "a" * 999_999
    before = rss(sut)
    assert (await poller.post("4" + "a" * 1_000_000)).status == 413
    connection = await connect(sut)
    await connection.send(connection.request_bytes("POST", poller.url,
                                                   [("Content-Length", str(10**9))]) + b"4" * 100)
    assert (await connection.read_response()).status == 413
    connection.abort()
    if not SANITIZER:  # whose quarantine keeps what has been freed
        assert rss(sut) - before < 20_000_000
    await poller.assert_usable()
    await poller.post("1")


async def test_case_22_overlapping_gets(sut):
    poller = await Poller.open(sut)
    parked = await poller.park()
    assert (await poller.post("40")).body == b"ok"  # its answers release the first GET
    await parked.read_response()
    while True:
        first, second = await asyncio.gather(poller.get(), poller.get())
        if 400 in (first.status, second.status):
            break
    # Whichever was parked hears the close packet, perhaps behind what was due.
    told = first if first.status == 200 else second
    assert told.text.split("\x1e")[-1] == "1"
    await poller.assert_gone()


async def test_case_23_overlapping_posts(sut):
    poller = await Poller.open(sut, ECHO)
    first = await connect(sut)
    await first.send(first.request_bytes("POST", poller.url, [("Content-Length", "100")]) + b"4x")
    parked = await poller.park()
    while (second := await poller.post("4y")).status == 200:
        pass  # the first was not seen yet
    assert second.status == 400
    assert await first.at_end()
    assert (await parked.read_response()).text.endswith("1")
    await poller.assert_gone()
    first.abort()
    parked.abort()


@pytest.mark.parametrize("how", ["FIN", "RST"])
async def test_case_24_aborted_poll(sut, how):
    poller = await Poller.open(sut)
    await poller.join()
    parked = await poller.park()
    assert (await poller.post("3")).body == b"ok"
    started = time.monotonic()
    if how == "RST":
        parked.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    parked.writer.transport.abort()
    reports = await sut.wait_reports(1)
    assert time.monotonic() - started < scaled(0.5)
    assert reports in (["disconnect / transport close"], ["disconnect / transport error"])
    await poller.assert_gone()


async def test_case_25_half_open_poll_ends_by_heartbeat(case):
    sut = case.fast()
    poller = await Poller.open(sut)
    parked = await poller.park()  # answered with a ping, and nobody sends the pong
    started = time.monotonic()
    assert (await parked.read_response()).body == b"2"
    parked = await poller.park()
    assert (await parked.read_response()).body == b"1"
    assert time.monotonic() - started < 0.5 + STEP
    await poller.assert_gone()
    parked.abort()


@pytest.mark.parametrize("body", ["", "\x1e", "4\x1e", "\x1e\x1e4x", "abc", "7x", "9", "é", "2",
                                  "2probe", "0{}", b"4\xff", b"\x00", b"4x\x1e\x1e"])
async def test_case_26_27_28_posts_that_do_not_parse_close(sut, body):
    poller = await Poller.open(sut, ECHO)
    assert (await poller.post(body)).status == 400
    await poller.assert_gone()


async def test_case_28_packets_out_of_place_are_ignored(sut):
    poller = await Poller.open(sut, ECHO)
    for body in ("5", "6", "3", "3probe"):
        assert (await poller.post(body)).body == b"ok"
    await poller.assert_usable()
    await poller.post("1")


async def test_case_29_many_packets_in_a_post(sut):
    poller = await Poller.open(sut)
    await poller.join()
    assert (await poller.post("\x1e".join(["3"] * 50_000))).body == b"ok"
    count = 20_000 if SANITIZER else 40_000
    started = time.monotonic()
    body = "\x1e".join(f'42["message",{i}]' for i in range(count))
    assert len(body) < 1_000_000
    assert (await poller.post(body)).body == b"ok"
    assert time.monotonic() - started < scaled(5)
    await sut.alive()
    # All of the answers are due; the first polls show their order.
    for start in range(0, 320, 16):
        assert await poller.poll() == [f'42["message-back",{i}]' for i in range(start, start + 16)]
    await poller.post("1")


async def test_case_30_at_most_sixteen_packets_and_max_payload_bytes(case):
    sut = case.serve(max_payload=10_000)
    poller = await Poller.open(sut)
    await poller.join()
    await poller.post('42["burst",1000,100]')
    expected = iter(range(1000))
    received = 0
    while received < 1000:
        response = await poller.get()
        packets = response.text.split("\x1e")
        assert len(packets) <= 16 and len(response.body) <= 10_000
        for packet in packets:
            if packet == "2":
                await poller.post("3")
                continue
            assert packet.startswith(f'42["item",{next(expected)},')
            received += 1
    await poller.post('42["burst",10,4000]')
    for start in range(0, 10, 2):
        assert len(await poller.poll()) == 2, "two of 4 kB fit, three do not"
    await poller.post("1")


async def test_case_31_base64(sut):
    for text, expected in (("bAQIDBA==", "bAQIDBA=="), ("bAQIDBA", "bAQIDBA=="), ("b", "b"),
                           ("b+/+/", "b+/+/")):
        poller = await Poller.open(sut, ECHO)
        assert (await poller.post(text)).body == b"ok", text
        assert await poller.poll_until(1) == [expected]
        await poller.post("1")
    for text in ("bAQ!D", "bAQ ID", "bAQID\n", "b-_-_", "bA", "bA=", "bAQIDBA=", "bAQ==ID", "b="):
        poller = await Poller.open(sut, ECHO)
        assert (await poller.post(text)).status == 400, text
        await poller.assert_gone()
    poller = await Poller.open(sut, ECHO)
    large = "b" + "AAAA" * 249_999
    assert (await poller.post(large)).body == b"ok"
    assert await poller.poll_until(1) == [large]
    await poller.post("1")


async def test_case_32_attachments_in_other_posts(sut):
    poller = await Poller.open(sut)
    await poller.join()
    header = '452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
    assert (await poller.post(header)).body == b"ok"
    assert (await poller.post("bAQID")).body == b"ok"
    assert (await poller.post("bBAU=\x1e42[\"message\",2]")).body == b"ok"
    assert await poller.poll_until(4) == [header.replace("message", "message-back"), "bAQID",
                                          "bBAU=", '42["message-back",2]']
    await poller.post("1")


async def test_case_33_attachments_in_the_next_response(sut):
    poller = await Poller.open(sut)
    await poller.join()
    fillers = "\x1e".join(['42["message",0]'] * 15)
    header = '452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
    await poller.post(f"{fillers}\x1e{header}\x1ebAQID\x1ebBAU=")
    first = await poller.poll()
    assert len(first) == 16 and first[15].startswith('452-["message-back"')
    assert await poller.poll() == ["bAQID", "bBAU="]
    await poller.post("1")


async def test_case_34_post_before_the_first_get(sut):
    poller = await Poller.open(sut)
    assert (await poller.post("40")).body == b"ok"
    assert (await poller.post('42["message",1]')).body == b"ok"
    packets = await poller.poll_until(3)
    assert packets[0].startswith('40{"sid":')
    assert packets[1:] == ['42["auth",{}]', '42["message-back",1]']
    await poller.post("1")


async def test_case_35_handshakes_that_never_poll_expire(case):
    sut = case.fast()
    count = 300 if SANITIZER else 2000
    connection = await connect(sut)
    started = time.monotonic()
    for _ in range(count):
        assert (await connection.request("GET", poll_target())).status == 200
    took = time.monotonic() - started
    await sut.settle(0, scaled(0.6) + took + STEP)
    connection.abort()


async def test_case_36_content_types(sut):
    poller = await Poller.open(sut, ECHO)
    for kind in ("text/plain", "text/plain;charset=UTF-8", "application/json", "text/html", "x/y",
                 "multipart/form-data", "application/x-www-form-urlencoded", "nonsense", ""):
        assert (await poller.post("3", [("Content-Type", kind)])).body == b"ok", kind
    await poller.assert_usable()
    refused = await poller.post("4x", [("Content-Type", "application/octet-stream")])
    assert refused.status == 400
    await poller.assert_gone()


async def test_case_37_server_close_waits_for_the_next_poll(case):
    sut = case.serve("--closing-grace-ms", "600")
    poller = await Poller.open(sut)
    await poller.join()
    await poller.post('42["burst",20,1]\x1e42["close"]')
    first, second = await poller.poll(), await poller.poll()
    # Twenty items, the leave and the close packet: never seventeen at once.
    assert len(first) <= 16 and len(second) <= 16
    items = [packet for packet in first + second if packet.startswith('42["item"')]
    assert len(items) == 20
    assert second[-2:] == ["41", "1"]
    await poller.assert_gone()

    for count in (0, 13, 14, 15, 16, 29, 30, 31):  # around every border of a response
        poller = await Poller.open(sut)
        await poller.join()
        await poller.post(f'42["burst",{count},1]\x1e42["close"]')
        packets: list[str] = []
        while packets[-1:] != ["1"]:
            response = await poller.poll()
            assert len(response) <= 16
            packets += response
        assert packets[-2:] == ["41", "1"] and len(packets) == count + 2

    poller = await Poller.open(sut)
    await poller.join()
    await poller.post('42["close"]')

    async def forgotten():
        while True:  # a POST does not count as the client's last poll
            answer = await poller.post("3")
            if answer.header("content-type") == "application/json":
                assert_error(answer, 1)
                return
            assert answer.status == 400
            await asyncio.sleep(0.02)
    await asyncio.wait_for(forgotten(), 0.6 + STEP)
    await poller.assert_gone()


async def test_case_37_server_close_with_a_parked_poll(sut):
    poller = await Poller.open(sut)
    await poller.join()
    parked = await poller.park()
    assert (await poller.post("3")).body == b"ok"
    await poller.post('42["close"]')
    packets = (await parked.read_response()).text.split("\x1e")
    if packets == ["41"]:
        packets += await poller.poll()
    assert packets == ["41", "1"]
    await poller.assert_gone()
    parked.abort()
