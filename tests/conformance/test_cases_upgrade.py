"""Cases 38 to 49: upgrades and their races."""

import asyncio
import json
import time

import pytest

from support.deadlines import STEP, scaled
from support.ws import BINARY, TEXT, HandshakeRefused, WebSocket, frame

from conformance.wire import (ECHO, Poller, assert_closes, assert_error, connect, get, next_text,
                              poll_target, ws_target)


async def test_case_38_upgrade_without_a_poll(sut):
    poller = await Poller.open(sut, ECHO)
    started = time.monotonic()
    ws = await poller.upgrade()
    await ws.send_text("4hello")
    assert (await ws.recv()).data == "4hello"
    assert time.monotonic() - started < scaled(0.5)
    await ws.close()


async def test_case_39_polls_during_the_probe(sut):
    poller = await Poller.open(sut, ECHO)
    parked = await poller.park()
    assert (await poller.post("3")).body == b"ok"
    ws = await poller.probe()
    started = time.monotonic()
    await ws.send_text("2probe")
    assert (await ws.recv()).data == "3probe"
    assert (await parked.read_response()).body == b"6"
    for _ in range(3):
        assert await poller.poll() == ["6"]
    assert time.monotonic() - started < scaled(0.6), "released at once, not by the next ping"
    assert (await poller.post("4data")).body == b"ok"
    assert await poller.poll() == ["4data"], "data goes on over polling"
    await ws.send_text("5")
    await ws.send_text("4hello")
    assert (await ws.recv()).data == "4hello", "no noop comes over the websocket"
    parked.abort()
    await ws.close()


async def test_case_39_a_poll_parked_at_the_switch_is_released(sut):
    for _ in range(20):
        poller = await Poller.open(sut, ECHO)
        ws = await poller.probe()
        await ws.send_text("2probe")
        assert (await ws.recv()).data == "3probe"
        parked = await poller.park()
        await ws.send_text("5")
        answer = await parked.read_response()
        # Parked before the switch or refused after it.
        if answer.status == 400:
            assert_error(answer, 3)
        else:
            assert answer.body == b"6"
        await ws.send_text("4x")
        assert (await ws.recv()).data == "4x"
        parked.abort()
        await ws.close()


@pytest.mark.parametrize("size", [1000, 1])
async def test_case_40_probe_and_switch_in_pieces(sut, size):
    poller = await Poller.open(sut, ECHO)
    ws = await poller.probe()
    data = b"".join(frame(TEXT, word) for word in (b"2probe", b"5", b"4hello"))
    for start in range(0, len(data), size):
        await ws.send_raw(data[start:start + size])
        await asyncio.sleep(0)  # lets each piece go out by itself
    assert [(await ws.recv()).data for _ in range(2)] == ["3probe", "4hello"]
    await ws.close()


async def test_case_41_events_across_upgrades(sut):
    """Every packet exactly once and in order, whenever the switch comes."""
    async def one(turn: int) -> None:
        poller = await Poller.open(sut)
        await poller.join()
        await poller.post('42["ticker",100]')
        items: list[int] = []

        def take(packet: str) -> None:
            if packet.startswith("42"):
                items.append(json.loads(packet[2:])[1])
            else:
                assert packet in ("6", "2"), packet

        for _ in range(turn % 4):
            for packet in await poller.poll():
                take(packet)
        ws = await poller.probe()
        await ws.send_text("2probe")
        polling = asyncio.create_task(poller.get())
        assert (await ws.recv()).data == "3probe"
        for packet in (await polling).text.split("\x1e"):
            take(packet)
        await ws.send_text("5")
        while len(items) < 100:
            take(await next_text(ws))
        assert items == list(range(100))
        await ws.close()

    for start in range(0, 60, 20):
        await asyncio.gather(*(one(turn) for turn in range(start, start + 20)))


async def test_case_42_post_in_flight_at_the_switch(sut):
    poller = await Poller.open(sut, ECHO)
    slow = await connect(sut)
    body = b"4first\x1e4second"
    await slow.send(slow.request_bytes("POST", poller.url, [("Content-Length", str(len(body)))]) +
                    body[:4])
    # The upgrade takes a connection and two round trips, so the header above is long there.
    ws = await poller.probe()
    await ws.send_text("2probe")
    assert (await ws.recv()).data == "3probe"
    await ws.send_messages(["5", "4third"])
    await slow.send(body[4:])
    assert (await slow.read_response()).body == b"ok"
    assert [(await ws.recv()).data for _ in range(3)] == ["4first", "4second", "4third"]
    slow.abort()
    await ws.close()


async def test_case_42_post_cut_off_after_the_switch(sut):
    poller = await Poller.open(sut, ECHO)
    slow = await connect(sut)
    await slow.send(slow.request_bytes("POST", poller.url, [("Content-Length", "100")]) + b"4x")
    ws = await poller.upgrade()
    slow.abort()
    await assert_closes(ws)


@pytest.mark.parametrize("how", ["close", "FIN", "nothing sent"])
async def test_case_43_probe_that_goes_away(sut, how):
    poller = await Poller.open(sut, ECHO)
    ws = await poller.probe()
    if how != "nothing sent":
        await ws.send_text("2probe")
        assert (await ws.recv()).data == "3probe"
    if how == "close":
        await ws.close()
        await assert_closes(ws)
    else:
        ws.abort()
    await poller.assert_usable()
    while True:  # the server may hear of the lost probe a little later
        ws = await poller.probe()
        await ws.send_text("2probe")
        if (await ws.recv()).data == "3probe":
            break
    await ws.send_text("5")
    await ws.send_text("4again")
    assert (await ws.recv()).data == "4again"
    await ws.close()


@pytest.mark.parametrize("words", [
    ["2probe", "4hello"], ["5"], ["3probe"], ["2"], ["2probe", "2probe"], ["2probe", "1"], ["x"],
    [b"2probe"]])
async def test_case_44_probe_out_of_order(sut, words):
    poller = await Poller.open(sut, ECHO)
    ws = await poller.probe()
    await ws.send_messages(words)
    await assert_closes(ws)
    await poller.assert_usable()
    await poller.post("1")


async def test_case_45_probe_never_completed(case):
    sut = case.serve("--upgrade-timeout-ms", "300")
    for words in ([], ["2probe"]):
        poller = await Poller.open(sut, ECHO)
        started = time.monotonic()
        ws = await poller.probe()
        await ws.send_messages(words)
        await assert_closes(ws)
        assert 0.2 < time.monotonic() - started < 0.3 + STEP
        await poller.assert_usable()
        await poller.post("1")


async def test_case_46_two_probes(sut):
    for _ in range(10):
        poller = await Poller.open(sut, ECHO)
        both = await asyncio.gather(poller.probe(), poller.probe())
        for ws in both:
            await ws.send_text("2probe")
        answers = await asyncio.gather(*(ws.recv() for ws in both))
        assert sorted(answer.kind for answer in answers) == ["close", "text"]
        winner = next(ws for ws, answer in zip(both, answers) if answer.kind == "text")
        await winner.send_text("5")
        await winner.send_text("4won")
        assert (await winner.recv()).data == "4won"
        await assert_closes(await poller.probe())
        await winner.send_text("4still")
        assert (await winner.recv()).data == "4still"
        await winner.close()


async def test_case_47_upgrades_that_are_refused(sut):
    ws = await WebSocket.connect(*sut.address, ws_target())
    sid = json.loads((await ws.recv()).data[1:])["sid"]
    with pytest.raises(HandshakeRefused) as refused:
        await WebSocket.connect(*sut.address, ws_target(sid))
    assert_error(refused.value.response, 3)
    await ws.close()
    poller = await Poller.open(sut)
    await poller.post("1")
    with pytest.raises(HandshakeRefused) as refused:
        await poller.probe()
    assert_error(refused.value.response, 1)
    # Closed by the server, and its client has not heard of it.
    poller = await Poller.open(sut)
    await poller.join()
    await poller.post('42["close"]')
    with pytest.raises(HandshakeRefused) as refused:
        await poller.probe()
    assert_error(refused.value.response, 1)
    assert (await poller.poll())[-1] == "1"


async def test_case_47_session_that_closes_during_the_probe(sut):
    for words in (["1"], ["abc"]):
        poller = await Poller.open(sut, ECHO)
        ws = await poller.probe()
        await ws.send_text("2probe")
        assert (await ws.recv()).data == "3probe"
        await poller.post(words[0])
        await assert_closes(ws)
        await poller.assert_gone()


async def test_case_48_ping_during_the_probe(case):
    sut = case.fast()
    poller = await Poller.open(sut, ECHO)
    ws = await poller.probe()
    await ws.send_text("2probe")
    assert (await ws.recv()).data == "3probe"
    while (packets := await poller.poll()) == ["6"]:
        pass
    assert packets == ["2"], "the ping goes out over polling"
    await ws.send_text("5")
    await ws.send_text("3")
    for _ in range(2):  # and the next ones over the websocket, with nothing before them
        assert (await ws.recv()).data == "2"
        await ws.send_text("3")
    await ws.close()


async def test_case_49_polls_after_the_upgrade(sut):
    poller = await Poller.open(sut, ECHO)
    ws = await poller.upgrade()
    await ws.send_text("4a")
    assert (await ws.recv()).data == "4a"
    assert_error(await poller.get(), 3)
    assert_error(await poller.post("4x"), 3)
    assert_error(await poller.post("4" + "x" * 200_000), 3)
    await ws.send_text("4b")
    assert (await ws.recv()).data == "4b"
    await ws.close()


async def test_base64_only_clients_get_no_binary_frames(sut):
    """`b64=1`: on a websocket too, and for what was queued before the upgrade."""
    ws = await WebSocket.connect(*sut.address, ws_target(path=ECHO) + "&b64=1")
    assert (await ws.recv()).data.startswith("0{")
    await ws.send_binary(b"\x01\x02\x03")
    assert (await ws.recv()).data == "bAQID"
    await ws.close()
    response = await get(sut, poll_target(path=ECHO) + "&b64=1")
    poller = Poller(sut, response.text, ECHO)
    ws = await poller.probe()
    await ws.send_text("2probe")
    assert (await ws.recv()).data == "3probe"
    assert (await poller.post("bAQID")).body == b"ok"
    await ws.send_text("5")
    assert (await ws.recv()).data == "bAQID"
    await ws.close()


async def test_case_59_frames_behind_the_upgrade_request(sut):
    """Early frames, on new sessions and on probes, while other websockets come and go."""
    async def fresh(turn: int) -> None:
        ws = await WebSocket.connect(*sut.address, ws_target(path=ECHO),
                                     early=frame(TEXT, b"4early") + frame(BINARY, b"\x01"))
        assert (await ws.recv()).data.startswith('0{"sid":')
        assert (await ws.recv()).data == "4early"
        assert (await ws.recv()).data == b"\x01"
        if turn % 2:
            ws.abort()
        else:
            await ws.close()

    async def probing() -> None:
        poller = await Poller.open(sut, ECHO)
        ws = await WebSocket.connect(*sut.address, ws_target(poller.sid, ECHO),
                                     early=frame(TEXT, b"2probe") + frame(TEXT, b"5") +
                                     frame(TEXT, b"4early"))
        assert (await ws.recv()).data == "3probe"
        assert (await ws.recv()).data == "4early"
        await ws.close()

    for _ in range(10):
        await asyncio.gather(*(fresh(turn) for turn in range(20)), *(probing() for _ in range(10)))
