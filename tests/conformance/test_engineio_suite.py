"""What the official Engine.IO v4 protocol suite checks, one test each: 16 shared ones and 9 here.

Run with its settings (pingInterval 300, pingTimeout 200, maxPayload 1 000 000).
"""

from conformance.suite_checks import EngineChecks
from conformance.wire import ECHO, Poller, assert_closes, open_ws


class TestEngineIoSuite(EngineChecks):
    path = ECHO

    async def round_trip(self, suite, body: str) -> None:
        poller = await Poller.open(suite, ECHO)
        posted = await poller.post(body)
        assert (posted.status, posted.body) == (200, b"ok")
        answer = await poller.get()
        assert (answer.status, answer.text) == (200, body)

    async def test_message_polling_one_plain_text_packet(self, suite):
        await self.round_trip(suite, "4hello")

    async def test_message_polling_several_plain_text_packets(self, suite):
        await self.round_trip(suite, "4test1\x1e4test2\x1e4test3")

    async def test_message_polling_plain_text_and_binary_packets(self, suite):
        await self.round_trip(suite, "4hello\x1ebAQIDBA==")

    async def test_message_polling_invalid_packet_format_closes(self, suite):
        poller = await Poller.open(suite, ECHO)
        assert (await poller.post("abc")).status == 400
        assert (await poller.get()).status == 400

    async def test_message_polling_duplicate_poll_requests_close(self, suite):
        poller = await Poller.open(suite, ECHO)
        first = await poller.park()
        # The suite leaves 5 ms between the two; here the server has seen the first for certain,
        # because it answered a POST that was sent later on the same way.
        assert (await poller.post("3")).status == 200
        second = await poller.get()
        answer = await first.read_response()
        assert (answer.status, answer.body) == (200, b"1")
        assert second.status == 400
        assert (await poller.get()).status == 400
        first.abort()

    async def test_message_polling_cancelled_poll_request_closes(self, suite):
        poller = await Poller.open(suite, ECHO)
        parked = await poller.park()
        assert (await poller.post("3")).status == 200
        parked.abort()
        assert (await poller.get()).status == 400

    async def test_message_websocket_plain_text_packet(self, suite):
        ws = await open_ws(suite, ECHO)
        await ws.send_text("4hello")
        assert (await ws.recv()).data == "4hello"
        await ws.close()

    async def test_message_websocket_binary_packet(self, suite):
        ws = await open_ws(suite, ECHO)
        await ws.send_binary(b"\x01\x02\x03\x04")
        message = await ws.recv()
        assert (message.kind, message.data) == ("binary", b"\x01\x02\x03\x04")
        await ws.close()

    async def test_message_websocket_invalid_packet_format_closes(self, suite):
        ws = await open_ws(suite, ECHO)
        await ws.send_text("abc")
        await assert_closes(ws)
