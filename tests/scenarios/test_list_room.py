"""Scenarios 95 to 98: who is in the office."""

from support.generation import DECLARED, JOIN, assert_ok, flat
from support.raw import dumps
from support.scenario import BOTH, scenario

LIST_ROOM = "server:list_room"


@scenario(95, "all", BOTH)
async def test_scenario_095_members_in_the_order_they_joined(w):
    office = w.office()
    agent = await w.agent(office)
    computers = [await w.computer(office, f"pc{n}") for n in range(1 if w.gen == "G5" else 3)]
    await w.pair()
    members = [(agent, "bot", "agent")] + [
        (peer, f"pc{n}", "computer") for n, peer in enumerate(computers)]
    version = DECLARED[w.gen]
    expected = [{"sid": peer.sid, "name": name, "role": role, "office_id": office,
                 **({"a2c_version": version} if version else {})} for peer, name, role in members]
    for number, (peer, name, _) in enumerate(members):
        ack = await peer.list_room(office, f"req-{number}", name)
        assert ack.text == dumps([{"sessions": expected, "req_id": f"req-{number}"}])


@scenario(95, "all")
async def test_scenario_095_req_id_is_echoed_whatever_it_holds(w):
    office = w.office()
    agent = await w.agent(office)
    for req_id in ("", "x" * 256, 'a"b\\c/\n', "é🏢", "\u2028"):
        answer = (await agent.list_room(office, req_id)).only
        assert answer["req_id"] == req_id
        assert len(answer["sessions"]) == 1


@scenario(96, "G2+")
async def test_scenario_096_declared_versions_are_listed(w):
    office = w.office()
    agent = await w.agent(office)
    sessions = await w.assert_sessions(agent, office, [("agent", "bot")])
    assert sessions[0]["a2c_version"] == DECLARED[w.gen]


@scenario(96, "G1-4")
async def test_scenario_096_version_is_listed_exactly_when_declared(w):
    office = w.office()
    agent = await w.agent(office, query_items=[("a2c_version", "0.1.7")])
    await w.computer(office, "pc", query_items=[])
    sessions = await w.assert_sessions(agent, office, [("agent", "bot"), ("computer", "pc")])
    assert sessions[0]["a2c_version"] == "0.1.7"
    assert set(sessions[1]) == {"sid", "name", "role", "office_id"}


@scenario(97, "all")
async def test_scenario_097_other_offices_are_denied_alike(w):
    _, agent, computer = await w.pair()
    other, _, _ = await w.pair()
    nowhere = w.office()
    for member in (agent, computer):
        for office in (other, nowhere, "x" * 256):
            ack = await member.list_room(office)
            refusal = flat(4104, "Cross-room access denied", {"office_id": office})
            assert ack.text == f"[{refusal}]"
    stranger = await w.peer()
    for office in (other, nowhere):
        answer = (await stranger.list_room(office)).only
        assert answer["code"] == 4103 and answer["message"]


@scenario(97, "all")
async def test_scenario_097_bad_list_room_payloads_are_refused(w):
    office, agent, _ = await w.pair()
    good = {"agent": "bot", "req_id": "r", "office_id": office}
    without = [[{key: value for key, value in good.items() if key != missing}] for missing in good]
    replaced = [[{**good, key: 1}] for key in good] + [[{**good, "office_id": None}]]
    for arguments in without + replaced + [[], [[good]], ["r"], [None], [good, good]]:
        answer = (await agent.call(LIST_ROOM, *arguments)).only
        assert answer["code"] == 400 and answer["message"], arguments
    alias = {"robot_id": "bot", "req_id": "r", "office_id": office}
    assert len((await agent.call(LIST_ROOM, alias)).only["sessions"]) == 2


@scenario(98, "all")
async def test_scenario_098_list_right_after_a_join_holds_the_caller(w):
    for _ in range(30):
        office = w.office()
        peer = await w.peer()
        listing = dumps({"agent": "bot", "req_id": "r0", "office_id": office})
        join = dumps({"office_id": office, "role": "agent", "name": "bot"})
        await peer.session.send_many([f'42/smcp,["{JOIN}",{join}]'])
        ack = await peer.call_raw(f'["{LIST_ROOM}",{listing}]')
        assert [session["sid"] for session in ack.only["sessions"]] == [peer.sid]
        assert_ok(w.gen, await peer.leave(office))
        await peer.close()
