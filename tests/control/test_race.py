"""Administrators list, watch, kick, edit and push all at once while clients come, call and go. What
there is to find is found by ThreadSanitizer (`./dev tsan`), but nothing may break without it either."""

import json
import random
import subprocess
import threading
import time

import grpc

from support.control import Control, reason_of
from support.deadlines import STEP, scaled
from support.process import binary

SECONDS = scaled(4.0)
CHURN_PATH = "/smcp"  # the relay comes by /socket.io
SETTINGS = {"threads": "4", "limits.connections_per_ip": "0", "limits.events_per_second": "1000000"}
# What an administrator may be told when the row has just gone, or another edit came first.
EXPECTED = {"SESSION_NOT_FOUND", "OFFICE_NOT_FOUND", "CALL_NOT_FOUND", "NOT_JOINED",
            "CALL_ALREADY_FINISHED", "ETAG_MISMATCH", "GENERATION_MISMATCH"}


class Administrator(threading.Thread):
    """Repeats one kind of work until the time is up, and remembers what went wrong."""

    def __init__(self, gateway, work, end):
        super().__init__(name=work.__name__)
        self.gateway, self.work, self.end = gateway, work, end
        self.turns = 0
        self.problem: str | None = None

    def run(self):
        with Control(self.gateway) as control:
            while time.monotonic() < self.end and self.problem is None:
                try:
                    self.work(control, self.end)
                    self.turns += 1
                except grpc.RpcError as error:
                    if reason_of(error) not in EXPECTED:
                        self.problem = f"{self.name}: {error.code()} {error.details()}"
                except AssertionError as error:
                    self.problem = f"{self.name}: {error}"


def list_everything(control, end):
    pb, token, seen = control.pb, "", set()
    while True:
        page = control.sessions.ListSessions(pb.ListSessionsRequest(page_size=50, page_token=token))
        sids = [session.sid for session in page.sessions]
        assert not seen.intersection(sids), "a row came twice"
        seen.update(sids)
        token = page.next_page_token
        if not token:
            break
    control.offices.ListOffices(pb.ListOfficesRequest(view=pb.FULL, page_size=100))
    control.calls.ListToolCalls(pb.ListToolCallsRequest(include_recent=True, page_size=100))
    control.node.GetNode(pb.GetNodeRequest())


def watch(control, end):
    pb = control.pb
    streams = [control.sessions.WatchSessions(pb.WatchSessionsRequest()),
               control.offices.WatchOffices(pb.WatchOfficesRequest()),
               control.calls.WatchToolCalls(pb.WatchToolCallsRequest()),
               control.events.WatchEvents(pb.WatchEventsRequest())]
    stop = min(end, time.monotonic() + random.uniform(0.1, 1.0))
    timers = [threading.Timer(max(stop - time.monotonic(), 0), stream.cancel) for stream in streams]
    for timer in timers:
        timer.start()
    for stream in streams:
        try:
            for _ in stream:
                pass
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.CANCELLED, f"{error.code()} {error.details()}"


def kick(control, end):
    pb = control.pb
    sessions = control.sessions.ListSessions(pb.ListSessionsRequest(page_size=200)).sessions
    if not sessions:
        return
    session = random.choice(sessions)
    # The relay's own members are left alone: a refusal of their calls would look like a fault.
    if session.transport.path.startswith(CHURN_PATH):
        control.sessions.DisconnectSession(pb.DisconnectSessionRequest(
            sid=session.sid, terminal=random.random() < 0.5, reason="race"))
    control.sessions.DisconnectSessions(pb.DisconnectSessionsRequest(filter='name = "nobody"'))


def edit_offices(control, end):
    pb, types = control.pb, control.types
    office = types.Office(office_id=f"office-{random.randrange(40)}", labels={"n": str(time.time())})
    request = pb.UpdateOfficeRequest(office=office)
    request.update_mask.paths.append("labels")
    control.offices.UpdateOffice(request)
    control.offices.GetOffice(pb.GetOfficeRequest(office_id=office.office_id, view=pb.FULL))


def push(control, end):
    pb = control.pb
    document = pb.ConfigDocument(yaml=f"calls: {{default_timeout: {random.randrange(20, 60)}s}}")
    control.config.ApplyConfig(pb.ApplyConfigRequest(document=document, any_base=True))
    control.config.GetConfig(pb.GetConfigRequest())


def load(gateway, workload, *options):
    """The generator, run again and again: what an administrator does to it is not its fault."""
    return subprocess.Popen(
        [binary("smcp-bench"), workload, "--url", "http://%s:%d" % gateway.address, "--json",
         "--quiet", *map(str, options)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_administrators_race_clients(start_gateway, tmp_path):
    gateway = start_gateway({**SETTINGS, "state_dir": str(tmp_path)})
    churn = load(gateway, "churn", "--path", CHURN_PATH, "--operations", 1_000_000, "--seconds", SECONDS,
                 "--concurrency", 32)
    relay = load(gateway, "relay", "--offices", 20, "--outstanding", 2, "--seconds", SECONDS,
                 "--warmup", 0)
    end = time.monotonic() + SECONDS
    team = [Administrator(gateway, work, end)
            for work in (list_everything, watch, watch, kick, edit_offices, push)]
    for member in team:
        member.start()
    try:
        for member in team:
            member.join(scaled(60.0))
            assert not member.is_alive(), f"{member.name} hangs"
        called = json.loads(relay.communicate(timeout=scaled(60.0))[0].splitlines()[-1])
        churned = json.loads(churn.communicate(timeout=scaled(60.0))[0].splitlines()[-1])
    finally:
        for process in (churn, relay):
            if process.poll() is None:
                process.kill()
                process.wait()
    assert [member.problem for member in team if member.problem] == []
    assert all(member.turns > 0 for member in team), {m.name: m.turns for m in team}
    assert called["operations"] > 0 and churned["operations"] > 0
    assert (called["misroutes"], called["mismatches"], called["duplicates"]) == (0, 0, 0)
    gateway.wait_empty(4 * STEP)
    gateway.stop()
