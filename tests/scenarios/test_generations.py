"""All generations on one gateway: side by side in their own offices, kept apart by the pin, and
together where `protocol.mixed_offices` lets them meet. Scenario 54 is among them."""

import asyncio
import json

import pytest

from support.generation import (DECLARED, EVERY_VERSION, GENERATIONS, JOIN, TOOL_CALL,
                                assert_join_refused, assert_not_found, assert_ok, assert_refused,
                                error_result, flat, query, routed_events, update_events)
from support.raw import dumps, fetch, target
from support.scenario import BOTH, scenario
from support.world import World

ALL = {"protocol.versions": EVERY_VERSION}
MIXED = {**ALL, "protocol.mixed_offices": "allow"}
LEGACY = GENERATIONS[:4]
MISMATCH = "Protocol version mismatch"
RESULT = {"content": [{"type": "text", "text": "done"}], "isError": False}


def other_generation(gen: str, declared: str, served: str) -> str:
    """The ack of a join into an office that is pinned to another generation."""
    if gen != "G5":
        return dumps([False, MISMATCH])
    lowest, highest = served.split(",")[0], served.split(",")[-1]
    return dumps([{"code": 4008, "message": MISMATCH, "server_version": f"{highest}.0",
                   "client_version": declared, "min_supported": f"{lowest}.0",
                   "max_supported": f"{highest}.999"}])


@scenario(54, "all", protocol__versions=EVERY_VERSION)
async def test_scenario_054_office_is_pinned_to_the_generation_of_its_first_member(w):
    for pinned in GENERATIONS:
        if pinned == w.gen:
            continue
        office, theirs = w.office(), w.side(pinned)
        agent = await theirs.agent(office)
        stranger = await w.peer()
        for role in ("computer", "agent"):
            ack = await stranger.join(role, "pc", office)
            assert ack.text == other_generation(w.gen, DECLARED[w.gen] or "", EVERY_VERSION)
        await agent.expect_nothing(after=(stranger,))
        await stranger.expect_nothing(after=(agent,))
        await theirs.assert_sessions(agent, office, [("agent", "bot")])
        # A second member of the pinned generation keeps the pin when the first one goes.
        computer = await theirs.computer(office)
        assert_ok(pinned, await agent.leave(office))
        assert_join_refused(w.gen, await stranger.join("agent", "x", office), 4008, MISMATCH)
        assert_ok(pinned, await computer.leave(office))
        assert_ok(w.gen, await stranger.join("agent", "x", office))
        ack = await computer.join("computer", "pc", office)
        assert ack.text == other_generation(pinned, DECLARED[pinned] or "", EVERY_VERSION)


@scenario(54, "G1-4")
async def test_scenario_054_by_default_the_first_four_are_kept_apart(w):
    office = w.office()
    await w.agent(office)
    for gen in LEGACY:
        peer = await w.side(gen).peer()
        ack = await peer.join("computer", f"pc-{gen}", office)
        assert ack.text == ("[true,null]" if gen == w.gen else dumps([False, MISMATCH]))
    # 0.1 is one generation, declared or not.
    declared = await w.peer(query_items=[("a2c_version", "0.1.9")])
    ack = await declared.join("computer", "pc-declared", office)
    assert ack.text == ("[true,null]" if w.gen == "G1" else dumps([False, MISMATCH]))


@scenario(54, "G1-4", protocol__versions=EVERY_VERSION)
async def test_scenario_054_refused_move_to_another_generation_changes_nothing(w):
    office, agent, computer = await w.pair()
    theirs = w.side("G2" if w.gen == "G1" else "G1")
    there = theirs.office()
    other = await theirs.agent(there)
    assert_join_refused(w.gen, await computer.join("computer", "pc", there), 4008, MISMATCH)
    # For the Agent the pin comes before the rule that it has to leave first.
    assert_join_refused(w.gen, await agent.join("agent", "bot", there), 4008, MISMATCH)
    for peer in (agent, computer, other):
        await peer.expect_nothing(after=(agent, computer))
    await w.assert_routable(agent, computer)


# -- side by side ---------------------------------------------------------------------------------


async def visit(w) -> None:
    """One office of one generation lives through the whole protocol."""
    office, agent, computer = await w.pair()
    declared = DECLARED[w.gen]
    for _ in range(5):
        for event in routed_events(w.gen):
            payload = w.payload(event, mark=office)
            call = agent.start_call(event, payload)
            request = await computer.request(event)
            assert request.payload == payload
            await request.reply({"mark": office})
            assert (await call).only == {"mark": office}
            assert_not_found(w.gen, event, await w.ask(agent, event, "ghost"), "ghost")
            assert_refused(w.gen, event, await w.ask(computer, event), 403)
        for update in update_events(w.gen):
            await computer.emit(f"server:{update}", {"computer": "pc"})
            assert (await agent.expect(f"notify:{update}")).payload == {"computer": "pc"}
        sessions = await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])
        assert [session.get("a2c_version") for session in sessions] == [declared, declared]
    rival = await w.peer()
    assert_join_refused(w.gen, await rival.join("agent", "bot", office), 4101,
                        "Room already has an agent", {"office_id": office, "role": "agent"})
    elsewhere = w.office()
    assert_join_refused(w.gen, await agent.join("agent", "bot", elsewhere), 4106,
                        "Agent already in another room", {"office_id": office})
    assert_ok(w.gen, await computer.join("computer", "pc", elsewhere))
    await agent.expect("notify:leave_office")
    assert_ok(w.gen, await agent.leave(office))
    for peer in (agent, computer, rival):
        await peer.expect_nothing(after=(agent, computer, rival))


@pytest.mark.parametrize("transport", BOTH)
async def test_five_generations_side_by_side(gateway_pool, transport):
    gateway = gateway_pool.get(ALL)
    await asyncio.gather(*(visit(World(gateway, gen, transport, gateway_pool))
                           for gen in GENERATIONS for _ in range(2)))


async def test_generations_share_names_but_no_office(gateway_pool):
    """One Agent and one Computer of each generation, all under the same names."""
    worlds = [World(gateway_pool.get(ALL), gen, "ws", gateway_pool) for gen in GENERATIONS]
    pairs = [await w.pair() for w in worlds]
    for w, (_, agent, computer) in zip(worlds, pairs):
        await w.assert_routable(agent, computer)
        await computer.emit("server:update_config", {"computer": "pc"})
        await agent.expect("notify:update_config")
        await agent.emit("server:tool_call_cancel", {"agent": "bot", "req_id": w.gen})
        cancel = await computer.expect("notify:tool_call_cancel")
        assert cancel.payload == {"agent": "bot", "req_id": w.gen}
    everybody = tuple(peer for pair in pairs for peer in pair[1:])
    for peer in everybody:
        await peer.expect_nothing(after=everybody)


# -- which versions are served --------------------------------------------------------------------


async def declare(gateway, version: str | None):
    items = [] if version is None else [("a2c_version", version)]
    response = await fetch(*gateway.address, "GET", target("/socket.io/", "polling", items))
    if response.status == 200:
        sid = json.loads(response.text[1:])["sid"]
        await fetch(*gateway.address, "POST", target("/socket.io/", "polling", sid=sid), body=b"1")
    return response


@pytest.mark.parametrize("settings, served, refused", [
    ({}, (None, "", "0.1.0", "0.1.99", "0.2.0", "0.3.0", "0.4.0", "0.4.999"),
     ("0.5.0", "0.0.1", "0.6.0", "1.0.0", "1.2.0")),
    (ALL, (None, "0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0"), ("0.0.1", "0.6.0", "1.0.0")),
    # Strict: one version, as the references have it.
    ({"protocol.versions": "0.3"}, ("0.3.0", "0.3.7"), (None, "", "0.1.0", "0.2.9", "0.4.0")),
    ({"protocol.versions": "0.1"}, (None, "0.1.5"), ("0.2.0", "0.4.0", "0.5.0")),
    ({"protocol.versions": "0.1", "protocol.allow_unversioned": "false"}, ("0.1.5",),
     (None, "", "0.2.0")),
    ({"protocol.versions": "0.5,0.2"}, ("0.2.0", "0.5.1"), (None, "0.1.0", "0.3.0", "0.4.0")),
])
async def test_versions_served_and_refused(start_gateway, settings, served, refused):
    gateway = start_gateway(settings)
    for version in served:
        assert (await declare(gateway, version)).status == 200, version
    versions = sorted(settings.get("protocol.versions", "0.1,0.2,0.3,0.4").split(","))
    for version in refused:
        response = await declare(gateway, version)
        assert response.status == 400, version
        if not version:
            assert response.json() == {"code": 400,
                                       "message": "Missing a2c_version query parameter"}
            assert not response.has("x-a2c-error-code")
            continue
        assert response.json() == {
            "code": 4008, "message": MISMATCH, "client_version": version,
            "server_version": f"{versions[-1]}.0", "min_supported": f"{versions[0]}.0",
            "max_supported": f"{versions[-1]}.999"}
        assert response.header("x-a2c-error-code") == "4008"


# -- together -------------------------------------------------------------------------------------

CALLERS_AND_COMPUTERS = [(a, c) for a in LEGACY for c in LEGACY if a != c]


@pytest.mark.parametrize("caller, callee", CALLERS_AND_COMPUTERS)
async def test_mixed_office_answers_in_the_dialect_of_the_caller(gateway_pool, caller, callee):
    gateway = gateway_pool.get(MIXED)
    agents, computers = (World(gateway, gen, "ws", gateway_pool) for gen in (caller, callee))
    office = agents.office()
    agent = await agents.agent(office)
    computer = await computers.computer(office)
    await agent.expect("notify:enter_office")
    # What is relayed is what the caller's generation has, to whatever Computer.
    for event in routed_events(caller):
        payload = agents.payload(event)
        call = agent.start_call(event, payload)
        request = await computer.request(event)
        assert request.raw_args == [dumps(payload)]
        answer = '[{"new_field":1.0,"bundle_id":"b"}]'
        await request.reply_raw(answer)
        assert (await call).text == answer
    for event in sorted(set(routed_events("G5")) - set(routed_events(caller))):
        assert (await agents.ask(agent, event)).text == f"[{flat(400, 'Unknown event')}]"
    # Its refusals come in the caller's shape, whether they are made before or during the call.
    call = agent.start_call(TOOL_CALL, agents.payload(TOOL_CALL))
    await computer.request(TOOL_CALL)
    text = "Computer with name 'pc' not found"
    shape = error_result(text) if caller == "G1" else flat(404, text, {"computer_name": "pc"})
    computer.abort()
    assert (await call).text == f"[{shape}]"
    await agent.expect("notify:leave_office")
    assert (await agents.ask(agent, TOOL_CALL)).text == f"[{shape}]"
    assert_refused(callee, TOOL_CALL, await computers.ask(
        await computers.computer(office, "pc2"), TOOL_CALL), 403)


async def test_mixed_office_lists_and_tells_everybody(gateway_pool):
    gateway = gateway_pool.get(MIXED)
    worlds = {gen: World(gateway, gen, "ws", gateway_pool) for gen in LEGACY}
    office = worlds["G1"].office()
    agent = await worlds["G1"].agent(office)
    computers = {}
    for gen, w in worlds.items():
        computers[gen] = await w.computer(office, f"pc-{gen}")
        await agent.expect("notify:enter_office")
    sessions = (await agent.list_room(office)).only["sessions"]
    assert [session.get("a2c_version") for session in sessions] == [
        None, *(DECLARED[gen] for gen in LEGACY)]
    # News go to all members, also those whose generation has no name for them: a 0.1 client
    # ignores what it does not know, a newer one next to it does not.
    await computers["G4"].emit("server:update_skills", {"computer": "pc-G4"})
    assert (await agent.expect("notify:update_skills")).payload == {"computer": "pc-G4"}
    # The rules of the office are those of its members: one Agent, names taken once.
    rival = await worlds["G4"].peer()
    assert (await rival.join("agent", "x", office)).text == dumps(
        [False, "Room already has an agent"])
    assert (await rival.join("computer", "pc-G1", office)).text == dumps(
        [False, f"Computer with name 'pc-G1' already exists in room '{office}'"])


@pytest.mark.parametrize("gen", LEGACY)
async def test_mixed_offices_never_hold_0_5(gateway_pool, gen):
    gateway = gateway_pool.get(MIXED)
    old, new = (World(gateway, one, "ws", gateway_pool) for one in (gen, "G5"))
    first, second = old.office(), old.office()
    agent = await old.agent(first)
    newcomer = await new.peer()
    assert (await newcomer.join("computer", "pc", first)).text == other_generation(
        "G5", "0.5.0", EVERY_VERSION)
    await new.agent(second)
    ack = await (await old.peer()).join("computer", "pc", second)
    assert ack.text == dumps([False, MISMATCH])
    await agent.expect_nothing(after=(newcomer,))


async def test_generation_is_that_of_the_handshake_for_good(gateway_pool):
    """Later requests and the namespace's CONNECT may say what they like."""
    w = World(gateway_pool.get(ALL), "G5", "polling", gateway_pool)
    peer = await w.bare()
    url = target("/socket.io/", "polling", query("G2"), sid=peer.session.sid)
    connected = await fetch(*w.address, "POST", url, body=b'40/smcp,{"a2c_version":"0.1.0"}')
    assert connected.body == b"ok"
    ack = await peer.call(JOIN, {"role": "agent", "name": "bot", "office_id": w.office()})
    assert ack.text == "[]"
