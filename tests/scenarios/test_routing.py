"""Scenarios 67 to 87: routing of requests and their answers."""

import asyncio
import json
import os
import time

from support.generation import (TOOL_CALL, assert_not_found, assert_ok, assert_refused,
                                routed_events)
from support.raw import TEXT, Raw, dump_args, eventually, fetch, frame, scaled, target
from support.scenario import BOTH, scenario

SOON = scaled(1.0)
QUICK = {"calls__default_timeout": "1s", "calls__timeout_slack": "0.3s"}

# Everything a parse and a print would change: big and odd numbers, order, duplicates, escapes,
# blanks, raw UTF-8, a lone surrogate, what looks like a placeholder.
ODD_MEMBERS = (
    '"big":123456789012345678901234567890,"one":1.0,"exp":1E+2,"tiny":5e-324,"neg0":-0.0,'
    '"z":1,"a":2,"dup":1,"dup":{"b":[ ]},"esc":"\\u00e9\\/\\n\\u0000\\ud83d\\ude00",'
    '"raw":"é€🏢","lone":"\\ud800","deep":[[[[{"x":[null,true,false]}]]]] , "":"" ,'
    '"ph":{"_placeholder":false,"num":0},"last":""')


def odd_request(**fields) -> str:
    head = '"tool_name":"echo","timeout":30,"computer":"pc","req_id":"r-1","agent":"bot"'
    return f'{{{head},"params":{{{ODD_MEMBERS}}},{ODD_MEMBERS}}}'


@scenario(67, "all", BOTH)
async def test_scenario_067_request_and_answer_pass_through_unchanged(w):
    office, agent, computer = await w.pair()
    payload = odd_request()
    call = agent.start_call(TOOL_CALL, Raw(payload))
    request = await computer.request(TOOL_CALL)
    assert request.raw_args == [payload]
    assert isinstance(request.ack_id, int) and 0 <= request.ack_id < 2**31
    answer = f'[{{"content":[ {{"type":"text","text":"\\u0041"}} ],"isError":false,{ODD_MEMBERS}}}]'
    await request.reply_raw(answer)
    assert (await call).text == answer


@scenario(67, "all")
async def test_scenario_067_ack_ids_of_any_client_are_echoed(w):
    office, agent, computer = await w.pair()
    computer.on_request("client:get_tools", lambda event: ({"tools": [], "req_id": "r"},))
    payload = json.dumps(w.payload("client:get_tools"))
    for ack_id in ("0", "7", "2147483648", "999999999999999"):
        await agent.send(f'42/smcp,{ack_id}["client:get_tools",{payload}]')
        expected = f'43/smcp,{ack_id}[{{"tools":[],"req_id":"r"}}]'
        await eventually(lambda: expected in agent.log, f"the ack {expected}")


@scenario(68, "all", BOTH)
async def test_scenario_068_acks_of_any_shape_are_relayed(w):
    office, agent, computer = await w.pair()
    blob = bytes(range(256)) + b"\x1e4" * 20
    cases = [('[{"a":1},2]', []), ('[]', []), ('[null]', []), ('[[1,2]]', []), ('["x",null]', []),
             ('[{"_placeholder":true,"num":0}]', [blob]),
             ('[{"b":{"_placeholder":true,"num":1},"a":[{"_placeholder":true,"num":0}]},7]',
              [b"", blob])]
    for event in routed_events(w.gen):
        for array, attachments in cases:
            call = agent.start_call(event, w.payload(event))
            await (await computer.request(event)).reply_raw(array, attachments)
            ack = await call
            assert ack.text == array
            assert ack.attachments == attachments


@scenario(68, "all", BOTH)
async def test_scenario_068_request_with_attachments_is_relayed(w):
    office, agent, computer = await w.pair()
    blobs = [os.urandom(1000), b"\x00", bytes(range(256))]
    payload = json.dumps(w.payload(TOOL_CALL))[:-1] + (
        ',"x":{"_placeholder":true,"num":0},"y":[{"_placeholder":true,"num":1},'
        '{"_placeholder":true,"num":2}]}')
    call = agent.start_call_raw(f'["client:tool_call",{payload}]', blobs)
    request = await computer.request(TOOL_CALL)
    assert request.raw_args == [payload]
    assert request.attachments == blobs
    await request.reply_raw('[{"_placeholder":true,"num":0}]', [blobs[0]])
    assert (await call).attachments == [blobs[0]]


@scenario(69, "G1", BOTH)
async def test_scenario_069_tool_call_to_nobody_is_an_error_result(w):
    agent = await w.agent(w.office())
    started = time.monotonic()
    ack = await w.ask(agent, TOOL_CALL, "ghost")
    assert time.monotonic() - started < SOON
    assert ack.text == ('[{"content":[{"type":"text","text":"Computer with name \'ghost\' not '
                        'found"}],"isError":true}]')


@scenario(69, "G1")
async def test_scenario_069_other_requests_to_nobody_are_flat_404(w):
    agent = await w.agent(w.office())
    for event in routed_events("G1"):
        if event != TOOL_CALL:
            assert (await w.ask(agent, event, "ghost")).text == (
                '[{"code":404,"message":"Computer with name \'ghost\' not found",'
                '"details":{"computer_name":"ghost"}}]')
    # The name comes back as the client's own text, so it has to be quoted again.
    odd = 'a"b\\c\n\x00é'
    ack = await w.ask(agent, "client:get_tools", odd)
    assert ack.only == {"code": 404, "message": f"Computer with name '{odd}' not found",
                        "details": {"computer_name": odd}}


@scenario(70, "G2+", BOTH)
async def test_scenario_070_tool_call_to_nobody_is_flat_404(w):
    agent = await w.agent(w.office())
    started = time.monotonic()
    ack = await w.ask(agent, TOOL_CALL, "ghost")
    assert time.monotonic() - started < SOON
    assert ack.text == ('[{"code":404,"message":"Computer with name \'ghost\' not found",'
                        '"details":{"computer_name":"ghost"}}]')


@scenario(71, "all")
async def test_scenario_071_computer_of_another_office_does_not_exist(w):
    _, agent, _ = await w.pair()
    second = w.office()
    await w.agent(second)
    foreign = await w.computer(second, "foreign")
    for event in routed_events(w.gen):
        there = await w.ask(agent, event, "foreign")
        nobody = await w.ask(agent, event, "nowhere")
        assert there.text == nobody.text.replace("nowhere", "foreign")
        assert_not_found(w.gen, event, there, "foreign")
    await foreign.expect_nothing(after=(agent,))


@scenario(72, "all")
async def test_scenario_072_an_agent_is_no_target(w):
    office = w.office()
    agent = await w.agent(office, "bot")
    for event in routed_events(w.gen):
        assert_not_found(w.gen, event, await w.ask(agent, event, "bot"), "bot")
    await agent.expect_nothing()


@scenario(73, "all")
async def test_scenario_073_requests_before_a_join_are_refused(w):
    office, agent, computer = await w.pair()
    stranger = await w.peer()
    for event in routed_events(w.gen):
        assert_refused(w.gen, event, await w.ask(stranger, event), 4103)
    # Nor after leaving, with the role still bound.
    assert_ok(w.gen, await agent.leave(office))
    for event in routed_events(w.gen):
        assert_refused(w.gen, event, await w.ask(agent, event), 4103)
    await computer.expect("notify:leave_office")
    await computer.expect_nothing(after=(stranger, agent))


@scenario(74, "all")
async def test_scenario_074_a_computer_may_not_ask(w):
    office, agent, computer = await w.pair()
    for event in routed_events(w.gen):
        assert_refused(w.gen, event, await w.ask(computer, event), 403)
    await computer.expect_nothing()
    await agent.expect_nothing(after=(computer,))


def bad_requests(good: dict, is_tool_call: bool) -> list[list]:
    required = ["agent", "req_id", "computer"]
    replaced = [("req_id", 1), ("req_id", None), ("agent", 5), ("agent", None), ("computer", 7),
                ("computer", None), ("computer", ["pc"])]
    if is_tool_call:
        required += ["tool_name", "params", "timeout"]
        replaced += [("timeout", 0), ("timeout", -1), ("timeout", "x"), ("timeout", "30"),
                     ("timeout", 1.5), ("timeout", None), ("timeout", True), ("params", []),
                     ("params", None), ("params", "{}"), ("tool_name", 1), ("tool_name", None)]
    without = [[{key: value for key, value in good.items() if key != missing}]
               for missing in required]
    shapes = [[], [[good]], ["text"], [None], [1], [good, good]]
    return without + [[{**good, key: value}] for key, value in replaced] + shapes


@scenario(75, "all")
async def test_scenario_075_bad_requests_are_refused(w):
    office, agent, computer = await w.pair()
    for event in routed_events(w.gen):
        for arguments in bad_requests(w.payload(event), event == TOOL_CALL):
            assert_refused(w.gen, event, await agent.call(event, *arguments), 400)
    await computer.expect_nothing(after=(agent,))


@scenario(75, "all")
async def test_scenario_075_timeout_may_be_an_integral_float(w):
    office, agent, computer = await w.pair()
    for text in ("5.0", "5", "1e1", "3600"):
        payload = f'{{"agent":"a","req_id":"r","computer":"pc","tool_name":"t","params":{{}},' \
                  f'"timeout":{text}}}'
        call = agent.start_call(TOOL_CALL, Raw(payload))
        request = await computer.request(TOOL_CALL)
        assert request.raw_args == [payload]
        await request.reply({"content": [], "isError": False})
        assert (await call).only == {"content": [], "isError": False}


@scenario(76, "all")
async def test_scenario_076_robot_id_stands_in_for_agent(w):
    office, agent, computer = await w.pair()
    for event in routed_events(w.gen):
        payload = w.payload(event)
        payload["robot_id"] = payload.pop("agent")
        call = agent.start_call(event, payload)
        request = await computer.request(event)
        assert request.payload == payload
        await request.reply({"ok": event})
        assert (await call).only == {"ok": event}


@scenario(77, "all")
async def test_scenario_077_every_routed_event_reaches_the_computer(w):
    office, agent, computer = await w.pair()
    for event in routed_events(w.gen):
        payload = w.payload(event)
        call = agent.start_call(event, payload)
        request = await computer.request(event)
        assert request.payload == payload
        await request.reply({"answer": event})
        assert (await call).only == {"answer": event}
        # Without an ack id it is still forwarded, and nothing comes back.
        await agent.emit(event, payload)
        request = await computer.request(event)
        assert request.payload == payload
        if request.ack_id is not None:
            await request.reply({"answer": event})
        packets = len(agent.log)
        await computer.barrier()
        await agent.barrier()
        assert len(agent.log) == packets + 1


@scenario(77, "G1-4")
async def test_scenario_077_events_of_later_generations_are_unknown(w):
    office, agent, computer = await w.pair()
    later = set(routed_events("G5")) - set(routed_events(w.gen))
    for event in sorted(later):
        ack = await w.ask(agent, event)
        assert ack.only["code"] == 400 and ack.only["message"] == "Unknown event", ack.text
    await computer.expect_nothing(after=(agent,))


@scenario(78, "all")
async def test_scenario_078_parallel_chunks_get_their_own_answers(w):
    office, agent, computer = await w.pair()
    event = "client:get_blob" if "client:get_blob" in routed_events(w.gen) else "client:get_tools"
    calls = [agent.start_call(event, w.payload(event, req_id=f"r{n}", chunk_offset=n * 1000))
             for n in range(50)]
    requests = [await computer.request(event) for _ in calls]
    assert [request.payload["chunk_offset"] for request in requests] == list(range(0, 50000, 1000))
    assert len({request.ack_id for request in requests}) == 50
    for request in reversed(requests):
        payload = request.payload
        await request.reply({"offset": payload["chunk_offset"], "req_id": payload["req_id"]})
    for number, call in enumerate(calls):
        assert (await call).only == {"offset": number * 1000, "req_id": f"r{number}"}


@scenario(79, "all")
async def test_scenario_079_same_names_in_two_offices_never_mix(w):
    _, first_agent, first = await w.pair()
    _, second_agent, second = await w.pair()
    for _ in range(20):
        await asyncio.gather(w.assert_routable(first_agent, first),
                             w.assert_routable(second_agent, second))
    for peer in (first_agent, first, second_agent, second):
        await peer.expect_nothing()


@scenario(80, "all", BOTH)
async def test_scenario_080_call_ends_with_its_computer(w):
    for farewell in ("abort", "41/smcp,", "close"):
        office, agent, computer = await w.pair()
        calls = {event: agent.start_call(event, w.payload(event)) for event in routed_events(w.gen)}
        for event in calls:
            await computer.request(event)
        started = time.monotonic()
        if farewell == "abort":
            computer.abort()
        elif farewell == "close":
            await computer.close()
        else:
            await computer.send(farewell)
        for event, call in calls.items():
            assert_not_found(w.gen, event, await call, "pc")
        assert time.monotonic() - started < SOON
        await agent.expect("notify:leave_office")
        await w.gateway.settle(calls_in_flight=0)


@scenario(81, "all")
async def test_scenario_081_answer_for_a_dead_agent_is_discarded(w):
    office, agent, computer = await w.pair()
    witness = None
    if w.gen != "G5":
        witness = await w.computer(office, "witness")
        await agent.expect("notify:enter_office")
        await computer.expect("notify:enter_office")
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    agent.abort()
    call.cancel()
    await computer.expect("notify:leave_office")
    await w.gateway.settle(calls_in_flight=0)
    await request.reply({"content": [], "isError": False})
    await computer.expect_nothing()
    if witness:
        await witness.expect("notify:leave_office")
        await witness.expect_nothing()
    await w.gateway.settle(calls_in_flight=0)
    # Its successor is not handed what was meant for it.
    successor = await w.agent(office, "bot")
    await computer.expect("notify:enter_office")
    await w.assert_routable(successor, computer)
    await successor.expect_nothing(after=(computer,))


@scenario(82, "all")
async def test_scenario_082_unanswered_tool_call_ends_at_its_deadline(w):
    await tool_call_ends_within(w, 6.0)


@scenario(82, "all", ("polling",), **QUICK)
async def test_scenario_082_deadline_is_that_of_the_call_and_the_slack(w):
    await tool_call_ends_within(w, 1.3)


async def tool_call_ends_within(w, seconds: float) -> None:
    office, agent, computer = await w.pair()
    started = time.monotonic()
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL, timeout=1), timeout=scaled(10.0))
    request = await computer.request(TOOL_CALL)
    assert_refused(w.gen, TOOL_CALL, await call, 408)
    assert 1.0 <= time.monotonic() - started <= seconds + SOON
    packets = len(agent.log)
    await request.reply({"content": [], "isError": False})
    await computer.expect_nothing()
    await agent.barrier()
    assert len(agent.log) == packets + 1, "a late answer was relayed"
    await w.assert_routable(agent, computer)


@scenario(83, "all", **QUICK)
async def test_scenario_083_unanswered_request_ends_at_the_relay_limit(w):
    office, agent, computer = await w.pair()
    events = [event for event in routed_events(w.gen) if event != TOOL_CALL]
    started = time.monotonic()
    calls = {event: agent.start_call(event, w.payload(event)) for event in events}
    for event in events:
        await computer.request(event)
    for event, call in calls.items():
        assert_refused(w.gen, event, await call, 408)
    assert 1.0 <= time.monotonic() - started <= 1.3 + SOON
    await w.gateway.settle(calls_in_flight=0)


@scenario(84, "all")
async def test_scenario_084_call_survives_a_move_of_its_computer(w):
    first, agent, computer = await w.pair()
    second = w.office()
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    assert_ok(w.gen, await computer.join("computer", "pc", second))
    await agent.expect("notify:leave_office")
    assert_not_found(w.gen, TOOL_CALL, await w.ask(agent, TOOL_CALL), "pc")
    packets = len(agent.log)
    answer = {"content": [{"type": "text", "text": "from afar"}], "isError": False}
    await request.reply(answer)
    assert (await call).only == answer
    await computer.barrier()
    await agent.barrier()
    assert len(agent.log) == packets + 2, "more than one answer"


@scenario(84, "all")
async def test_scenario_084_call_survives_the_leave_of_its_computer(w):
    office, agent, computer = await w.pair()
    call = agent.start_call("client:get_tools", w.payload("client:get_tools"))
    request = await computer.request("client:get_tools")
    assert_ok(w.gen, await computer.leave(office))
    await agent.expect("notify:leave_office")
    await request.reply({"tools": [], "req_id": "r"})
    assert (await call).only == {"tools": [], "req_id": "r"}


@scenario(85, "all")
async def test_scenario_085_ack_of_somebody_else_is_ignored(w):
    office, agent, computer = await w.pair()
    stranger = await w.computer(w.office(), "stranger")
    witnesses = [stranger]
    if w.gen != "G5":
        witnesses.append(await w.computer(office, "pc2"))
        await agent.expect("notify:enter_office")
        await computer.expect("notify:enter_office")
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    forged = '[{"content":[],"isError":false,"forged":true}]'
    for peer in witnesses + [agent]:
        for ack_id in [request.ack_id] + list(range(20)) + [2**31 - 1, 2**31, 999999999999999]:
            await peer.send(f"43/smcp,{ack_id}{forged}")
        await peer.send_ack(request.ack_id, '[{"_placeholder":true,"num":0}]', [b"x"])
        await peer.expect_nothing()
    assert not call.done()
    for wrong in (request.ack_id + 1, request.ack_id + 1000):
        await computer.send(f"43/smcp,{wrong}{forged}")
    await computer.send(f"43/other,{request.ack_id}{forged}")
    await computer.barrier()
    await agent.barrier()
    assert not call.done()
    await request.reply({"content": [], "isError": False})
    assert (await call).only == {"content": [], "isError": False}
    packets = len(agent.log)
    await request.reply({"content": [], "isError": False, "again": True})
    await computer.barrier()
    await agent.barrier()
    assert len(agent.log) == packets + 1, "a second ack was relayed"


@scenario(86, "G2+")
async def test_scenario_086_error_object_of_a_computer_is_relayed(w):
    office, agent, computer = await w.pair()
    answer = '[{"code":4014,"message":"no such server","mcp_server":"m"}]'
    call = agent.start_call("client:get_resources", w.payload("client:get_resources"))
    await (await computer.request("client:get_resources")).reply_raw(answer)
    assert (await call).text == answer


@scenario(87, "all", BOTH)
async def test_scenario_087_large_answer_passes(w):
    office, agent, computer = await w.pair()
    answer = dump_args([{"content": [{"type": "text", "text": "x" * 900_000}], "isError": False}])
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL))
    await (await computer.request(TOOL_CALL)).reply_raw(answer)
    assert (await call).text == answer


@scenario(87, "all")
async def test_scenario_087_oversize_message_closes_the_offender_only(w):
    office, agent, computer = await w.pair()
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL))
    await computer.request(TOOL_CALL)
    # The announcement is enough. Bytes sent behind it would turn the close into a reset that may
    # overtake the close frame.
    await computer.session.ws.send_raw(frame(TEXT, b"4xxx", announced=1_000_001))
    assert_not_found(w.gen, TOOL_CALL, await call, "pc")
    await computer.session.wait_end()
    assert computer.session.close_code == 1009
    await agent.expect("notify:leave_office")
    successor = await w.computer(office)
    await agent.expect("notify:enter_office")
    await w.assert_routable(agent, successor)


@scenario(87, "all")
async def test_scenario_087_message_of_exactly_the_limit_is_served(w):
    office = w.office()
    agent = await w.agent(office)
    listing = f'["server:list_room",{{"agent":"a","req_id":"r","office_id":"{office}","pad":"'
    # The call is the second one of its peer: "42/smcp," and one digit stand before the array.
    pad = 1_000_000 - len("42/smcp,2") - len(listing) - len('"}]')
    ack = await agent.call_raw(listing + "x" * pad + '"}]')
    assert len(ack.only["sessions"]) == 1
    assert not agent.session.ended.is_set()


@scenario(87, "all", ("polling",))
async def test_scenario_087_oversize_post_is_refused_and_the_session_goes_on(w):
    office, agent, computer = await w.pair()
    url = target("/socket.io/", "polling", sid=computer.session.sid)
    response = await fetch(*w.address, "POST", url, body=b"4" + b"x" * 1_000_000)
    assert response.status == 413
    await w.assert_routable(agent, computer)
