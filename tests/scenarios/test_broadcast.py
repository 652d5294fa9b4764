"""Scenarios 88 to 94: events that a member tells its office."""

from support.generation import TOOL_CALL, update_events
from support.scenario import BOTH, scenario

CANCEL = "server:tool_call_cancel"


async def office_with_witness(w):
    """(office, Agent, Computer, receivers); a second Computer listens where the rules allow."""
    office, agent, computer = await w.pair()
    receivers = [agent]
    if w.gen != "G5":
        witness = await w.computer(office, "witness")
        await agent.expect("notify:enter_office")
        await computer.expect("notify:enter_office")
        receivers.append(witness)
    return office, agent, computer, receivers


@scenario(88, "all")
async def test_scenario_088_updates_reach_the_other_members(w):
    _, _, computer, receivers = await office_with_witness(w)
    foreign_office, foreign_agent, foreign_computer = await w.pair()
    for update in update_events(w.gen):
        await computer.emit(f"server:{update}", {"computer": "pc"})
        for receiver in receivers:
            event = await receiver.expect(f"notify:{update}")
            assert event.packet == f'42/smcp,["notify:{update}",{{"computer":"pc"}}]'
    for peer in [computer, foreign_agent, foreign_computer] + receivers:
        await peer.expect_nothing(after=(computer,))


@scenario(88, "all")
async def test_scenario_088_update_with_an_ack_id_gets_an_empty_ack(w):
    _, _, computer, receivers = await office_with_witness(w)
    for update in update_events(w.gen):
        assert (await computer.call(f"server:{update}", {"computer": "pc"})).text == "[]"
        for receiver in receivers:
            await receiver.expect(f"notify:{update}")


@scenario(88, "G1")
async def test_scenario_088_update_skills_is_unknown_to_0_1(w):
    _, _, computer, receivers = await office_with_witness(w)
    assert (await computer.call("server:update_skills", {"computer": "pc"})).text == "[]"
    for receiver in receivers:
        await receiver.expect_nothing(after=(computer,))


@scenario(89, "all")
async def test_scenario_089_the_name_told_is_the_session_s_own(w):
    _, _, computer, receivers = await office_with_witness(w)
    for update in update_events(w.gen):
        await computer.emit(f"server:{update}",
                            {"computer": "witness", "office_id": "x", "extra": [1]})
        for receiver in receivers:
            event = await receiver.expect(f"notify:{update}")
            assert event.packet == f'42/smcp,["notify:{update}",{{"computer":"pc"}}]'


@scenario(90, "all")
async def test_scenario_090_updates_nobody_may_send_are_dropped(w):
    office, agent, computer, receivers = await office_with_witness(w)
    stranger = await w.peer()
    left = await w.computer(w.office(), "left")
    await left.leave("any")
    for update in update_events(w.gen):
        event = f"server:{update}"
        for sender in (stranger, left, agent):
            await sender.emit(event, {"computer": "pc"})
            await sender.emit(event, {"computer": "pc", "office_id": office})
        for arguments in ([], [{}], [{"computer": 1}], [{"computer": None}], [["pc"]], ["pc"],
                          [None], [{"name": "pc"}]):
            await computer.emit(event, *arguments)
        # An ack id changes nothing about that, and never turns into an error.
        for sender in (stranger, agent):
            assert (await sender.call(event, {"computer": "pc"})).text == "[]"
        assert (await computer.call(event, {"computer": 1})).text == "[]"
    senders = (stranger, left, agent, computer)
    for receiver in receivers + [computer, stranger, left]:
        await receiver.expect_nothing(after=senders)


@scenario(91, "all", BOTH)
async def test_scenario_091_cancel_is_told_and_ends_nothing(w):
    office, agent, computer, receivers = await office_with_witness(w)
    _, foreign_agent, foreign_computer = await w.pair()
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL, req_id="r9"))
    request = await computer.request(TOOL_CALL)
    await agent.emit(CANCEL, {"agent": "bot", "req_id": "r9"})
    for receiver in [computer] + receivers[1:]:
        event = await receiver.expect("notify:tool_call_cancel")
        assert event.packet == (
            '42/smcp,["notify:tool_call_cancel",{"agent":"bot","req_id":"r9"}]')
    for peer in (agent, foreign_agent, foreign_computer):
        await peer.expect_nothing(after=(agent,))
    assert not call.done(), "the cancel ended the call"
    await request.reply({"content": [], "isError": False})
    assert (await call).only == {"content": [], "isError": False}


@scenario(91, "all")
async def test_scenario_091_cancel_never_overtakes_its_call(w):
    _, agent, computer = await w.pair()
    for number in range(50):
        req_id = f"r{number}"
        seen = len(computer.log)
        await agent.emit(TOOL_CALL, w.payload(TOOL_CALL, req_id=req_id))
        await agent.emit(CANCEL, {"agent": "bot", "req_id": req_id})
        cancel = await computer.expect("notify:tool_call_cancel")
        assert cancel.payload == {"agent": "bot", "req_id": req_id}
        request = await computer.request(TOOL_CALL)
        assert request.payload["req_id"] == req_id
        assert computer.log[seen:] == [request.packet, cancel.packet]


@scenario(91, "all")
async def test_scenario_091_req_id_is_told_as_it_was_sent(w):
    _, agent, computer = await w.pair()
    for req_id in ("", 'q"\\', "é🏢", "a\nb", "x" * 256):
        assert (await agent.call(CANCEL, {"agent": "bot", "req_id": req_id})).text == "[]"
        event = await computer.expect("notify:tool_call_cancel")
        assert event.payload == {"agent": "bot", "req_id": req_id}


@scenario(92, "all")
async def test_scenario_092_cancel_names_the_session_not_the_payload(w):
    _, agent, computer = await w.pair()
    await agent.emit(CANCEL, {"agent": "configured-id", "req_id": "r1"})
    event = await computer.expect("notify:tool_call_cancel")
    assert event.packet == '42/smcp,["notify:tool_call_cancel",{"agent":"bot","req_id":"r1"}]'


@scenario(93, "all")
async def test_scenario_093_cancels_nobody_may_send_are_dropped(w):
    office, agent, computer, receivers = await office_with_witness(w)
    stranger = await w.peer()
    homeless = await w.agent(w.office(), "homeless")
    await homeless.leave("any")
    payload = {"agent": "bot", "req_id": "r9", "office_id": office}
    senders = (stranger, homeless, computer)
    for sender in senders:
        await sender.emit(CANCEL, payload)
        assert (await sender.call(CANCEL, payload)).text == "[]"
    for arguments in ([], [{}], [{"agent": "bot"}], [{"req_id": "r"}], [["r9"]], [None],
                      [{"agent": "bot", "req_id": 9}], [{"agent": 1, "req_id": "r9"}]):
        await agent.emit(CANCEL, *arguments)
        assert (await agent.call(CANCEL, *arguments)).text == "[]"
    for receiver in receivers + list(senders):
        await receiver.expect_nothing(after=senders + (agent,))


@scenario(94, "all")
async def test_scenario_094_answer_of_a_cancelled_call_is_relayed(w):
    _, agent, computer = await w.pair()
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL, req_id="r9"))
    request = await computer.request(TOOL_CALL)
    await agent.emit(CANCEL, {"agent": "bot", "req_id": "r9"})
    await computer.expect("notify:tool_call_cancel")
    answer = ('[{"content":[{"type":"text","text":"cancelled"}],"isError":true,'
              '"meta":{"a2c_cancelled":true}}]')
    await request.reply_raw(answer)
    assert (await call).text == answer
