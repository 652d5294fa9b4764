"""Scenarios 14 to 22: authentication and namespace."""

import time

import pytest

from support.raw import ConnectRefused, Peer, fetch, scaled, target
from support.scenario import scenario

KEY = "key-3f0c9d51"
KEYED = {"auth__provider": "api_key", "auth__api_key__admin_secret": KEY}
REFUSED = '44/smcp,{"message":"Connection refused by server"}'


async def assert_refused(w, **options) -> None:
    peer = await w.bare(headers=options.get("headers", ()))
    with pytest.raises(ConnectRefused) as refused:
        await peer.join_namespace(options.get("auth"))
    assert refused.value.text == REFUSED
    assert peer.log == [REFUSED]


@scenario(14, "all", ("ws", "polling"), **KEYED)
async def test_scenario_014_no_key_is_refused(w):
    peer = await w.bare()
    with pytest.raises(ConnectRefused) as refused:
        await peer.join_namespace({})
    assert refused.value.text == REFUSED
    # The Engine.IO session outlives the refusal, and a second CONNECT may do better.
    assert await peer.join_namespace({"token": KEY})
    assert [packet[:3] for packet in peer.log] == ["44/", "40/"]
    await peer.barrier()


@scenario(14, "all", **KEYED)
async def test_scenario_014_wrong_keys_are_refused_alike(w):
    for wrong in ("", "x", KEY[:-1], KEY + "x", KEY.upper(), " " + KEY + "x"):
        await assert_refused(w, headers=[("x-api-key", wrong)])
        await assert_refused(w, auth={"token": wrong})
    for ill_typed in (1, None, True, [KEY], {"token": KEY}):
        await assert_refused(w, auth={"token": ill_typed})
    await assert_refused(w, auth={"key": KEY})
    await assert_refused(w, headers=[("authorization", KEY)])


@scenario(15, "G1", ("ws", "polling"), **KEYED)
async def test_scenario_015_key_in_x_api_key_header(w):
    for name in ("x-api-key", "X-API-KEY", "X-Api-Key", "x-aPi-kEy"):
        peer = await w.peer(headers=[(name, KEY)])
        await peer.barrier()


@scenario(16, "G1-2", ("ws", "polling"), **KEYED)
async def test_scenario_016_key_in_access_token_header(w):
    for name in ("access_token", "Access_Token"):
        peer = await w.peer(headers=[(name, KEY)])
        await peer.barrier()


@scenario(17, "all", **KEYED)
async def test_scenario_017_key_in_auth_token(w):
    peer = await w.peer(auth={"token": KEY, "other": [1, {"a": None}]})
    await peer.barrier()
    await assert_refused(w, auth={"token": KEY + "0"})


@scenario(18, "all")
async def test_scenario_018_connect_without_data_is_connect_with_an_empty_object(w):
    for packet in ("40/smcp,{}", "40/smcp,", "40/smcp"):
        peer = await w.bare()
        assert await peer.join_namespace(packet=packet)
        assert peer.log == [f'40/smcp,{{"sid":"{peer.sid}"}}']


@scenario(18, "all", **KEYED)
async def test_scenario_018_both_are_refused_without_and_accepted_with_a_key(w):
    for packet in ("40/smcp,{}", "40/smcp,", "40/smcp"):
        stranger = await w.bare()
        with pytest.raises(ConnectRefused) as refused:
            await stranger.join_namespace(packet=packet)
        assert refused.value.text == REFUSED
        peer = await w.bare(headers=[("x-api-key", KEY)])
        assert await peer.join_namespace(packet=packet)


@scenario(19, "all")
async def test_scenario_019_unknown_namespace_is_refused_by_name(w):
    peer = await w.bare()
    cases = {"40/other,{}": '44/other,{"message":"Invalid namespace"}',
             "40/other": '44/other,{"message":"Invalid namespace"}',
             "40": '44{"message":"Invalid namespace"}',
             "40{}": '44{"message":"Invalid namespace"}',
             "40/smcp?token=1,": '44/smcp?token=1,{"message":"Invalid namespace"}',
             "40/smcpx,{}": '44/smcpx,{"message":"Invalid namespace"}'}
    for packet, answer in cases.items():
        with pytest.raises(ConnectRefused) as refused:
            await peer.join_namespace(packet=packet)
        assert refused.value.text == answer
    assert await peer.join_namespace({})
    await peer.barrier()


@scenario(20, "all")
async def test_scenario_020_second_connect_does_not_disturb_the_first(w):
    office = w.office()
    agent = await w.agent(office)
    sid = agent.sid
    with pytest.raises(ConnectRefused) as refused:
        await agent.join_namespace({})
    assert refused.value.text == '44/smcp,{"message":"Already connected"}'
    agent.sid = sid
    assert (await w.assert_sessions(agent, office, [("agent", "bot")]))[0]["sid"] == sid
    computer = await w.computer(office)
    await agent.expect("notify:enter_office")
    await w.assert_routable(agent, computer)


@scenario(21, "all")
async def test_scenario_021_event_before_connect_is_ignored(w):
    peer = await w.bare()
    office = w.office()
    await peer.send('42/smcp,1["server:list_room",{"agent":"a","req_id":"r","office_id":"o"}]')
    await peer.send(f'42/smcp,["server:join_office",{{"role":"agent","name":"a",'
                    f'"office_id":"{office}"}}]')
    await peer.send('43/smcp,1[1]')
    await peer.send('41/smcp,')
    await peer.send('42["x"]')
    assert await peer.join_namespace({})
    ack = await peer.list_room(office)
    assert ack.only["code"] == 4103, "an event sent before CONNECT took effect"
    assert [packet[:8] for packet in peer.log] == ["40/smcp,", "43/smcp,"]


@scenario(22, "all", engineio__connect_timeout="0.5s")
async def test_scenario_022_session_without_namespace_is_closed(w):
    started = time.monotonic()
    silent = await w.bare()
    refused = await w.bare()
    with pytest.raises(ConnectRefused):
        await refused.join_namespace(packet="40/other,")
    polling = await w.bare("polling")
    joined = await w.peer()
    for peer in (silent, refused, polling):
        await peer.session.wait_end()
        assert 0.45 <= time.monotonic() - started <= 0.5 + scaled(1.0)
    gone = await fetch(*w.address, "GET",
                       target("/socket.io/", "polling", sid=polling.session.sid))
    assert (gone.status, gone.json()["code"]) == (400, 1)
    assert isinstance(joined, Peer)
    await joined.barrier()
