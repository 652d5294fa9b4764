"""Scenarios 23 to 54: join."""

import asyncio
import itertools

from support.generation import (JOIN, assert_join_refused, assert_not_found, assert_ok, ok_ack)
from support.raw import Raw, dumps, eventually
from support.scenario import BOTH, scenario

HAS_AGENT = "Room already has an agent"
HAS_COMPUTER = "Room already has a computer"


def taken(gen: str, name: str, office: str) -> dict:
    """How a second Computer of one name is refused: by name up to 0.4, by the seat in 0.5."""
    return {"code": 4101, "text": HAS_COMPUTER,
            "details": {"office_id": office, "role": "computer"},
            "legacy_text": f"Computer with name '{name}' already exists in room '{office}'"}


def enter(office: str, role: str, name: str) -> str:
    return f'42/smcp,["notify:enter_office",{{"office_id":"{office}","{role}":"{name}"}}]'


def leave(office: str, role: str, name: str) -> str:
    return f'42/smcp,["notify:leave_office",{{"office_id":"{office}","{role}":"{name}"}}]'


@scenario(23, "G1-4", BOTH)
async def test_scenario_023_first_agent_gets_the_legacy_ack(w):
    peer = await w.peer()
    ack = await peer.join("agent", "bot", w.office())
    assert ack.text == "[true,null]"
    assert peer.log[-1] == "43/smcp,1[true,null]"


@scenario(24, "G5", BOTH)
async def test_scenario_024_first_agent_gets_the_flat_ack(w):
    peer = await w.peer()
    assert (await peer.join("agent", "bot", w.office())).text == "[]"
    assert peer.log[-1] == "43/smcp,1[]"


@scenario(25, "all")
async def test_scenario_025_join_without_ack_id_gets_no_ack(w):
    office = w.office()
    peer = await w.peer()
    await peer.emit(JOIN, {"office_id": office, "role": "agent", "name": "bot"})
    await w.assert_sessions(peer, office, [("agent", "bot")])
    assert [packet[:9] for packet in peer.log] == ["40/smcp,{", "43/smcp,1"]


@scenario(26, "all", BOTH)
async def test_scenario_026_agent_hears_that_a_computer_entered(w):
    office = w.office()
    agent = await w.agent(office)
    computer = await w.computer(office, "pc")
    event = await agent.expect("notify:enter_office")
    assert event.packet == enter(office, "computer", "pc")
    await agent.expect_nothing(after=(computer,))
    await computer.expect_nothing(after=(agent,))


@scenario(27, "all", BOTH)
async def test_scenario_027_computer_hears_that_the_agent_entered(w):
    office = w.office()
    computer = await w.computer(office)
    agent = await w.agent(office, "bot")
    event = await computer.expect("notify:enter_office")
    assert event.packet == enter(office, "agent", "bot")
    await computer.expect_nothing(after=(agent,))
    await agent.expect_nothing(after=(computer,))


@scenario(28, "all", BOTH)
async def test_scenario_028_join_ack_comes_before_what_the_join_caused(w):
    office = w.office()
    agent = await w.agent(office)
    for number in range(30):
        computer = await w.peer()
        joining = computer.start_call(
            JOIN, {"office_id": office, "role": "computer", "name": f"pc{number}"})
        await agent.expect("notify:enter_office")
        call = agent.start_call("client:get_tools", w.payload("client:get_tools", f"pc{number}"))
        await (await computer.request("client:get_tools")).reply({"tools": [], "req_id": "r"})
        await call
        assert_ok(w.gen, await joining)
        kinds = [packet[:3] for packet in computer.log]
        assert kinds == ["40/", "43/", "42/"], "the request overtook the join ack"
        await computer.close()
        await agent.expect("notify:leave_office")


@scenario(29, "G1-4")
async def test_scenario_029_second_agent_is_refused(w):
    office, agent, computer = await w.pair()
    second = await w.peer()
    ack = await second.join("agent", "other", office)
    assert ack.text == f'[false,"{HAS_AGENT}"]'
    await agent.expect_nothing(after=(second,))
    await computer.expect_nothing(after=(second,))
    await computer.emit("server:update_tool_list", {"computer": "pc"})
    await agent.expect("notify:update_tool_list")
    third = await w.computer(office, "pc3")
    await agent.expect("notify:enter_office")
    await second.expect_nothing(after=(third, computer))
    await w.assert_routable(agent, computer)


@scenario(30, "G5")
async def test_scenario_030_second_agent_is_refused_with_4101(w):
    office, agent, computer = await w.pair()
    second = await w.peer()
    ack = await second.join("agent", "other", office)
    assert ack.text == dumps([{"code": 4101, "message": HAS_AGENT,
                               "details": {"office_id": office, "role": "agent"}}])
    await agent.expect_nothing(after=(second,))
    await computer.expect_nothing(after=(second,))


async def agent_cannot_switch(w, first: str, expected) -> None:
    second = w.office()
    agent = await w.agent(first)
    computer = await w.computer(first)
    await agent.expect("notify:enter_office")
    other = await w.computer(second, "other")
    expected(await agent.join("agent", "bot", second))
    await w.assert_sessions(agent, first, [("agent", "bot"), ("computer", "pc")])
    await computer.expect_nothing(after=(agent,))
    await other.expect_nothing(after=(agent,))
    await w.assert_routable(agent, computer)
    assert_not_found(w.gen, "client:get_tools",
                     await w.ask(agent, "client:get_tools", "other"), "other")


@scenario(31, "G1-4")
async def test_scenario_031_agent_in_an_office_cannot_join_another(w):
    def expected(ack):
        assert ack.text == '[false,"Agent already in another room"]'
    await agent_cannot_switch(w, w.office(), expected)


@scenario(32, "G5")
async def test_scenario_032_agent_in_an_office_cannot_join_another_4106(w):
    first = w.office()

    def expected(ack):
        assert ack.text == dumps([{"code": 4106, "message": "Agent already in another room",
                                   "details": {"office_id": first}}])
    await agent_cannot_switch(w, first, expected)


@scenario(33, "all")
async def test_scenario_033_agent_that_joins_again_is_not_announced(w):
    office, agent, computer = await w.pair()
    assert_ok(w.gen, await agent.join("agent", "bot", office))
    await computer.expect_nothing(after=(agent,))
    await agent.expect_nothing()
    await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])


@scenario(34, "all")
async def test_scenario_034_computer_that_joins_again_is_not_announced(w):
    office, agent, computer = await w.pair()
    assert_ok(w.gen, await computer.join("computer", "pc", office))
    await agent.expect_nothing(after=(computer,))
    await computer.expect_nothing()
    await w.assert_routable(agent, computer)


@scenario(34, "all")
async def test_scenario_034_computer_without_a_name_is_the_same_computer_again(w):
    office = w.office()
    agent = await w.agent(office)
    computer = await w.computer(office, "")
    name = f"computer_{computer.sid[:6]}"
    assert (await agent.expect("notify:enter_office")).packet == enter(office, "computer", name)
    assert_ok(w.gen, await computer.join("computer", "", office))
    await agent.expect_nothing(after=(computer,))
    await w.assert_routable(agent, computer, name)


@scenario(35, "G1-4")
async def test_scenario_035_two_computers_share_an_office(w):
    office, agent, first = await w.pair()
    second = await w.computer(office, "pc2")
    assert (await agent.expect("notify:enter_office")).packet == enter(office, "computer", "pc2")
    assert (await first.expect("notify:enter_office")).packet == enter(office, "computer", "pc2")
    await w.assert_routable(agent, first, "pc")
    await w.assert_routable(agent, second, "pc2")


@scenario(36, "G1-4")
async def test_scenario_036_second_computer_of_the_name_is_refused(w):
    office, agent, computer = await w.pair()
    second = await w.peer()
    ack = await second.join("computer", "pc", office)
    assert ack.text == f'[false,"Computer with name \'pc\' already exists in room \'{office}\'"]'
    assert computer.sid not in ack.text and second.sid not in ack.text
    await agent.expect_nothing(after=(second,))
    await computer.expect_nothing(after=(second,))
    await w.assert_routable(agent, computer)
    await second.expect_nothing(after=(agent,))


@scenario(37, "G5")
async def test_scenario_037_second_computer_finds_the_seat_taken(w):
    office, agent, computer = await w.pair()
    for name in ("pc", "other"):
        second = await w.peer()
        assert_join_refused(w.gen, await second.join("computer", name, office),
                            **taken(w.gen, name, office))
        await agent.expect_nothing(after=(second,))
        await computer.expect_nothing(after=(second,))
    await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])


@scenario(38, "all")
async def test_scenario_038_one_computer_name_in_two_offices(w):
    first, second = w.office(), w.office()
    one = await w.computer(first, "pc")
    two = await w.computer(second, "pc")
    await one.expect_nothing(after=(two,))
    await two.expect_nothing(after=(one,))


@scenario(39, "all")
async def test_scenario_039_agent_and_computer_of_one_name(w):
    office = w.office()
    agent = await w.agent(office, "x")
    computer = await w.computer(office, "x")
    await agent.expect("notify:enter_office")
    await w.assert_routable(agent, computer, "x")


@scenario(40, "G1-4", BOTH)
async def test_scenario_040_computer_moves_to_a_free_office(w):
    first, second = w.office(), w.office()
    old_agent = await w.agent(first)
    new_agent = await w.agent(second)
    computer = await w.computer(first)
    await old_agent.expect("notify:enter_office")
    assert_ok(w.gen, await computer.join("computer", "pc", second))
    left = await old_agent.expect("notify:leave_office")
    assert left.packet == leave(first, "computer", "pc")
    entered = await new_agent.expect("notify:enter_office")
    assert entered.packet == enter(second, "computer", "pc")
    for peer in (computer, old_agent, new_agent):
        await peer.expect_nothing(after=(computer, old_agent, new_agent))
    await w.assert_routable(new_agent, computer)
    assert_not_found(w.gen, "client:get_tools",
                     await w.ask(old_agent, "client:get_tools"), "pc")


@scenario(41, "all")
async def test_scenario_041_refused_move_leaves_the_computer_where_it_was(w):
    first, agent, computer = await w.pair()
    second = w.office()
    other_agent = await w.agent(second)
    holder = await w.computer(second, "pc")
    await other_agent.expect("notify:enter_office")
    assert_join_refused(w.gen, await computer.join("computer", "pc", second),
                        **taken(w.gen, "pc", second))
    for peer in (agent, computer, other_agent, holder):
        await peer.expect_nothing(after=(computer,))
    await w.assert_routable(agent, computer)
    await w.assert_routable(other_agent, holder)
    await w.assert_sessions(computer, first, [("agent", "bot"), ("computer", "pc")])


async def race(w, role: str, repetitions: int, refusal) -> None:
    """Pairs of connections join a new office at once; the winner leaves, so both play again."""
    pairs = [(await w.peer(), await w.peer()) for _ in range(4)]
    numbers = iter(range(repetitions))

    async def play(first, second):
        for number in numbers:
            office = w.office(f"race{number}")
            # The start is given to either side in turn.
            one, two = (first, second) if number % 2 else (second, first)
            calls = [peer.start_call(JOIN, {"office_id": office, "role": role, "name": name})
                     for peer, name in ((one, "n1"), (two, "n2"))]
            acks = await asyncio.gather(*calls)
            won = [ack.text == ok_ack(w.gen) for ack in acks]
            assert sorted(won) == [False, True], [ack.text for ack in acks]
            refusal(acks[won.index(False)], office)
            winner = (one, two)[won.index(True)]
            assert len((await winner.list_room(office)).only["sessions"]) == 1
            assert_ok(w.gen, await winner.leave(office))

    await asyncio.gather(*(play(*pair) for pair in pairs))


@scenario(42, "G1-4")
async def test_scenario_042_two_agents_race_for_one_seat(w):
    def refusal(ack, office):
        assert_join_refused(w.gen, ack, 4101, HAS_AGENT, {"office_id": office, "role": "agent"})
    await race(w, "agent", 200, refusal)


async def race_afresh(w, role: str, text: str) -> None:
    for number in range(200):
        office = w.office(f"race{number}")
        peers = [await w.peer(), await w.peer()]
        acks = await asyncio.gather(*(peer.join(role, name, office)
                                      for peer, name in zip(peers, ("n1", "n2"))))
        won = [ack.text == "[]" for ack in acks]
        assert sorted(won) == [False, True], [ack.text for ack in acks]
        assert_join_refused(w.gen, acks[won.index(False)], 4101, text,
                            {"office_id": office, "role": role})
        await asyncio.gather(*(peer.close() for peer in peers))


@scenario(42, "G5")
async def test_scenario_042_two_agents_race_for_one_seat_flat(w):
    await race_afresh(w, "agent", HAS_AGENT)


@scenario(43, "G5")
async def test_scenario_043_two_computers_race_for_one_seat(w):
    await race_afresh(w, "computer", HAS_COMPUTER)


@scenario(44, "all")
async def test_scenario_044_role_of_a_connection_cannot_change(w):
    office, agent, computer = await w.pair()

    async def refused(peer, declared, bound, target_office):
        ack = await peer.join(declared, "bot" if bound == "agent" else "pc", target_office)
        assert_join_refused(
            w.gen, ack, 403, "",
            legacy_text=f"Role mismatch, expected {declared}, but {bound} use this sid exists")

    await refused(agent, "computer", "agent", office)
    await refused(agent, "computer", "agent", w.office())
    await refused(computer, "agent", "computer", office)
    await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])
    await computer.expect_nothing(after=(agent,))
    await w.assert_routable(agent, computer)
    assert_ok(w.gen, await agent.leave(office))
    await refused(agent, "computer", "agent", office)
    assert_ok(w.gen, await agent.join("agent", "bot", office))


@scenario(45, "G5")
async def test_scenario_045_name_of_a_connection_cannot_change(w):
    office = w.office()
    computer = await w.computer(office, "pc")
    assert_join_refused(w.gen, await computer.join("computer", "new", office), 403, "")
    assert_ok(w.gen, await computer.leave(office))
    assert_join_refused(w.gen, await computer.join("computer", "new", office), 403, "")
    await computer.close()
    await w.computer(office, "new")


@scenario(46, "G1-4")
async def test_scenario_046_computer_without_office_takes_a_new_name(w):
    office, agent, computer = await w.pair()
    assert_ok(w.gen, await computer.leave(office))
    await agent.expect("notify:leave_office")
    assert_ok(w.gen, await computer.join("computer", "new", office))
    assert (await agent.expect("notify:enter_office")).packet == enter(office, "computer", "new")
    await w.assert_routable(agent, computer, "new")
    assert_not_found(w.gen, "client:get_tools", await w.ask(agent, "client:get_tools", "pc"), "pc")
    other = await w.computer(office, "pc")
    await agent.expect("notify:enter_office")
    await w.assert_routable(agent, other, "pc")


@scenario(46, "G1-4")
async def test_scenario_046_computer_takes_a_new_name_while_moving(w):
    first, agent, computer = await w.pair()
    second = w.office()
    other = await w.agent(second)
    assert_ok(w.gen, await computer.join("computer", "new", second))
    assert (await agent.expect("notify:leave_office")).packet == leave(first, "computer", "pc")
    assert (await other.expect("notify:enter_office")).packet == enter(second, "computer", "new")
    await w.assert_routable(other, computer, "new")


@scenario(47, "G1-4")
async def test_scenario_047_computer_takes_a_new_name_in_place(w):
    office, agent, computer = await w.pair()
    witness = await w.computer(office, "witness")
    await agent.expect("notify:enter_office")
    await computer.expect("notify:enter_office")
    assert_ok(w.gen, await computer.join("computer", "new", office))
    for peer in (agent, witness):
        assert (await peer.expect("notify:leave_office")).packet == leave(office, "computer", "pc")
        assert (await peer.expect("notify:enter_office")).packet == enter(office, "computer", "new")
    await computer.expect_nothing(after=(agent,))
    await w.assert_routable(agent, computer, "new")
    assert_not_found(w.gen, "client:get_tools", await w.ask(agent, "client:get_tools", "pc"), "pc")


@scenario(48, "G1-4")
async def test_scenario_048_rename_to_a_name_in_use_is_refused(w):
    office, agent, first = await w.pair()
    second = await w.computer(office, "pc2")
    await agent.expect("notify:enter_office")
    await first.expect("notify:enter_office")
    ack = await second.join("computer", "pc", office)
    assert ack.text == f'[false,"Computer with name \'pc\' already exists in room \'{office}\'"]'
    await agent.expect_nothing(after=(second,))
    await w.assert_routable(agent, first, "pc")
    await w.assert_routable(agent, second, "pc2")


@scenario(49, "all")
async def test_scenario_049_refused_first_join_binds_no_role(w):
    office = w.office()
    agent = await w.agent(office)
    peer = await w.peer()
    assert_join_refused(w.gen, await peer.join("agent", "x", office), 4101, HAS_AGENT,
                        {"office_id": office, "role": "agent"})
    assert_ok(w.gen, await peer.join("computer", "pc", office))
    assert (await agent.expect("notify:enter_office")).packet == enter(office, "computer", "pc")
    await w.assert_routable(agent, peer)


def bad_join_arguments(office: str) -> list[list]:
    good = {"role": "computer", "name": "pc", "office_id": office}
    without = [[{key: value for key, value in good.items() if key != missing}] for missing in good]
    replaced = [[{**good, key: value}] for key, value in (
        ("role", "admin"), ("role", "Agent"), ("role", ""), ("role", 1), ("role", None),
        ("name", 7), ("name", None), ("name", ["pc"]), ("name", {}), ("name", "n" * 257),
        ("office_id", ""), ("office_id", 1), ("office_id", None), ("office_id", True))]
    shapes = [[[office]], [[]], [], [good, good], [good, None], ["text"], [None], [1], [{}]]
    return without + replaced + shapes


@scenario(50, "all")
async def test_scenario_050_bad_join_payloads_are_refused_and_change_nothing(w):
    office = w.office()
    agent = await w.agent(office)
    peer = await w.peer()
    for arguments in bad_join_arguments(office):
        ack = await peer.call(JOIN, *arguments)
        assert_join_refused(w.gen, ack, 400, "", legacy_text="Invalid request")
        assert (await peer.list_room(office)).only["code"] == 4103, arguments
    await agent.expect_nothing(after=(peer,))
    await w.assert_sessions(agent, office, [("agent", "bot")])
    # A member that sends nonsense keeps its seat.
    for arguments in bad_join_arguments(office):
        ack = await agent.call(JOIN, *arguments)
        assert_join_refused(w.gen, ack, 400, "", legacy_text="Invalid request")
    await w.assert_sessions(agent, office, [("agent", "bot")])
    assert_ok(w.gen, await peer.join("computer", "pc", office))


@scenario(51, "all")
async def test_scenario_051_unknown_fields_in_a_join_are_ignored(w):
    office = w.office()
    agent = await w.agent(office)
    peer = await w.peer()
    payload = Raw(f'{{"x":[1,{{"office_id":"elsewhere"}}],"role":"computer","sid":"s",'
                  f'"name":"pc","_placeholder":false,"office_id":"{office}","z":null}}')
    assert_ok(w.gen, await peer.call(JOIN, payload))
    assert (await agent.expect("notify:enter_office")).packet == enter(office, "computer", "pc")


@scenario(52, "all")
async def test_scenario_052_office_named_like_a_sid_is_just_an_office(w):
    office, agent, computer = await w.pair()
    spies = [await w.member("computer", agent.sid, "spy-on-agent"),
             await w.member("computer", computer.sid, "spy-on-computer"),
             await w.member("computer", agent.session.sid, "spy-on-session")]
    await w.assert_routable(agent, computer)
    await computer.emit("server:update_tool_list", {"computer": "pc"})
    await agent.expect("notify:update_tool_list")
    for spy in spies:
        await spy.emit("server:update_tool_list", {"computer": "pc"})
    for spy in spies:
        await spy.expect_nothing(after=(agent, computer))
    await agent.expect_nothing(after=tuple(spies))
    await computer.expect_nothing(after=tuple(spies))


@scenario(53, "all", BOTH)
async def test_scenario_053_office_ids_may_be_any_text_up_to_256_bytes(w):
    tag = w.office()
    names = [f"{tag} with spaces", f"{tag}-ünïcödé-办公室-🏢", f"{tag}\"quoted\"\\back",
             f"{tag}\x00nul\ttab\nline", f"{tag}'; drop", f"{tag}/a,b[0]{{}}",
             (tag + "x" * 256)[:256], tag + "é" * ((256 - len(tag)) // 2)]
    for office in names:
        assert len(office.encode()) <= 256
        agent = await w.agent(office)
        computer = await w.computer(office)
        event = await agent.expect("notify:enter_office")
        assert event.payload == {"office_id": office, "computer": "pc"}
        await w.assert_routable(agent, computer)
        sessions = await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])
        assert {session["office_id"] for session in sessions} == {office}
    peer = await w.peer()
    for office in ((tag + "x" * 257)[:257], tag + "é" * 128):
        ack = await peer.join("computer", "pc", office)
        assert_join_refused(w.gen, ack, 400, "", legacy_text="Invalid request")


@scenario(53, "all")
async def test_scenario_053_spelling_of_an_office_id_does_not_matter(w):
    """python-socketio escapes what is not ASCII, JavaScript does not: they must meet."""
    tag = w.office()
    agent = await w.agent(f"{tag}-é🏢/")
    computer = await w.peer()
    escaped = Raw(f'{{"role":"computer","name":"p\\u0063","office_id":'
                  f'"{tag}-\\u00e9\\ud83c\\udfe2\\/"}}')
    assert_ok(w.gen, await computer.call(JOIN, escaped))
    assert (await agent.expect("notify:enter_office")).payload["computer"] == "pc"
    await w.assert_routable(agent, computer)


@scenario(25, "all")
async def test_scenario_025_many_joins_without_ack_in_one_burst(w):
    """Only the first of several joins in one write may win; the rest change nothing."""
    office = w.office()
    agent = await w.agent(office)
    peer = await w.peer()
    packets = [f'42/smcp,["server:join_office",{{"role":"{role}","name":"pc","office_id":'
               f'"{office}"}}]' for role in itertools.islice(itertools.cycle(
                   ("computer", "agent")), 20)]
    await peer.session.send_many(packets)
    await agent.expect("notify:enter_office")
    await agent.expect_nothing(after=(peer,))
    await w.assert_sessions(peer, office, [("agent", "bot"), ("computer", "pc")])
    await eventually(lambda: len(peer.log) >= 2, "the acks of the list_room calls")
    assert all(packet.startswith("43/") for packet in peer.log[1:])
