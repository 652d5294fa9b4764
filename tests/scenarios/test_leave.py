"""Scenarios 55 to 66: leave and disconnect."""

import asyncio
import time

from support.generation import LEAVE, assert_join_refused, assert_not_found, assert_ok
from support.raw import Raw, dumps, eventually, scaled
from support.scenario import BOTH, scenario

PING_INTERVAL, PING_TIMEOUT = 0.6, 0.4


def leave(office: str, role: str, name: str) -> str:
    return f'42/smcp,["notify:leave_office",{{"office_id":"{office}","{role}":"{name}"}}]'


async def computer_leaves(w, expected: str) -> None:
    office, agent, computer = await w.pair()
    assert (await computer.leave(office)).text == expected
    assert (await agent.expect("notify:leave_office")).packet == leave(office, "computer", "pc")
    await agent.expect_nothing(after=(computer,))
    await computer.expect_nothing(after=(agent,))
    await w.assert_sessions(agent, office, [("agent", "bot")])
    assert_not_found(w.gen, "client:get_tools", await w.ask(agent, "client:get_tools"), "pc")


@scenario(55, "G1-4", BOTH)
async def test_scenario_055_computer_leaves(w):
    await computer_leaves(w, "[true,null]")


@scenario(55, "all")
async def test_scenario_055_agent_leaves(w):
    office, agent, computer = await w.pair()
    assert_ok(w.gen, await agent.leave(office))
    assert (await computer.expect("notify:leave_office")).packet == leave(office, "agent", "bot")
    await agent.expect_nothing(after=(computer,))
    await w.assert_sessions(computer, office, [("computer", "pc")])


@scenario(55, "all")
async def test_scenario_055_leave_without_ack_id(w):
    office, agent, computer = await w.pair()
    await computer.emit(LEAVE, {"office_id": office})
    await agent.expect("notify:leave_office")
    packets = len(computer.log)
    await computer.barrier()
    assert len(computer.log) == packets + 1, "an ack nobody asked for"


@scenario(56, "G5", BOTH)
async def test_scenario_056_computer_leaves_flat(w):
    await computer_leaves(w, "[]")


@scenario(57, "all")
async def test_scenario_057_leave_acts_on_the_own_office_whatever_it_names(w):
    first, agent, computer = await w.pair()
    second, other_agent, other_computer = await w.pair()
    assert_ok(w.gen, await computer.leave(second))
    assert (await agent.expect("notify:leave_office")).packet == leave(first, "computer", "pc")
    for peer in (other_agent, other_computer):
        await peer.expect_nothing(after=(computer,))
    await w.assert_sessions(other_agent, second, [("agent", "bot"), ("computer", "pc")])
    await w.assert_routable(other_agent, other_computer)


@scenario(58, "all")
async def test_scenario_058_second_leave_is_silent_success(w):
    office, agent, computer = await w.pair()
    assert_ok(w.gen, await computer.leave(office))
    assert_ok(w.gen, await computer.leave(office))
    await agent.expect("notify:leave_office")
    await agent.expect_nothing(after=(computer,))


@scenario(59, "all")
async def test_scenario_059_leave_without_a_join_is_success(w):
    office, agent, computer = await w.pair()
    stranger = await w.peer()
    assert_ok(w.gen, await stranger.leave(office))
    await agent.expect_nothing(after=(stranger,))
    await computer.expect_nothing(after=(stranger,))


@scenario(60, "all")
async def test_scenario_060_leave_without_an_office_id_is_refused(w):
    office, agent, computer = await w.pair()
    second, other_agent, _ = await w.pair()
    for arguments in ([{}], [{"office_id": None}], [{"office_id": 1}], [[office]], [], [office],
                      [{"office": office}], [None], [{"office_id": [office]}]):
        ack = await computer.call(LEAVE, *arguments)
        assert_join_refused(w.gen, ack, 400, "", legacy_text="Invalid request")
    for peer in (agent, other_agent):
        await peer.expect_nothing(after=(computer,))
    await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])
    await w.assert_routable(agent, computer)


@scenario(61, "all", BOTH)
async def test_scenario_061_abrupt_close_is_announced_once(w):
    office, agent, computer = await w.pair()
    computer.abort()
    assert (await agent.expect("notify:leave_office")).packet == leave(office, "computer", "pc")
    await w.gateway.settle(members=1)
    await agent.expect_nothing()
    assert_not_found(w.gen, "client:get_tools", await w.ask(agent, "client:get_tools"), "pc")


@scenario(62, "all", BOTH)
async def test_scenario_062_namespace_disconnect_is_a_leave(w):
    office, agent, computer = await w.pair()
    old_sid = computer.sid
    await computer.send("41/smcp,")
    assert (await agent.expect("notify:leave_office")).packet == leave(office, "computer", "pc")
    await agent.expect_nothing()
    # The Engine.IO session stays, and may enter the namespace again as somebody new.
    assert await computer.join_namespace({}) != old_sid
    assert_ok(w.gen, await computer.join("computer", "pc", office))
    await agent.expect("notify:enter_office")
    await w.assert_routable(agent, computer)


@scenario(62, "all", BOTH)
async def test_scenario_062_orderly_close_is_a_leave(w):
    office, agent, computer = await w.pair()
    await computer.close()
    assert (await agent.expect("notify:leave_office")).packet == leave(office, "computer", "pc")
    await w.gateway.settle(members=1)
    await agent.expect_nothing()


@scenario(62, "all", BOTH)
async def test_scenario_062_disconnect_right_behind_a_join(w):
    """In one write: the join is still being decided when its sender goes."""
    office = w.office()
    agent = await w.agent(office)
    peer = await w.peer()
    join = dumps({"office_id": office, "role": "computer", "name": "pc"})
    await peer.session.send_many([f'42/smcp,["server:join_office",{join}]', "41/smcp,"])
    # Its session goes on being read, and the name is free.
    await peer.join_namespace({})
    assert_ok(w.gen, await peer.join("computer", "pc", office))
    for name in ("enter", "leave", "enter"):
        await agent.expect(f"notify:{name}_office")
    await w.assert_routable(agent, peer)
    await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])


@scenario(63, "all", BOTH, engineio__ping_interval=f"{PING_INTERVAL}s",
          engineio__ping_timeout=f"{PING_TIMEOUT}s")
async def test_scenario_063_silent_computer_is_dropped_by_the_heartbeat(w):
    office, agent, computer = await w.pair()
    opened = time.monotonic()
    assert computer.session.open_packet["pingInterval"] == int(PING_INTERVAL * 1000)
    assert computer.session.open_packet["pingTimeout"] == int(PING_TIMEOUT * 1000)
    await eventually(lambda: computer.session.pings >= 1, "the first ping")
    computer.session.answer_pings = False
    last_pong = time.monotonic()
    # Until the heartbeat decides, the name belongs to the silent one: refused, never swapped.
    rival = await w.peer()
    ack = await rival.join("computer", "pc", office)
    assert_join_refused(
        w.gen, ack, 4101, "Room already has a computer", {"office_id": office, "role": "computer"},
        legacy_text=f"Computer with name 'pc' already exists in room '{office}'")
    agent.assert_nothing_unread()
    assert (await agent.expect("notify:leave_office")).packet == leave(office, "computer", "pc")
    silent = time.monotonic() - last_pong
    margin = 0.1
    assert silent >= PING_INTERVAL + PING_TIMEOUT - margin, f"dropped after {silent:.2f} s"
    assert silent <= PING_INTERVAL + PING_TIMEOUT + scaled(0.5), f"dropped after {silent:.2f} s"
    await computer.session.wait_end()
    assert_ok(w.gen, await rival.join("computer", "pc", office))
    # Those that answered are still here, several intervals later.
    await agent.expect("notify:enter_office")
    await w.assert_routable(agent, rival)
    assert time.monotonic() - opened > 2 * PING_INTERVAL


@scenario(64, "all")
async def test_scenario_064_refused_client_leaves_without_a_word(w):
    office, agent, computer = await w.pair()
    second = await w.peer()
    assert_join_refused(w.gen, await second.join("agent", "other", office), 4101,
                        "Room already has an agent", {"office_id": office, "role": "agent"})
    second.abort()
    await w.gateway.settle(sessions=2)
    await agent.expect_nothing(after=(computer,))
    await computer.expect_nothing(after=(agent,))
    await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])


@scenario(65, "all")
async def test_scenario_065_leave_is_seen_before_the_successor_enters(w):
    office = w.office()
    agent = await w.agent(office)
    current = await w.computer(office)
    await agent.expect("notify:enter_office")
    for number in range(20):
        successor = await w.peer()
        if number % 2:
            current.abort()
        else:
            await current.emit(LEAVE, {"office_id": office})
        while (await successor.join("computer", "pc", office)).args[:1] != (
                [True] if w.gen != "G5" else []):
            await asyncio.sleep(0)
        await agent.expect("notify:leave_office")
        await agent.expect("notify:enter_office")
        agent.assert_nothing_unread()
        await w.assert_routable(agent, successor)
        current = successor


@scenario(66, "all")
async def test_scenario_066_office_takes_another_agent_after_the_first(w):
    office, agent, computer = await w.pair()
    assert_ok(w.gen, await agent.leave(office))
    await computer.expect("notify:leave_office")
    second = await w.agent(office, "second")
    await computer.expect("notify:enter_office")
    await w.assert_routable(second, computer)
    second.abort()
    await computer.expect("notify:leave_office")
    third = await w.agent(office, "third")
    await computer.expect("notify:enter_office")
    await w.assert_routable(third, computer)


@scenario(59, "all")
async def test_scenario_059_extra_fields_in_a_leave_are_ignored(w):
    office, agent, computer = await w.pair()
    ack = await computer.call(LEAVE, Raw(f'{{"x":{{"office_id":3}},"office_id":"{office}"}}'))
    assert_ok(w.gen, ack)
    await agent.expect("notify:leave_office")
