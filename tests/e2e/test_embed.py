"""The embedding examples, built and run: own authentication against SQLite, an event of their own,
a route beside the mounted server, and the Computers of an office."""

import sqlite3
import subprocess
import urllib.request

import pytest
import socketio
from support.deadlines import STEP
from support.process import binary


@pytest.fixture(params=["embed-example", "embed-sync-example"])
def program(request, tmp_path):
    path = tmp_path / "keys.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE keys(key TEXT PRIMARY KEY, owner TEXT)")
        db.execute("INSERT INTO keys VALUES ('k-1', 'team-one')")
    process = subprocess.Popen([binary(request.param), "0", str(path)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line.startswith("ready listen=127.0.0.1:"), line
    process.url = "http://" + line.strip().split("=")[1]
    process.name = request.param
    yield process
    process.stdin.close()
    assert process.wait(STEP * 4) == 0


def connect(program, key: str) -> socketio.Client:
    client = socketio.Client(reconnection=False)
    client.connect(program.url, namespaces=["/smcp"], headers={"x-api-key": key},
                   wait_timeout=STEP)
    return client


def test_a_key_of_the_database_is_let_in_and_another_is_not(program):
    with pytest.raises(socketio.exceptions.ConnectionError):
        connect(program, "k-2")
    connect(program, "k-1").disconnect()


def test_computers_of_an_office_are_printed_and_own_events_answered(program):
    client = connect(program, "k-1")
    try:
        client.on("fleet:question", lambda question: f"{question} yes", namespace="/smcp")
        joined = client.call("server:join_office",
                             {"role": "computer", "name": "pc-7", "office_id": "lab"},
                             namespace="/smcp", timeout=STEP)
        assert list(joined) == [True, None]
        program.stdin.write("lab\n")
        program.stdin.flush()
        assert program.stdout.readline().split() == ["pc-7"]
        if program.name == "embed-example":
            assert client.call("fleet:whoami", namespace="/smcp", timeout=STEP) == "team-one"
            with urllib.request.urlopen(program.url + "/events", timeout=STEP) as response:
                assert int(response.read()) == 2
        else:
            answer = client.call("fleet:echo-back", namespace="/smcp", timeout=STEP)
            assert answer == ["ready? yes"]
    finally:
        client.disconnect()
