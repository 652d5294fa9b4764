"""Style is a test: the rules of this code base that no compiler flag enforces.

A rule is a function from a file (path from the root, text) to complaints "line: what is wrong".
Every rule is run over the whole tree, and first over a sample that it must refuse and one that it
must let pass, so a rule that has gone blind fails too.
"""

import json
import pathlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = {"proto", "gateway", "control", "tests", "clients", "deploy"}
HIDDEN_FOLDERS = {".ci", ".git", ".github"}
MADE_BY_TOOLS = {
    "build", "install", "dist", "node_modules", "target", "corpus", "__pycache__",
    ".ccache", ".cache", ".venv", ".vscode", ".idea", ".pytest_cache",
}  # fmt: skip
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

# Who may include whom inside gateway/ (its own folder is understood). An entry with a slash is one
# header: the only door into that folder. `server` is the facade of the library, `daemon` a program.
CORE = ["base", "codec", "engineio", "socketio"]
MAY_INCLUDE = {
    "base": [],
    "codec": ["base"],
    "engineio": ["base", "codec"],
    "socketio": ["base", "codec", "engineio"],
    "runtime": ["base"],
    "smcp": [*CORE, "runtime/post.h"],
    "auth": ["base", "codec", "runtime", "smcp/auth.h", "smcp/sync_pool.h"],
    "backplane": ["base", "runtime", "smcp/backplane.h"],
    "peer": [*CORE, "runtime", "smcp"],
    "net": [*CORE, "runtime", "smcp", "peer"],
    "server": [*CORE, "runtime", "smcp", "peer", "net", "auth", "backplane"],
    "daemon": [*CORE, "runtime", "smcp", "peer", "net", "auth", "backplane", "server"],
}
CONTROL_MAY_INCLUDE = ["base", "codec/utf8.h", "codec/version.h", "smcp/query.h", "smcp/inspect.h", "smcp/admin.h"]
ASIO_FOLDERS = {"runtime", "net", "backplane", "daemon", "server"}
LOCK_FOLDERS = {"runtime", "auth", "backplane"}
# The lock is spdlog's: its sinks take the type as a parameter.
LOCK_FILES = {
    "gateway/daemon/log_sink.h",
    # Called by threads of the control plane, never by a shard for an event.
    *("gateway/daemon/" + name for name in (
        "config_store.h", "config_store.cc", "log.h", "log.cc", "node_drain.cc")),
}  # fmt: skip

# A source that no unit test includes the header of, and why.
UNTESTED = {
    "gateway/daemon/main.cc": "no header; every black-box test runs it",
    "gateway/daemon/app.cc": "the composition root; tests/scenarios/test_daemon.py runs it as a process",
    "gateway/daemon/control_plane.cc": "wires control/ to the daemon; tests/control/ runs it as a process",
    "gateway/daemon/node_control.cc": "asks all parts of a running node; tests/control/test_node.py",
}


def gateway_folder(path: str) -> str | None:
    parts = path.split("/")
    return parts[1] if parts[0] == "gateway" and len(parts) > 2 else None


def is_cpp(path: str) -> bool:
    return path.endswith((".h", ".cc"))


def without_comments_and_strings(text: str) -> str:
    """The same text, line for line, with comments blanked and literals empty."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\s\\]{0,16})\(.*?\)(?P=d)"'
        r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL,
    )

    def blank(match: re.Match[str]) -> str:
        word = match.group(0)
        lines = "\n" * word.count("\n")
        return lines if word.startswith("/") else '""' + lines

    return token.sub(blank, text)


def complaints(pattern: str, text: str, what: str, flags: int = 0) -> Iterator[str]:
    for match in re.finditer(pattern, text, flags):
        yield f"{text.count(chr(10), 0, match.start()) + 1}: {what}: {match.group(0).strip()!r}"


def include_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line):
            yield number, match.group(1)


# ---------------------------------------------------------------- rules


def layers(path: str, text: str) -> Iterator[str]:
    folder = gateway_folder(path)
    if not is_cpp(path) or (folder is None and not path.startswith("control/")):
        return
    if folder is not None and folder not in MAY_INCLUDE:
        yield f"1: gateway/{folder} has no place in MAY_INCLUDE"
        return
    allowed = CONTROL_MAY_INCLUDE if folder is None else [folder, *MAY_INCLUDE[folder]]
    for number, header in include_lines(text):
        if header.startswith("gateway/"):
            inside = header.removeprefix("gateway/")
            if inside not in allowed and inside.split("/")[0] not in allowed:
                yield f"{number}: {folder or 'control'} may not include {header}"


def asio_stays_below(path: str, text: str) -> Iterator[str]:
    folder = gateway_folder(path)
    if folder is None or folder in ASIO_FOLDERS:
        return
    for number, header in include_lines(text):
        if re.match(r"boost/(asio|beast)\b", header):
            yield f"{number}: {folder} may not know Asio: {header}"


def protobuf_stays_outside(path: str, text: str) -> Iterator[str]:
    if gateway_folder(path) in {None, "daemon"} or path.startswith("gateway/auth/grpc_auth"):
        return
    for number, header in include_lines(text):
        if re.match(r"(google/protobuf|grpc)", header) or header.endswith(".pb.h"):
            yield f"{number}: protobuf and gRPC do not belong here: {header}"


def locks_have_a_home(path: str, text: str) -> Iterator[str]:
    folder = gateway_folder(path)
    if folder is None or folder in LOCK_FOLDERS or path in LOCK_FILES:
        return
    if path.split("/")[-1].startswith("sync_"):
        return
    yield from complaints(
        r"\b(std::(\w+_)?mutex|std::condition_variable\w*|std::(scoped|unique|shared)_lock"
        r"|std::lock_guard|absl::Mutex\w*|#include <(shared_)?mutex>)",
        without_comments_and_strings(text),
        "shards share nothing, so nothing is locked here",
    )


def peers_have_one_owner(path: str, text: str) -> Iterator[str]:
    if is_cpp(path):
        yield from complaints(
            r"\b(shared_ptr|weak_ptr|make_shared)\s*<\s*(const\s+)?(\w+::)*Peer\b",
            without_comments_and_strings(text),
            "a Peer has one owner and is addressed by PeerRef",
        )


def coroutines_capture_nothing(path: str, text: str) -> Iterator[str]:
    if is_cpp(path):
        yield from complaints(
            r"\[[^\[\]]*[^\[\]\s][^\[\]]*\]\s*(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\s*"
            r"(mutable|noexcept|\s)*->\s*(\w+::)*awaitable\b",
            without_comments_and_strings(text),
            "a coroutine outlives the captures of the lambda it is",
        )


def functions(text: str) -> Iterator[tuple[int, int]]:
    """(first, last) line of each function body that is not inside another one."""
    code = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group(0).count("\n"),
                  without_comments_and_strings(text), flags=re.MULTILINE)  # fmt: skip
    scopes: list[str] = []  # of the braces that are open: "scope", "body" or "value"
    head, line, start = "", 1, 0
    for position, char in enumerate(code):
        line += char == "\n"
        outside = all(scope == "scope" for scope in scopes)
        if char == "{":
            scopes.append(brace_kind(head) if outside else "value")
            if outside:
                start = line
                head = "" if scopes[-1] == "scope" else head
        elif char == "}":
            kind = scopes.pop() if scopes else "value"
            if kind == "body" and (after := code[position + 1 :].lstrip()[:1]) not in {",", "{"}:
                yield start, line
                head = ""
            elif kind == "scope":
                head = ""
        elif outside:
            head = "" if char == ";" else head + char


def brace_kind(head: str) -> str:
    head = re.sub(r"\btemplate\s*<[^{]*?>\s*(?=class|struct|union)", "", head)
    head = re.sub(r"\b(public|private|protected)\s*:(?!:)", "", head).strip()
    if re.match(r'(inline\s+)?namespace\b|extern\s*""|(typedef\s+)?(class|struct|union|enum)\b', head):
        return "scope"
    return "body" if "(" in head and not re.search(r"=\s*$", head) else "value"


def functions_are_short(path: str, text: str) -> Iterator[str]:
    if is_cpp(path):
        for first, last in functions(text):
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield f"{first}: a function of {last - first + 1} lines (max {FUNCTION_LINES_MAX})"


def files_are_short(path: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if path.endswith((".h", ".cc", ".py", ".js", ".mjs", ".rs")) and lines > FILE_LINES_MAX:
        yield f"{lines}: a file of {lines} lines (max {FILE_LINES_MAX})"


def nothing_is_left_for_later(path: str, text: str) -> Iterator[str]:
    if not path.endswith("package-lock.json"):
        yield from complaints(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", text, "do it or drop it")


def paths_of_one_machine(path: str, text: str) -> Iterator[str]:
    yield from complaints(
        r"(?<![\w.:/])/(home|root|Users|work|tmp/w)/[\w.]+", text, "a path of one machine"
    )


def headers_are_guarded(path: str, text: str) -> Iterator[str]:
    if path.endswith(".h") and "#pragma once" not in text:
        yield "1: no #pragma once"


def own_header_comes_first(path: str, text: str) -> Iterator[str]:
    own = path.removesuffix(".cc") + ".h"
    found = list(include_lines(text))
    if path.endswith(".cc") and own in [h for _, h in found] and found[0][1] != own:
        yield f"{found[0][0]}: {own} must come first, to prove that it stands alone"


def lock_files_name_public_hosts(path: str, text: str) -> Iterator[str]:
    if not path.endswith("package-lock.json"):
        return
    for name, package in json.loads(text).get("packages", {}).items():
        host = urlsplit(package.get("resolved", "")).hostname
        if host not in {None, "registry.npmjs.org"}:
            yield f"1: {name} is resolved by a host others may not reach"


BIG = "int F() {\n" + "  G();\n" * FUNCTION_LINES_MAX + "}\n"
FITS = "int F() : a_{1}, b_{2} {\n" + "  G();\n" * (FUNCTION_LINES_MAX - 2) + "}\n"
# rule: (path and text it must refuse, path and text it must let pass)
RULES = {
    layers: (
        ("gateway/codec/a.h", '#include "gateway/smcp/router.h"\n'),
        ("gateway/smcp/a.h", '#include "gateway/runtime/post.h"\n'),
    ),
    asio_stays_below: (
        ("gateway/peer/a.cc", "#include <boost/asio/post.hpp>\n"),
        ("gateway/net/a.cc", "#include <boost/asio/post.hpp>\n"),
    ),
    protobuf_stays_outside: (
        ("gateway/smcp/a.cc", '#include "smcp/config/v1/config.pb.h"\n'),
        ("gateway/daemon/a.cc", '#include "smcp/config/v1/config.pb.h"\n'),
    ),
    locks_have_a_home: (
        ("gateway/peer/a.h", "std::mutex mutex_;\n"),
        ("gateway/smcp/sync_a.h", "std::mutex mutex_;\n"),
    ),
    peers_have_one_owner: (
        ("gateway/peer/a.h", "std::shared_ptr<const Peer> p;\n"),
        ("gateway/peer/a.h", "std::unique_ptr<Peer> p;  // not a shared_ptr<Peer>\n"),
    ),
    coroutines_capture_nothing: (
        ("gateway/net/a.cc", "co_spawn(x, [this, f = g(1)](int i) -> asio::awaitable<void> {});\n"),
        ("gateway/net/a.cc", "co_spawn(x, [](int i) -> asio::awaitable<void> {}); [&]() -> int {}\n"),
    ),
    functions_are_short: (
        ("gateway/net/a.cc", "namespace a {\nclass B : C<D> {\n public:\n" + BIG + "};\n}\n"),
        ("gateway/net/a.cc", "namespace a {\n" + FITS + "int k[] = {\n" + "1,\n" * 99 + "};\n}\n"),
    ),
    files_are_short: (
        ("gateway/net/a.cc", "\n" * (FILE_LINES_MAX + 1)),
        ("gateway/net/a.cc", "\n" * FILE_LINES_MAX),
    ),
    nothing_is_left_for_later: (
        ("README.md", "TO" "DO: later\n"),
        ("README.md", "mktemp XXXXXX\n"),
    ),
    paths_of_one_machine: (
        ("README.md", "cd /ho" "me/someone\n"),
        ("README.md", "https://example.org/home/page ./wo" "rk/x ProtectHome /run/smcp\n"),
    ),
    headers_are_guarded: (("control/a.h", "int a;\n"), ("control/a.h", "#pragma once\n")),
    own_header_comes_first: (
        ("control/a.cc", '#include <map>\n#include "control/a.h"\n'),
        ("control/a.cc", '#include "control/a.h"\n#include <map>\n'),
    ),
    lock_files_name_public_hosts: (
        ("package-lock.json", '{"packages": {"a": {"resolved": "https://mirror.local/a.tgz"}}}'),
        ("package-lock.json", '{"packages": {"a": {"resolved": "https://registry.npmjs.org/a"}}}'),
    ),
}


# ---------------------------------------------------------------- the tree


def tree() -> dict[str, str]:
    """Path from the root -> text, for every text file that is ours."""
    found = {}
    pending = [entry for entry in ROOT.iterdir() if entry.name not in MADE_BY_TOOLS | {".git"}]
    while pending:
        entry = pending.pop()
        if entry.is_symlink() or entry.name in MADE_BY_TOOLS:
            continue
        if entry.is_dir():
            pending.extend(entry.iterdir())
            continue
        try:
            found[entry.relative_to(ROOT).as_posix()] = entry.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # not text
    return found


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    found = tree()
    assert "gateway/base/ids.h" in found
    return found


by_name = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


@by_name
def test_rule_sees_what_it_looks_for(rule):
    refused, passed = RULES[rule]
    assert list(rule(*refused)), "the rule let its bad sample pass"
    assert not list(rule(*passed)), "the rule refused its good sample"


@by_name
def test_tree_keeps(rule, files):
    broken = [f"{path}:{found}" for path, text in sorted(files.items()) for found in rule(path, text)]
    assert not broken, "\n" + "\n".join(broken)


def test_top_level_holds_the_agreed_folders_only():
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir()}
    assert folders <= FOLDERS | HIDDEN_FOLDERS | MADE_BY_TOOLS


def header_of(path: str, files: dict[str, str]) -> str:
    """The header a source implements: of its own name, or (part of a larger class) the first it includes."""
    own = path.removesuffix(".cc") + ".h"
    included = [header for _, header in include_lines(files[path]) if header.startswith("gateway/")]
    return own if own in files or not included else included[0]


def test_every_source_has_a_unit_test(files):
    tests = "\n".join(
        text for path, text in files.items() if re.match(r"tests/(unit|sim)/.*\.cc$", path)
    )
    without = {
        path
        for path in files
        if re.match(r"gateway/.*\.cc$", path)
        and f'#include "{header_of(path, files)}"' not in tests
    }
    missing = sorted(without - set(UNTESTED))
    assert not missing, "no unit test includes the header of\n" + "\n".join(missing)
    stale = sorted({path for path in UNTESTED if path in files} - without)
    assert not stale, "tested now, so take them off UNTESTED:\n" + "\n".join(stale)
