"""The scripted traffic: every event of generation 0.1, in the order in which clients may meet it.

One script is one coroutine; its office ids and names are its own, because names of the reference
are unique over all its offices (P2). Faults of the reference that break what follows have scripts of
their own or stand last, or are not provoked: README.md names them.
"""

from differential.stage import HEADERS, Stage
from support.sio import Raw, dumps

JOIN, LEAVE, LIST = "server:join_office", "server:leave_office", "server:list_room"
CANCEL = "server:tool_call_cancel"
TOOL_CALL, TOOLS, DESKTOP = "client:tool_call", "client:get_tools", "client:get_desktop"
CONFIG = "client:get_config"
UPDATES = ("server:update_config", "server:update_tool_list", "server:update_desktop")
TOOL = ('{"name":"t","description":"d","params_schema":{"type":"object"},"return_schema":null,'
        '"meta":{"a":1}}')  # fmt: skip
RESULT = '[{"content":[{"type":"text","text":"done"}],"isError":false}]'


def seat(role: str, name: str, office: str) -> dict:
    return {"role": role, "name": name, "office_id": office}


def base(computer: str, req_id: str = "r1", **fields) -> dict:
    return {"agent": "bot", "req_id": req_id, "computer": computer, **fields}


def tool(computer: str, req_id: str = "r1", **fields) -> dict:
    return base(computer, req_id, **{"tool_name": "t", "params": {}, "timeout": 5, **fields})


def tool_raw(computer: str, field: str, text: str) -> Raw:
    """A tool call with one field's JSON sent as it is written here."""
    return Raw(dumps(tool(computer, **{field: "@"})).replace('"@"', text))


def room(office: str, req_id: str = "l1") -> dict:
    return {"agent": "bot", "req_id": req_id, "office_id": office}


async def pair(s: Stage, office: str, agent: str, computer: str, transport: str = "ws"):
    a = await s.connect("agent", transport)
    c = await s.connect("computer", transport)
    await s.ask(a, "agent joins", JOIN, seat("agent", agent, office))
    await s.ask(c, "computer joins", JOIN, seat("computer", computer, office))
    return a, c


async def connects(s: Stage):
    await s.connect("keyed")
    await s.connect("no_data", packet="40/smcp,")
    await s.connect("upper_case_header", headers=(("X-API-KEY", HEADERS[0][1]),))
    await s.connect("no_key", headers=())
    await s.connect("wrong_key", headers=(("x-api-key", "wrong"),))
    await s.connect("key_in_auth", headers=(), auth={"token": HEADERS[0][1]})
    await s.connect("key_in_access_token", headers=(("access_token", HEADERS[0][1]),))
    await s.connect("polling", "polling")
    await s.connect("polling_no_key", "polling", headers=())
    await s.connect("upgrade", "upgrade")


async def namespaces(s: Stage):
    c = await s.open("computer")
    await s.raw(c, "event before connect", '42/smcp,7["server:list_room",{}]')
    await s.raw(c, "connect to another", "40/other,{}", answers=1)
    await s.raw(c, "connect to the root", "40{}", answers=1)
    await s.connect("computer", step="connects after refusals")
    await s.raw(c, "connect again", "40/smcp,{}", answers=1)
    await s.raw(c, "event to another", '42/other,7["server:list_room",{}]')
    await s.ask(c, "still served", LIST, room("nsp-none"), mute=True)
    s.living.remove(c)
    await s.raw(c, "leaves the namespace", "41/smcp,")
    await s.raw(c, "event after leaving it", '42/smcp,8["anything"]')
    await s.connect("computer", step="connects once more")
    await s.ask(c, "is served again", "anything")


async def joins(s: Stage):
    first = await s.connect("first")
    second = await s.connect("second")
    await s.ask(first, "agent joins first", JOIN, seat("agent", "jo-bot", "jo-1"))
    await s.ask(second, "computer joins second", JOIN, seat("computer", "jo-pc", "jo-1"))
    third = await s.connect("third")
    fourth = await s.connect("fourth")
    await s.ask(third, "computer joins first", JOIN, seat("computer", "jo-pc2", "jo-2"))
    await s.ask(fourth, "agent joins second", JOIN, seat("agent", "jo-bot2", "jo-2"))
    fifth = await s.connect("fifth")
    await s.ask(fifth, "another computer joins", JOIN, seat("computer", "jo-pc3", "jo-2"))
    await s.ask(fourth, "agent rejoins", JOIN, seat("agent", "jo-bot2", "jo-2"))
    await s.ask(fifth, "computer rejoins", JOIN, seat("computer", "jo-pc3", "jo-2"))
    sixth = await s.connect("sixth")
    await s.say(sixth, "joins without ack id", JOIN, seat("computer", "jo-pc4", "jo-2"))
    await s.ask(sixth, "was joined", LIST, room("jo-2"))
    extra = {**seat("computer", "jo-pc5", "jo-2"), "more": [1, {"x": None}]}
    seventh = await s.connect("seventh")
    await s.ask(seventh, "joins with extra fields", JOIN, extra)
    strange = "jo-\u00fc \"q\" \\ \u6f22"
    eighth = await s.connect("eighth")
    await s.ask(eighth, "joins a strange office", JOIN, seat("computer", "jo-\u00e9", strange))
    ninth = await s.connect("ninth")
    await s.ask(ninth, "agent joins the strange office", JOIN, seat("agent", "jo-\u00e8", strange))
    await s.ask(ninth, "lists the strange office", LIST, room(strange, "\u00fc"))


async def refused_joins(s: Stage):
    a, c = await pair(s, "re-1", "re-bot", "re-pc")
    other = await s.connect("other")
    await s.ask(other, "second agent", JOIN, seat("agent", "re-bot2", "re-1"))
    await s.ask(other, "the refused one has no role", JOIN, seat("computer", "re-pc2", "re-2"))
    await s.ask(a, "agent wants another office", JOIN, seat("agent", "re-bot", "re-3"))
    await s.ask(a, "agent is still there", LIST, room("re-1"))
    await s.ask(c, "role changes", JOIN, seat("agent", "re-pc", "re-1"))
    await s.ask(a, "agent role changes", JOIN, seat("computer", "re-bot", "re-1"))
    third = await s.connect("third")
    await s.ask(third, "computer of the same name", JOIN, seat("computer", "re-pc", "re-1"))
    for step, payload in (
        ("no name", {"role": "agent", "office_id": "re-4"}),
        ("no office", {"role": "agent", "name": "x"}),
        ("no role", {"name": "x", "office_id": "re-4"}),
        ("unknown role", seat("admin", "x", "re-4")),
        ("number as name", {"role": "agent", "name": 5, "office_id": "re-4"}),
        ("array as payload", []),
        ("null as payload", None),
    ):  # fmt: skip
        await s.ask(third, step, JOIN, payload, mute=True)
    await s.ask(third, "no payload", JOIN, mute=True)
    await s.ask(third, "two payloads", JOIN, seat("agent", "x", "re-4"), {}, mute=True)
    await s.ask(third, "good after all", JOIN, seat("computer", "re-pc3", "re-4"))


async def empty_words(s: Stage):
    c = await s.connect("computer")
    await s.ask(c, "empty name", JOIN, seat("computer", "", "ew-1"))
    await s.ask(c, "empty name again", JOIN, seat("computer", "", "ew-1"))
    await s.ask(c, "has a name", LIST, room("ew-1"))
    other = await s.connect("other")
    await s.ask(other, "empty office", JOIN, seat("computer", "ew-pc", ""))


async def names(s: Stage):
    """Renames outside of an office; inside, the reference keeps the old name (P4)."""
    a, c = await pair(s, "na-1", "na-bot", "na-pc")
    c.answers[TOOLS] = ('[{"tools":[],"req_id":"r1"}]', [])
    await s.ask(c, "computer leaves", LEAVE, {"office_id": "na-1"})
    await s.ask(c, "computer comes back renamed", JOIN, seat("computer", "na-pc2", "na-1"))
    await s.ask(a, "call by the new name", TOOLS, base("na-pc2"))
    await s.ask(a, "call by the old name", TOOLS, base("na-pc"), mute=True)
    await s.ask(c, "renames in the office", JOIN, seat("computer", "na-pc3", "na-1"))


async def switches(s: Stage):
    a, c = await pair(s, "sw-1", "sw-bot", "sw-pc")
    b = await s.connect("other_agent")
    await s.ask(b, "other agent joins", JOIN, seat("agent", "sw-bot2", "sw-2"))
    c.answers[TOOLS] = ('[{"tools":[],"req_id":"r1"}]', [])
    await s.ask(c, "computer switches", JOIN, seat("computer", "sw-pc", "sw-2"))
    await s.ask(b, "new agent calls", TOOLS, base("sw-pc"))
    await s.ask(a, "old agent calls", TOOLS, base("sw-pc"), mute=True)
    await s.ask(a, "old agent lists", LIST, room("sw-1"))
    await s.ask(c, "switches back", JOIN, seat("computer", "sw-pc", "sw-1"))
    await s.ask(a, "old agent calls again", TOOLS, base("sw-pc"))


async def leaves(s: Stage):
    a, c = await pair(s, "le-1", "le-bot", "le-pc")
    await s.ask(c, "computer leaves", LEAVE, {"office_id": "le-1"})
    await s.ask(a, "is gone", LIST, room("le-1"))
    await s.ask(c, "computer joins again", JOIN, seat("computer", "le-pc", "le-1"))
    await s.say(c, "leaves without ack id", LEAVE, {"office_id": "le-1"})
    await s.ask(a, "is gone again", LIST, room("le-1"))
    await s.ask(a, "agent leaves", LEAVE, {"office_id": "le-1"})
    await s.ask(a, "agent joins elsewhere", JOIN, seat("agent", "le-bot", "le-2"))
    await s.ask(c, "computer follows", JOIN, seat("computer", "le-pc", "le-2"))
    await s.ask(c, "bad leave", LEAVE, {})
    stranger = await s.connect("stranger")
    await s.ask(stranger, "leaves without having joined", LEAVE, {"office_id": "le-9"})
    await s.ask(stranger, "leave without payload", LEAVE, mute=True)


async def lists(s: Stage):
    a, c = await pair(s, "li-1", "li-bot", "li-pc")
    await s.ask(a, "agent lists", LIST, room("li-1", "id-1"))
    await s.ask(c, "computer lists", LIST, room("li-1", "id-2"))
    other = await s.connect("other")
    await s.say(other, "joins", JOIN, seat("computer", "li-pc2", "li-1"))
    await s.ask(other, "lists behind a join", LIST, room("li-1", "id-3"))
    await s.ask(a, "extra fields", LIST, {**room("li-1", "id-4"), "more": 1})
    await s.ask(a, "another office", LIST, room("li-2"), mute=True)
    await s.ask(a, "no req_id", LIST, {"agent": "x", "office_id": "li-1"}, mute=True)
    await s.ask(a, "no payload", LIST, mute=True)
    stranger = await s.connect("stranger")
    await s.ask(stranger, "without office", LIST, room("li-1"), mute=True)


async def calls(s: Stage):
    a, c = await pair(s, "ca-1", "ca-bot", "ca-pc")
    c.answers[TOOLS] = (f'[{{"tools":[{TOOL}],"req_id":"r1"}}]', [])
    await s.ask(a, "get_tools", TOOLS, base("ca-pc"))
    c.answers[DESKTOP] = ('[{"desktops":["one","two"],"req_id":"r1"}]', [])
    await s.ask(a, "get_desktop", DESKTOP, base("ca-pc"))
    await s.ask(a, "get_desktop with options", DESKTOP,
                base("ca-pc", desktop_size=3, window="window://x"))  # fmt: skip
    c.answers[CONFIG] = ('[{"servers":{},"inputs":null}]', [])
    await s.ask(a, "get_config", CONFIG, base("ca-pc"))
    c.answers[TOOL_CALL] = (RESULT, [])
    await s.ask(a, "tool_call", TOOL_CALL, tool("ca-pc"))
    for step, field, text in (
        ("large and small", "params", '{"n":12345678901234567890,"f":1.0,"l":[null,{"x":{}}]}'),
        ("escaped text", "params", '{"s":"\\u00e9 \\" \\\\ \\n"}'),
        ("unescaped text", "params", '{"s":"\u00e9"}'),
        ("number with exponent", "params", '{"n":1e2}'),
        ("blanks", "params", '{ "n" : [ 1 ] }'),
        ("timeout as float", "timeout", "5.0"),
    ):  # fmt: skip
        await s.ask(a, step, TOOL_CALL, tool_raw("ca-pc", field, text))
    await s.ask(a, "tool_call with extra fields", TOOL_CALL, tool("ca-pc", more={"x": 1}))
    await s.ask(a, "get_tools with extra fields", TOOLS, base("ca-pc", more={"x": 1}))
    await s.ask(a, "agent of another name", TOOL_CALL, {**tool("ca-pc"), "agent": "nobody"})
    await s.say(a, "tool_call without ack id", TOOL_CALL, tool("ca-pc"))
    await s.say(a, "get_tools without ack id", TOOLS, base("ca-pc"))


async def answers(s: Stage):
    a, c = await pair(s, "an-1", "an-bot", "an-pc")
    for step, array, attachments in (
        ("two arguments", '[{"x":1},"two"]', []),
        ("no argument", "[]", []),
        ("a string", '["text"]', []),
        ("null", "[null]", []),
        ("false", "[false]", []),
        ("an array in the array", "[[1,2]]", []),
        ("error object", '[{"code":4001,"message":"no such tool"}]', []),
        ("numbers", '[{"f":1.0,"n":12345678901234567890,"s":-0.5}]', []),
        ("escapes", '[{"s":"\\u00e9 \\" \\\\ \\n"}]', []),
        ("unescaped text", '[{"s":"\u00e9"}]', []),
        ("blanks", '[ { "x" : 1 } ]', []),
        ("exponent", '[{"n":1e2}]', []),
        ("binary", '[{"b":{"_placeholder":true,"num":0}}]', [b"\x00\x01\xff"]),
        ("two binaries", '[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
         [b"one", b"two"]),
    ):  # fmt: skip
        c.answers[TOOL_CALL] = (array, attachments)
        await s.ask(a, f"tool_call: {step}", TOOL_CALL, tool("an-pc"))
    for step, array, mute in (
        ("good", f'[{{"tools":[{TOOL}],"req_id":"r1"}}]', False),
        ("unknown fields", '[{"tools":[],"req_id":"r1","more":1}]', False),
        ("other order", '[{"req_id":"r1","tools":[]}]', False),
        ("error object", '[{"code":500,"message":"x"}]', True),
        ("two arguments", '[{"tools":[],"req_id":"r1"},1]', True),
        ("no argument", "[]", True),
    ):  # fmt: skip
        c.answers[TOOLS] = (array, [])
        await s.ask(a, f"get_tools: {step}", TOOLS, base("an-pc"), mute=mute)


async def binary_requests(s: Stage):
    a, c = await pair(s, "bi-1", "bi-bot", "bi-pc")
    c.answers[TOOL_CALL] = (RESULT, [])
    payload = tool_raw("bi-pc", "params", '{"file":{"_placeholder":true,"num":0}}')
    await s.ask(a, "tool_call with a file", TOOL_CALL, payload, attachments=[b"\x00binary\xff"])


async def refused_calls(s: Stage):
    a, c = await pair(s, "rc-1", "rc-bot", "rc-pc")
    c.answers[TOOL_CALL], c.answers[TOOLS] = (RESULT, []), ('[{"tools":[],"req_id":"r1"}]', [])
    c.answers[DESKTOP] = ('[{"desktops":[],"req_id":"r1"}]', [])
    for event, payload in ((TOOL_CALL, tool), (TOOLS, base), (DESKTOP, base)):
        await s.ask(a, f"{event} to nobody", event, payload("rc-none"), mute=True)
        await s.ask(a, f"{event} without computer", event, {"agent": "x", "req_id": "r"}, mute=True)
        await s.ask(a, f"{event} with an array", event, [], mute=True)
        await s.ask(a, f"{event} without payload", event, mute=True)
    await s.ask(a, "tools of the agent itself", TOOLS, base("rc-bot"), mute=True)
    for step, fields in (("timeout zero", {"timeout": 0}), ("timeout text", {"timeout": "x"}),
                         ("params array", {"params": []}), ("tool_name number", {"tool_name": 5}),
                         ("req_id number", {"req_id": 5})):  # fmt: skip
        await s.ask(a, step, TOOL_CALL, {**tool("rc-pc"), **fields}, mute=True)
    await s.ask(c, "tool_call by a computer", TOOL_CALL, tool("rc-pc"), mute=True)
    stranger = await s.connect("stranger")
    await s.ask(stranger, "tool_call without office", TOOL_CALL, tool("rc-pc"), mute=True)
    await s.ask(stranger, "get_tools without office", TOOLS, base("rc-pc"), mute=True)
    b = await s.connect("other_agent")
    await s.ask(b, "other agent joins", JOIN, seat("agent", "rc-bot2", "rc-2"))
    await s.ask(b, "get_tools over offices", TOOLS, base("rc-pc"), mute=True)
    await s.ask(b, "get_desktop over offices", DESKTOP, base("rc-pc"), mute=True)
    await s.ask(a, "the office is as it was", TOOLS, base("rc-pc"))


async def timeouts(s: Stage):
    a, c = await pair(s, "ti-1", "ti-bot", "ti-pc")
    future = await s.start(a, "call that nobody answers", TOOL_CALL, tool("ti-pc", timeout=1), to=c)
    await s.late(a, "its time is over", future, 1.5)
    await s.raw(c, "late answer", f"43/smcp,{c.held.pop(0)}{RESULT}")
    c.answers[TOOL_CALL] = (RESULT, [])
    await s.ask(a, "the next call", TOOL_CALL, tool("ti-pc"))


async def cancels(s: Stage):
    a, c = await pair(s, "cn-1", "cn-bot", "cn-pc")
    other = await s.connect("other")
    await s.ask(other, "other computer joins", JOIN, seat("computer", "cn-pc2", "cn-1"))
    call = await s.start(a, "call", TOOL_CALL, tool("cn-pc", "id-7"), to=c)
    await s.say(a, "cancel", CANCEL, {"agent": "cn-bot", "req_id": "id-7"})
    cancelled = '[{"content":[],"isError":true,"meta":{"a2c_cancelled":true}}]'
    await s.reply(c, "computer answers", cancelled, a, call)
    await s.ask(a, "cancel with ack id", CANCEL, {"agent": "cn-bot", "req_id": "id-8"})
    await s.ask(a, "cancel in another name", CANCEL, {"agent": "x", "req_id": "id-9"}, mute=True)
    await s.ask(a, "cancel with extra fields", CANCEL,
                {"agent": "cn-bot", "req_id": "id-9", "more": 1})  # fmt: skip
    await s.ask(a, "cancel without req_id", CANCEL, {"agent": "cn-bot"}, mute=True)
    await s.ask(c, "cancel by a computer", CANCEL, {"agent": "cn-pc", "req_id": "x"}, mute=True)
    stranger = await s.connect("stranger")
    await s.ask(stranger, "cancel by a stranger", CANCEL, {"agent": "x", "req_id": "x"}, mute=True)


async def updates(s: Stage):
    a, c = await pair(s, "up-1", "up-bot", "up-pc")
    other = await s.connect("other")
    await s.ask(other, "other computer joins", JOIN, seat("computer", "up-pc2", "up-1"))
    for event in UPDATES:
        await s.say(c, event, event, {"computer": "up-pc"})
        await s.ask(c, f"{event} with ack id", event, {"computer": "up-pc"})
        await s.ask(c, f"{event} with extra fields", event, {"computer": "up-pc", "more": 1})
        await s.ask(c, f"{event} in another name", event, {"computer": "up-pc2"})
        await s.ask(c, f"{event} with a number", event, {"computer": 5}, mute=True)
        await s.ask(c, f"{event} without payload", event, mute=True)
        await s.ask(a, f"{event} by an agent", event, {"computer": "up-pc"}, mute=True)
    stranger = await s.connect("stranger")
    await s.ask(stranger, "update by a stranger", UPDATES[0], {"computer": "x"}, mute=True)
    await s.ask(c, "update_skills is not of 0.1", "server:update_skills", {"computer": "up-pc"})


async def departures(s: Stage):
    for way in ("namespace", "close", "abort"):
        office, name = f"de-{way}", f"de-pc-{way}"
        a = await s.connect(f"agent_{way}")
        c = await s.connect(f"computer_{way}")
        await s.ask(a, f"{way}: agent joins", JOIN, seat("agent", f"de-bot-{way}", office))
        await s.ask(c, f"{way}: computer joins", JOIN, seat("computer", name, office))
        await s.quit(c, f"{way}: computer goes", way, seen_by=(a,))
        await s.ask(a, f"{way}: is gone", LIST, room(office))
        d = await s.connect(f"successor_{way}")
        await s.ask(d, f"{way}: successor joins", JOIN, seat("computer", name, office))
        await s.quit(a, f"{way}: agent goes", way, seen_by=(d,))


async def death_in_a_call(s: Stage):
    a, c = await pair(s, "dc-1", "dc-bot", "dc-pc")
    call = await s.start(a, "call", TOOL_CALL, tool("dc-pc", timeout=2), to=c)
    await s.quit(c, "computer goes", "abort", seen_by=(a,))
    await s.late(a, "what the agent is told", call, 2.5)


async def unknown_events(s: Stage):
    a, c = await pair(s, "un-1", "un-bot", "un-pc")
    payload = base("un-pc", office_id="un-1", role="computer", name="x")
    for event in ("anything", "server:nothing", "client:nothing", "client:get_resources", "",
                  "notify:enter_office", "notify:update_config"):  # fmt: skip
        await s.ask(a, f"event '{event}'", event, payload)
        await s.say(c, f"event '{event}' without ack id", event, payload)
    await s.ask(a, "underscore for colon", "server_list_room", room("un-1"))
    await s.ask(a, "joined_office is no event", "server:joined_office", payload)
    await s.ask(a, "everybody is still there", LIST, room("un-1"))


async def reserved_events(s: Stage):
    a, c = await pair(s, "rs-1", "rs-bot", "rs-pc")
    for event in ("connect", "connect_error", "error", "disconnecting"):
        await s.raw(c, f"event {event}", f'42/smcp,["{event}",{{"x":1}}]')
        await s.raw(c, f"event {event} with ack id", f'42/smcp,99["{event}",{{"x":1}}]')
    await s.ask(a, "everybody is still there", LIST, room("rs-1"))


async def calls_of_strangers(s: Stage):
    """P1 and P19: who may call whom."""
    a, c = await pair(s, "cs-1", "cs-bot", "cs-pc")
    c.answers[TOOL_CALL], c.answers[TOOLS] = (RESULT, []), ('[{"tools":[],"req_id":"r1"}]', [])
    other = await s.connect("other")
    await s.ask(other, "other computer joins", JOIN, seat("computer", "cs-pc2", "cs-1"))
    await s.ask(other, "computer asks for tools", TOOLS, base("cs-pc"))
    b = await s.connect("other_agent")
    await s.ask(b, "other agent joins", JOIN, seat("agent", "cs-bot2", "cs-2"))
    await s.ask(b, "tool_call over offices", TOOL_CALL, tool("cs-pc"))
    stranger = await s.connect("agent_outside")
    await s.ask(stranger, "agent enters", JOIN, seat("agent", "cs-bot3", "cs-3"))
    await s.ask(stranger, "agent goes out", LEAVE, {"office_id": "cs-3"})
    await s.ask(stranger, "tool_call from no office", TOOL_CALL, tool("cs-pc"))
    await s.ask(a, "tool_call to the agent itself", TOOL_CALL, tool("cs-bot", timeout=1),
                mute=True)  # fmt: skip


async def names_of_other_offices(s: Stage):
    """P2: a name is taken in every office; the refusal tells a session id."""
    await pair(s, "no-1", "no-bot", "no-pc")
    other = await s.connect("other")
    await s.ask(other, "same name in another office", JOIN, seat("computer", "no-pc", "no-2"))


async def refused_switch(s: Stage):
    """P6: the old office is left before the new one has agreed."""
    a, c = await pair(s, "rw-1", "rw-bot", "rw-pc")
    other = await s.connect("other")
    await s.ask(other, "other computer joins", JOIN, seat("computer", "rw-pc2", "rw-2"))
    await s.ask(c, "switches to a taken name", JOIN, seat("computer", "rw-pc2", "rw-2"))


async def leave_of_another_office(s: Stage):
    """P7: the payload says which office hears of it."""
    a, c = await pair(s, "lo-1", "lo-bot", "lo-pc")
    b = await s.connect("other_agent")
    await s.ask(b, "other agent joins", JOIN, seat("agent", "lo-bot2", "lo-2"))
    await s.ask(c, "leaves another office", LEAVE, {"office_id": "lo-2"})


async def news_from_outside(s: Stage):
    """P9: what is said outside of all offices is heard in all."""
    a, c = await pair(s, "nf-1", "nf-bot", "nf-pc")
    await s.ask(c, "computer leaves", LEAVE, {"office_id": "nf-1"})
    for event in UPDATES[1:]:
        await s.ask(c, event, event, {"computer": "nf-pc"})
    await s.ask(c, UPDATES[0], UPDATES[0], {"computer": "nf-pc"}, mute=True)


async def over_polling(s: Stage):
    await whole_story(s, "polling", "po")


async def over_upgrade(s: Stage):
    await whole_story(s, "upgrade", "pu")


async def whole_story(s: Stage, transport: str, mark: str):
    a, c = await pair(s, f"{mark}-1", f"{mark}-bot", f"{mark}-pc", transport)
    c.answers[TOOLS] = (f'[{{"tools":[{TOOL}],"req_id":"r1"}}]', [])
    c.answers[TOOL_CALL] = ('[{"b":{"_placeholder":true,"num":0}}]', [b"\x00\x01\xff"])
    await s.ask(a, "get_tools", TOOLS, base(f"{mark}-pc"))
    await s.ask(a, "tool_call with a binary answer", TOOL_CALL, tool(f"{mark}-pc"))
    await s.ask(c, "update", UPDATES[1], {"computer": f"{mark}-pc"})
    await s.ask(a, "list", LIST, room(f"{mark}-1"))
    await s.ask(c, "leave", LEAVE, {"office_id": f"{mark}-1"})
    await s.ask(c, "join again", JOIN, seat("computer", f"{mark}-pc", f"{mark}-1"))
    await s.quit(c, "computer goes", "close", seen_by=(a,))
