"""What each SDK is expected to do: everything, save what its generation or the SDK itself lacks.

A cell is "yes", "no" (the SDK fails by itself, whatever the server) or "n/a" (it has no such thing).
Each exception carries a note, which the matrix shows under its number.
"""

GENERATIONS = ("0.1", "0.2", "0.3", "0.4")
COLUMNS = {
    "py-async": "Python Agent, async",
    "py-sync": "Python Agent, sync",
    "py-computer": "Python Computer",
    "rust-agent": "Rust Agent",
    "rust-computer": "Rust Computer",
    "js-agent": "JS Agent",
    "js-computer": "JS Computer",
}
STEPS = {
    "default": "connect, its own choice of transport",
    "polling": "connect, polling only",
    "websocket": "connect, WebSocket only",
    "join": "join an office",
    "members": "list the office",
    "tools": "list tools",
    "call": "call a tool",
    "desktop": "desktop",
    "config": "configuration",
    "resources": "resources",
    "skills": "skills",
    "download": "blob from the Computer, in chunks",
    "upload": "blob to the Computer, in chunks",
    "notice": "change of configuration is told",
    "cancel": "cancel a call",
    "switch": "Computer switches office and back",
    "leave": "leave the office",
    "restart": "comes back after a restart of the gateway",
    "rejoin": "joins again by itself after it",
    "secret": "wrong credential is refused",
    "version": "wrong version is refused (since 0.2 with its four fields)",
}
# Events that a generation does not have yet: nothing to ask for.
SINCE = {"resources": "0.2", "skills": "0.2", "download": "0.2", "upload": "0.4"}
AGENTS = ("py-async", "py-sync", "rust-agent", "js-agent")
COMPUTERS = ("py-computer", "rust-computer", "js-computer")
ALL = GENERATIONS

NOTES = {
    "polling-first": "Since 0.2 the Python SDK turns a wish for WebSocket only into polling first.",
    "rust-transport": "The Rust SDK leaves no choice: WebSocket only in 0.1, polling and then the "
    "upgrade since 0.2.",
    "rust-ack": "The fault is the SDK's: the Rust Agent 0.1 takes the whole argument array of an "
    "answer for its first argument and cannot read it; `tool_call` hands that array to its caller.",
    "general-call": "Through the SDK's general `call`; a function of its own comes with 0.3.",
    "rust-config": "The Rust Agent has this function since 0.3.",
    "no-cancel": "The Computers of 0.1 have no handler for the notice: the call ends as if it had "
    "not been cancelled.",
    "one-by-one": "The Rust Computers 0.2 and 0.3 handle one event after the other: the notice waits "
    "until the call has ended.",
    "lost-mark": "The Computer of Python 0.2 ends the call as cancelled, but its answer comes without "
    "`meta.a2c_cancelled`.",
    "by-timeout": "The Rust Agent cancels a call that has passed its timeout.",
    "app-joins": "The SDK connects again, and its application joins again.",
    "late-refusal": "`connect` comes back before the gateway has answered; the refusal shows in the "
    "first request.",
    "no-class": "0.1 declares no version and knows no refusal of it: an ordinary connection error.",
    "js-class": "socket.io-client hands the body of the refusal, with the four fields, to its "
    "`connect_error` handlers.",
}


def table(*rows) -> dict:
    """{(column, generation, step): value} of rows (columns, generations, steps, value)."""
    return {
        (column, generation, step): value
        for columns, generations, steps, value in rows
        for column in columns
        for generation in generations
        for step in steps
    }


PYTHON = ("py-async", "py-sync", "py-computer")
RUST = ("rust-agent", "rust-computer")
SINCE_02 = ("0.2", "0.3", "0.4")

EXCEPTIONS = table(
    (PYTHON, SINCE_02, ["websocket"], "n/a"),
    (RUST, ALL, ["polling", "websocket"], "n/a"),
    (["rust-agent"], ["0.1"], ["members", "tools", "desktop"], "no"),
    (["rust-agent"], ["0.1", "0.2"], ["config"], "n/a"),
    (["rust-computer"], ["0.1"], ["cancel"], "n/a"),
    (["rust-computer"], ["0.2", "0.3"], ["cancel"], "no"),
    (COMPUTERS, ALL, ["members"], "n/a"),
    (AGENTS, ALL, ["switch"], "n/a"),
    (AGENTS, ALL, ["rejoin"], "n/a"),
    (["py-computer", "js-computer"], ALL, ["rejoin"], "n/a"),
    (["rust-computer"], ["0.1", "0.2"], ["rejoin"], "n/a"),
)
REMARKS = table(
    (PYTHON, SINCE_02, ["websocket"], "polling-first"),
    (RUST, ALL, ["polling", "websocket"], "rust-transport"),
    (["rust-agent"], ["0.1"], ["members", "tools", "desktop", "call"], "rust-ack"),
    (["py-async", "py-sync"], ["0.1", "0.2"], ["config"], "general-call"),
    (["rust-agent"], ["0.1", "0.2"], ["config"], "rust-config"),
    (["py-computer", "rust-computer"], ["0.1"], ["cancel"], "no-cancel"),
    (["py-computer"], ["0.2"], ["cancel"], "lost-mark"),
    (["rust-computer"], ["0.2", "0.3"], ["cancel"], "one-by-one"),
    (["rust-agent"], ALL, ["cancel"], "by-timeout"),
    (AGENTS, ALL, ["rejoin"], "app-joins"),
    (["py-computer", "js-computer"], ALL, ["rejoin"], "app-joins"),
    (["rust-computer"], ["0.1", "0.2"], ["rejoin"], "app-joins"),
    (["rust-agent"], ALL, ["secret"], "late-refusal"),
    (["rust-computer"], ["0.1"], ["secret"], "late-refusal"),
    (COLUMNS, ["0.1"], ["version"], "no-class"),
    (["js-agent", "js-computer"], SINCE_02, ["version"], "js-class"),
)


def has_step(generation: str, step: str) -> bool:
    return generation >= SINCE.get(step, "0.1")


def expected(column: str, generation: str, step: str) -> str:
    if not has_step(generation, step):
        return "n/a"
    return EXCEPTIONS.get((column, generation, step), "yes")
