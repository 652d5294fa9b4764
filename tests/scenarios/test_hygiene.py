"""Scenarios 99 to 104: what no client may do to another, and what must not remain."""

import asyncio
import random

import pytest

from support.generation import JOIN, TOOL_CALL, assert_ok, query, routed_events, update_events
from support.raw import (BROKEN, RECORDER, SANITIZER, TEXT, HandshakeRefused, Peer, eventually,
                         dumps, fetch, frame, scaled, target)
from support.scenario import scenario

FORGED_NEWS = ("enter_office", "leave_office", "update_config", "update_tool_list",
               "update_desktop", "tool_call_cancel")
NEAR_MISSES = ("server_join_office", "server_leave_office", "client_tool_call", "trigger_event",
               "on_disconnect", "Server:leave_office", "server:leave_office ", "leave_office")
# What section 8 leaves to the operator.
OTHER_CHOICES = {"protocol__passthrough_events": "client:my_event,client:put_blob",
                 "protocol__ack_notifications": "false"}
RESERVED = ("connect", "connect_error", "disconnect", "disconnecting", "error", "newListener",
            "removeListener")


@scenario(99, "all")
async def test_scenario_099_reserved_names_and_notifications_have_no_effect(w):
    office, agent, computer = await w.pair()
    for sender, other in ((computer, agent), (agent, computer)):
        for name in FORGED_NEWS:
            await sender.emit(f"notify:{name}", {"office_id": office, "computer": "x", "agent": "y",
                                                 "req_id": "r"})
        for name in RESERVED:
            await sender.emit(name)
            await sender.emit(name, {"reason": "x"})
            await sender.send(f'42/smcp,77["{name}"]')
        for name in NEAR_MISSES:
            await sender.emit(name, {"office_id": office, "role": "agent", "name": "x"})
        await other.expect_nothing(after=(sender,))
        sender.assert_nothing_unread()
        assert not sender.session.ended.is_set()
    await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])
    await w.assert_routable(agent, computer)


@scenario(100, "all")
async def test_scenario_100_unknown_events_get_a_defined_answer(w):
    office, agent, computer = await w.pair()
    for peer in (agent, computer, await w.peer()):
        for name in ("client:nothing", "client:", "client:get_dpe", "client:tool_call2"):
            answer = (await peer.call(name, {"computer": "pc"})).only
            assert (answer["code"], answer["message"]) == (400, "Unknown event")
        for name in ("anything", "server:nothing", "", "notify:enter_office", "server_join_office"):
            assert (await peer.call(name, {"x": 1})).text == "[]"
    await computer.expect_nothing(after=(agent,))
    await w.assert_routable(agent, computer)


@scenario(100, "all", **OTHER_CHOICES)
async def test_scenario_100_events_that_the_configuration_names_are_relayed(w):
    office, agent, computer = await w.pair()
    payload = {"agent": "bot", "req_id": "r", "computer": "pc", "x": [1]}
    names = ["client:my_event", "client:put_blob"]  # the second one is new only in 0.4
    for name in names:
        call = agent.start_call(name, payload)
        request = await computer.request(name)
        assert request.raw_args == [dumps(payload)]
        await request.reply({"ok": name}, 2)
        assert (await call).args == [{"ok": name}, 2]
    # The rules of other calls hold for it, whatever the generation in the flat form.
    for sender, change, code in ((agent, {"computer": "ghost"}, 404), (agent, {"req_id": 1}, 400),
                                 (computer, {}, 403), (await w.peer(), {}, 4103)):
        answer = (await sender.call("client:my_event", {**payload, **change})).only
        assert answer["code"] == code and answer["message"]
    answer = (await agent.call("client:my_event2", payload)).only
    assert (answer["code"], answer["message"]) == (400, "Unknown event")
    await computer.expect_nothing(after=(agent,))


DEEP = "[" * 66 + "]" * 66
# Packets that end the connection of their sender (compatibility sheet 3, 5.3 and 6).
BAD_PACKETS = [
    # Engine.IO
    "7", "9x", "x", "", "2", "2probe", "0{}",
    # packet type and namespace
    "4", "47", "4x", "49[]", "4-1",
    # CONNECT, DISCONNECT, CONNECT_ERROR
    '40/smcp,"text"', "40/smcp,[1]", '40/smcp,{"a":', '44/smcp,{"message":"x"}', "44/smcp,",
    '41/smcp,{"x":1}',
    # EVENT
    "42abc", "42{}", "42/smcp,{}", "42/smcp,", "42/smcp,[", "42/smcp,[]", '42/smcp,["a"',
    '42/smcp,["a",]', '42/smcp,["a"]x', '42/smcp,["a",tru]', '42/smcp,["a",01]', '42/smcp,[null]',
    '42/smcp,[{"a":1}]', '42/smcp,["a",{"b"}]', '42/smcp,["a",{"b":1]}', '42/smcp,["a","\\x"]',
    f'42/smcp,["a",{DEEP}]', '42/smcp,1234567890123456["a"]', '42/smcp, ["a"]',
    # ACK
    '43/smcp,1{"a":1}', "43/smcp,1", '43/smcp,1"x"',
    # attachments
    '45-/smcp,["a"]', '45/smcp,["a"]', '4599999999999999999999-/smcp,["a"]', '451000-/smcp,["a"]',
    '4511-/smcp,["a",{"_placeholder":true,"num":0}]', '450-/smcp,["a"]', '46x-/smcp,1[]',
]
BROKEN_RULES = ("2", "2probe", "0{}", '44/smcp,{"message":"x"}', "44/smcp,")
BAD_SEQUENCES = [
    [b"\x01\x02"],
    ['451-/smcp,["a",{"_placeholder":true,"num":0}]', '42/smcp,["b"]'],
    ['451-/smcp,["a",{"_placeholder":true,"num":5}]', b"x"],
    ['451-/smcp,["a",{"_placeholder":true,"num":-1}]', b"x"],
    ['451-/smcp,["a",{"_placeholder":true,"num":"0"}]', b"x"],
    ['451-/smcp,["a",{"_placeholder":true,"num":0}]', b"x", b"y"],
]


@scenario(101, "all")
async def test_scenario_101_bad_packets_close_their_own_connection_only(w):
    office, agent, computer = await w.pair()
    survivors = []
    for packets in [[packet] for packet in BAD_PACKETS] + BAD_SEQUENCES:
        offender = await w.computer(w.office())
        try:
            await offender.session.send_many(packets)
            await offender.session.wait_end(scaled(2.0))
        except AssertionError:
            survivors.append(packets)
    assert not survivors, "the connection outlived these packets"
    await w.gateway.settle(sessions=2)
    await w.assert_routable(agent, computer)
    await agent.expect_nothing()


@scenario(101, "all")
async def test_scenario_101_bad_utf_8_closes_its_own_connection_only(w):
    office, agent, computer = await w.pair()
    for bad in (b'42/smcp,["a","\xff"]', b'42/smcp,["\xc0\xaf"]', b'42/smcp,["\xed\xa0\x80"]'):
        offender = await w.peer()
        await offender.session.ws.send_raw(frame(TEXT, bad))
        await offender.session.wait_end()
        assert offender.session.close_code == 1007
    await w.assert_routable(agent, computer)


@scenario(101, "all", ("polling",))
async def test_scenario_101_bad_post_is_refused_and_closes_its_session_only(w):
    office, agent, computer = await w.pair()
    for packet in BAD_PACKETS:
        offender = await w.peer()
        url = target("/socket.io/", "polling", sid=offender.session.sid)
        response = await fetch(*w.address, "POST", url, body=packet.encode())
        # What parses and only breaks a rule may be taken before the session goes.
        assert response.status in ((200, 400) if packet in BROKEN_RULES else (400,)), packet
        await offender.session.wait_end()
    await w.gateway.settle(sessions=2)
    await w.assert_routable(agent, computer)


FUZZ_BYTES = [b'"', b"[", b"]", b"{", b"}", b",", b"-", b"\\", b"9", b"\x1e"]
FUZZ_SEEDS = [
    "40/smcp,{}", "41/smcp,", "3", "6", '43/smcp,1[{"a":1}]', "461-/smcp,1[]",
    '42/smcp,["server:join_office",{"office_id":"o","role":"agent","name":"n"}]',
    '42/smcp,3["server:list_room",{"agent":"a","req_id":"r","office_id":"o"}]',
    '42/smcp,4["client:tool_call",{"agent":"a","req_id":"r","computer":"pc","tool_name":"t",'
    '"params":{},"timeout":1}]',
    '451-/smcp,["client:get_tools",{"_placeholder":true,"num":0}]',
]


def mutate(rng: random.Random, packet: str) -> bytes:
    data = bytearray(packet.encode())
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        choice = rng.randrange(5)
        if choice == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif choice == 1:
            data[at:at] = rng.choice(FUZZ_BYTES)
        elif choice == 2:
            del data[at:at + rng.randint(1, 8)]
        elif choice == 3:
            data[at:at] = data[:rng.randint(0, 40)]
        else:
            del data[at:]
        data = data or bytearray(b"4")
    return bytes(data)


@scenario(101, "all")
async def test_scenario_101_mutated_packets_harm_nobody_else(w):
    office, agent, computer = await w.pair()
    rng = random.Random(20240601)
    home = f"fuzz-{w.office()}"
    offender = None
    for _ in range(1500):
        if offender is None or offender.session.ended.is_set():
            offender = await w.computer(home, "")
            # Its own packets are nonsense from here on; what comes back is not looked at.
            offender.session.on_packet = lambda packet: None
        try:
            await offender.session.ws.send_raw(frame(TEXT, mutate(rng, rng.choice(FUZZ_SEEDS))))
        except BROKEN:
            pass
    await w.assert_routable(agent, computer)
    await agent.expect_nothing(after=(computer,))
    await computer.expect_nothing()


@scenario(102, "all")
async def test_scenario_102_connections_per_address_are_limited(w, start_gateway):
    gateway = start_gateway()
    w.gateway = gateway
    first = await w.peer()
    for _ in range(99):
        last = await w.bare("ws", source_ip="127.0.0.1")
    assert gateway.counts()["connections"] == 100
    with pytest.raises(HandshakeRefused) as refused:
        await w.peer("ws")
    assert refused.value.response.status == 503
    response = await fetch(*w.address, "GET", target("/socket.io/", "polling", query(w.gen)))
    assert response.status == 503
    elsewhere = await w.peer("ws", source_ip="127.0.0.2")
    await elsewhere.barrier()
    await first.barrier()
    await last.close()
    await gateway.settle(connections=100)
    await w.peer("ws")
    await w.close_and_check_empty()


class Churn:
    """One client that comes and goes in every way there is, and sometimes asks meanwhile."""

    def __init__(self, w, number: int):
        self.w, self.number = w, number
        self.peer: Peer | None = None
        self.role = "agent" if number % 2 else "computer"
        self.rng = random.Random(number)

    async def cycle(self, office: str) -> None:
        if self.peer is None:
            self.peer = await Peer.connect(self.w.address, query=query(self.w.gen))
            self.peer.on_request("client:get_tools", lambda event: None)
        peer, role = self.peer, self.role
        ack = await peer.join(role, f"{role}-{self.number}", office)
        joined = ack.text in ("[true,null]", "[]")
        if joined and role == "agent" and self.rng.random() < 0.3:
            partner = f"computer-{self.number - 1}"
            await peer.emit("client:get_tools", self.w.payload("client:get_tools", partner))
            peer.start_call("client:get_tools", self.w.payload("client:get_tools", partner))
        end = self.rng.random()
        if end < 0.4:
            await peer.leave(office)
        elif end < 0.6:
            await peer.send("41/smcp,")
            await peer.join_namespace({})
        elif end < 0.8:
            peer.abort()
            self.peer = None
        else:
            await peer.close()
            self.peer = None

    async def stop(self) -> None:
        if self.peer:
            self.peer.abort()


@scenario(103, "all")
@pytest.mark.within(150)
async def test_scenario_103_ten_thousand_cycles_leave_nothing(w, start_gateway):
    w.gateway = start_gateway({"calls.default_timeout": "5s"})
    cycles = 2_000 if SANITIZER else 10_000
    numbers = iter(range(cycles))

    async def churn(client: Churn):
        for number in numbers:
            await client.cycle(f"churn-{number // 8 % 50}")
        await client.stop()

    clients = [Churn(w, number) for number in range(8)]
    await asyncio.gather(*(churn(client) for client in clients))
    await w.gateway.settle_empty()
    office, agent, computer = await w.pair()
    await w.assert_routable(agent, computer)
    await w.close_and_check_empty()


@scenario(104, "all", ("ws", "polling"))
async def test_scenario_104_no_session_id_is_told_elsewhere(w):
    """Every test of the run is watched (see the recorder); this one makes every kind of packet."""
    office, agent, computer = await w.pair()
    checked, known = RECORDER.checked, set(RECORDER.known)
    assert {agent.sid, computer.sid, agent.session.sid, computer.session.sid} <= known
    computer.handlers = {event: lambda event: ({"req_id": event.payload["req_id"]},)
                         for event in routed_events(w.gen)}
    for event in routed_events(w.gen):
        for name in ("pc", "ghost"):
            await w.ask(agent, event, name)
        await w.ask(computer, event)
        await agent.call(event, {})
    rival = await w.peer()
    for role, name in (("agent", "bot"), ("computer", "pc"), ("admin", "x"), ("agent", "pc")):
        await rival.join(role, name, office)
    await agent.join("computer", "x", office)
    await agent.join("agent", "bot", w.office())
    await agent.list_room(w.office())
    await rival.list_room(office)
    await agent.emit("server:tool_call_cancel", {"agent": "bot", "req_id": "r"})
    await computer.emit("server:update_config", {"computer": "pc"})
    await computer.leave(office)
    await agent.expect("notify:update_config")
    await agent.expect("notify:leave_office")
    await agent.call("client:nothing", {})
    assert_ok(w.gen, await agent.leave(office))
    assert RECORDER.checked - checked >= 4 * len(routed_events(w.gen)) + 15
    assert not RECORDER.leaks
    # The watch itself works: a packet that holds a sid is seen, in the middle of a word too.
    RECORDER.check(f'43/smcp,1[{{"x":"a{agent.sid}b"}}]')
    assert [sid for sid, _ in RECORDER.take_leaks()] == [agent.sid]
    # And that of reserved codes.
    reserved = [f'43/smcp,1[{{"code":{code},"message":"x"}}]' for code in (4102, 4105)]
    for packet in reserved + ['43/smcp,1[{"code":4101,"message":"x"}]']:
        RECORDER.check_codes(packet)
    assert RECORDER.take_reserved() == reserved


@scenario(99, "all")
async def test_scenario_099_events_of_the_root_namespace_are_ignored(w):
    office, agent, computer = await w.pair()
    await computer.send(f'42["{JOIN}",{{"office_id":"x","role":"agent","name":"n"}}]')
    await computer.send('42/other,1["server:list_room",{}]')
    await computer.send("41/other,")
    await computer.send("43/other,1[]")
    packets = len(computer.log)
    await computer.barrier()
    assert len(computer.log) == packets + 1
    await agent.expect_nothing(after=(computer,))
    await w.assert_routable(agent, computer)


@scenario(100, "all", **OTHER_CHOICES)
async def test_scenario_100_news_are_not_acked_when_that_is_switched_off(w):
    office, agent, computer = await w.pair()
    for name in update_events(w.gen):
        await computer.send(f'42/smcp,777["server:{name}",{{"computer":"pc"}}]')
        await agent.expect(f"notify:{name}")
    await agent.send('42/smcp,777["server:tool_call_cancel",{"agent":"bot","req_id":"r"}]')
    await computer.expect("notify:tool_call_cancel")
    for peer in (agent, computer):
        await peer.barrier()
        assert not [packet for packet in peer.log if packet.startswith("43/smcp,777")]
    # Join, leave and unknown events are answered as ever.
    assert (await agent.call("server:nothing")).text == "[]"
    assert_ok(w.gen, await agent.leave(office))


@scenario(101, "all")
async def test_scenario_101_text_between_header_and_attachment_of_a_heartbeat(w):
    """A pong may come between a header and its attachment: it belongs to another layer."""
    _, agent, computer = await w.pair()
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    await computer.session.send_many(
        [f'461-/smcp,{request.ack_id}[{{"_placeholder":true,"num":0}}]', "3", b"data"])
    ack = await call
    assert ack.attachments == [b"data"]
    await eventually(lambda: not computer.session.ended.is_set(), "the session goes on")
