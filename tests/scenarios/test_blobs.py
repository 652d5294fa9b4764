"""Blobs (variants of scenarios 78 and 87): big answers, many at once, chunks in order."""

import asyncio
import base64
import hashlib

from support.generation import TOOL_CALL
from support.raw import dump_args, scaled
from support.scenario import BOTH, scenario

GET, PUT = "client:get_blob", "client:put_blob"
# As much as one ack may hold: 900 kB of base64.
CHUNK = 675_000
PARALLEL = 50


def chunk_of(handle: str, number: int, size: int = CHUNK) -> bytes:
    seed = hashlib.sha256(f"{handle}/{number}".encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def chunk_answer(event) -> tuple[dict]:
    payload = event.payload
    number = payload["chunk_offset"] // CHUNK
    return ({"blob_handle": payload["blob_handle"], "mime_type": "application/octet-stream",
             "total_size": CHUNK * PARALLEL, "chunk_offset": payload["chunk_offset"],
             "eof": number == PARALLEL - 1, "req_id": payload["req_id"],
             "blob": base64.b64encode(chunk_of(payload["blob_handle"], number)).decode()},)


@scenario(87, "G2+", BOTH)
async def test_scenario_087_blob_of_900_kilobytes_passes(w):
    _, agent, computer = await w.pair()
    computer.on_request(GET, chunk_answer)
    for number in range(3):
        ack = await agent.call(GET, w.payload(GET, blob_handle="h", chunk_offset=number * CHUNK))
        assert 900_000 <= len(ack.text) <= 1_000_000
        assert base64.b64decode(ack.only["blob"]) == chunk_of("h", number)


@scenario(78, "G2+", BOTH)
async def test_scenario_078_fifty_chunks_of_900_kilobytes_at_once(w):
    _, agent, computer = await w.pair()
    computer.on_request(GET, chunk_answer)
    calls = [agent.start_call(GET, w.payload(GET, req_id=f"r{n}", blob_handle="h",
                                             chunk_offset=n * CHUNK), timeout=scaled(30.0))
             for n in range(PARALLEL)]
    for number, call in enumerate(calls):
        answer = (await call).only
        assert (answer["req_id"], answer["chunk_offset"]) == (f"r{number}", number * CHUNK)
        assert base64.b64decode(answer["blob"]) == chunk_of("h", number)


@scenario(78, "G4+", BOTH)
async def test_scenario_078_chunks_that_are_put_arrive_in_order(w):
    _, agent, computer = await w.pair()
    received = []

    def take(event) -> tuple[dict]:
        payload = event.payload
        received.append(payload["chunk_offset"])
        answer = {"upload_id": "u", "chunk_offset": payload["chunk_offset"],
                  "req_id": payload["req_id"]}
        if payload["eof"]:
            answer["landing_path"] = "p"
        return (answer,)

    computer.on_request(PUT, take)
    blob = base64.b64encode(chunk_of("put", 0)).decode()
    # One after another, as an Agent does it.
    for number in range(3):
        payload = w.payload(PUT, chunk_offset=number * CHUNK, eof=number == 2, blob=blob)
        ack = await agent.call(PUT, payload, timeout=scaled(10.0))
        assert ("landing_path" in ack.only) == (number == 2)
    # And without waiting: the gateway keeps the order in which they came.
    small = base64.b64encode(chunk_of("put", 1, 30_000)).decode()
    calls = [agent.start_call(PUT, w.payload(PUT, req_id=f"r{n}", chunk_offset=n, eof=False,
                                             blob=small)) for n in range(100)]
    for number, ack in enumerate(await asyncio.gather(*calls)):
        assert ack.only["req_id"] == f"r{number}"
    assert received == [0, CHUNK, 2 * CHUNK, *range(100)]


@scenario(87, "G4+")
async def test_scenario_087_binary_chunks_of_900_kilobytes_pass(w):
    """As attachments instead of base64, both ways."""
    _, agent, computer = await w.pair()
    data = chunk_of("binary", 0, 900_000)
    request = dump_args([TOOL_CALL, w.payload(TOOL_CALL, x={"_placeholder": True, "num": 0})])
    call = agent.start_call_raw(request, [data])
    event = await computer.request(TOOL_CALL)
    assert event.attachments == [data]
    await event.reply_raw('[{"_placeholder":true,"num":0}]', [data])
    assert (await call).attachments == [data]
