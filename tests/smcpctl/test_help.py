"""--help of every command, and what completes them."""

import re
import subprocess

from smcpctl.ctl import Ctl, environment
from support.process import binary

GLOBAL = ("--endpoint", "--context", "--token", "--token-file", "--tls", "--plaintext", "--cacert",
          "--cert", "--key", "--server-name", "--insecure-skip-verify", "--timeout", "--output",
          "--no-headers", "--sort-by", "--filter", "--limit", "--all", "--watch", "--dry-run",
          "--force", "--yes", "--reason", "--request-id", "--color", "--verbose", "--utc")
COMMANDS = """
status; health; version; offices ls; offices get; offices watch; offices lock; offices unlock; offices label;
offices policy; offices close; sessions ls; sessions get; sessions find; sessions watch; sessions kick;
sessions remove; agents ls; computers ls; calls ls; calls get; calls watch; calls top; calls slow; calls cancel;
tools ls; tools call; notify config; notify tools; notify desktop; notify skills; config get; config diff;
config validate; config apply; config rollback; config history; config watch; node get; node drain; node undrain;
node loglevel; events tail; audit ls; context add; context ls; context use; context show; context rm; raw;
completion
"""


def help_of(path: list[str]) -> str:
    done = subprocess.run([binary("smcpctl"), *path, "--help"], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 0 and done.stderr == "", (path, done)
    return done.stdout


def subcommands(text: str) -> list[str]:
    part = re.search(r"(?ms)^Subcommands:\n(.*?)(^\S|\Z|\n\n)", text)
    return re.findall(r"(?m)^  (\S+)", part[1]) if part else []


def leaves(path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    text = help_of(list(path))
    below = subcommands(text)
    assert re.search(r"Examples?:\n  smcpctl|\n  source <\(smcpctl", text), f"no example: {path}"
    if not below:
        return {path: text}
    found = {}
    for name in below:
        found.update(leaves((*path, name)))
    return found


def test_every_command_is_there_and_has_an_example_of_its_own():
    found = leaves()
    expected = {tuple(words.split()) for words in COMMANDS.replace("\n", " ").split(";")}
    assert set(found) == {path for path in expected if path}
    for path, text in found.items():
        examples = re.search(r"(?ms)^Examples:\n(.*?)\n\n", text)[1]
        for line in examples.splitlines():
            assert "smcpctl " + " ".join(path) in line, (path, line)


def test_the_flags_of_all_commands_are_explained():
    text = help_of([])
    missing = [flag for flag in GLOBAL if not re.search(rf"(?m)^  (-\w,)?{flag}\b", text)]
    assert not missing


def complete(script: str, words: str, tmp_path) -> list[str]:
    typed = words.split(" ")
    array = " ".join(f"'{word}'" for word in typed)
    program = (f"{script}\nCOMP_WORDS=({array}); COMP_CWORD={len(typed) - 1}; _smcpctl; "
               'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=20,
                          env=environment(tmp_path))
    assert done.stderr == "", done.stderr
    return done.stdout.split()


async def test_bash_completes_commands_and_flags(tmp_path):
    script = await Ctl(tmp_path).ok("completion", "bash")
    assert complete(script, "smcpctl off", tmp_path) == ["offices"]
    assert "unlock" in complete(script, "smcpctl offices ", tmp_path)
    assert complete(script, "smcpctl -o json config roll", tmp_path) == ["rollback"]
    flags = complete(script, "smcpctl offices policy --max", tmp_path)
    assert set(flags) == {"--max-call-timeout", "--max-computers", "--max-calls"}
    assert "--endpoint" in complete(script, "smcpctl offices policy --end", tmp_path)
