"""What both official suites check: the 16 tests about Engine.IO itself, one method each.

The suites are written for a client that reads one message at a time and has no buffer for the next,
so where that matters (the end of an upgrade) the checks here wait for the same things they do.
"""

import asyncio
import json

from support.deadlines import SANITIZER, STEP
from support.eio import target
from support.http1 import fetch
from support.ws import HandshakeRefused, WebSocket

from conformance.wire import ECHO, Poller, assert_closes, get, open_ws, poll_target, ws_target

PING_INTERVAL, PING_TIMEOUT = 0.3, 0.2
KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}


def assert_open(text: str, upgrades: list[str]) -> None:
    assert text.startswith("0")
    value = json.loads(text[1:])
    assert set(value) == KEYS
    assert isinstance(value["sid"], str)
    assert value["upgrades"] == upgrades
    assert (value["pingInterval"], value["pingTimeout"], value["maxPayload"]) == (300, 200, 1000000)


class EngineChecks:
    """Subclasses name the path."""

    path = ""

    async def upgraded(self, sut) -> tuple[Poller, WebSocket]:
        """`2probe` and `5` back to back, as the suites send them."""
        poller = await Poller.open(sut, self.path)
        ws = await poller.probe()
        await ws.send_text("2probe")
        await ws.send_text("5")
        return poller, ws

    async def assert_old_one_works(self, ws: WebSocket) -> None:
        assert (await ws.recv()).data == "3probe"
        if self.path == ECHO:
            await ws.send_text("4hello")
            assert (await ws.recv()).data == "4hello"
        else:
            await ws.send_text("40")
            assert (await ws.recv()).data.startswith('40{"sid":')

    # -- handshake ------------------------------------------------------------------------------

    async def test_handshake_polling_opens_a_session(self, suite):
        response = await get(suite, poll_target(path=self.path))
        assert response.status == 200
        assert_open(response.text, ["websocket"])

    async def test_handshake_polling_invalid_eio(self, suite):
        for query in ("transport=polling", "EIO=abc&transport=polling"):
            assert (await get(suite, f"{self.path}?{query}")).status == 400

    async def test_handshake_polling_invalid_transport(self, suite):
        for query in ("EIO=4", "EIO=4&transport=abc"):
            assert (await get(suite, f"{self.path}?{query}")).status == 400

    async def test_handshake_polling_invalid_method(self, suite):
        for method in ("POST", "PUT"):
            response = await fetch(*suite.address, method, poll_target(path=self.path))
            assert response.status == 400

    async def test_handshake_websocket_opens_a_session(self, suite):
        ws = await WebSocket.connect(*suite.address, ws_target(path=self.path))
        assert_open((await ws.recv()).data, [])
        await ws.close()

    async def test_handshake_websocket_invalid_eio(self, suite):
        await self.assert_refused(suite, "transport=websocket", "EIO=abc&transport=websocket")

    async def test_handshake_websocket_invalid_transport(self, suite):
        await self.assert_refused(suite, "EIO=4", "EIO=4&transport=abc")

    async def assert_refused(self, suite, *queries: str) -> None:
        for query in queries:
            try:
                await WebSocket.connect(*suite.address, f"{self.path}?{query}")
            except HandshakeRefused as refused:
                assert refused.response.status == 400
            else:
                raise AssertionError(f"{query} was accepted")

    # -- heartbeat ------------------------------------------------------------------------------

    async def test_heartbeat_polling_ping_pong(self, suite):
        poller = await Poller.open(suite, self.path)
        for _ in range(3):
            assert await poller.poll() == ["2"]
            assert (await poller.post("3")).status == 200

    async def test_heartbeat_polling_timeout(self, suite):
        poller = await Poller.open(suite, self.path)
        # Not a condition but the very thing that is checked: after exactly this time it is gone.
        slack = 0.2 if SANITIZER else 0.0
        await asyncio.sleep(PING_INTERVAL + PING_TIMEOUT + slack)
        assert (await poller.get()).status == 400

    async def test_heartbeat_websocket_ping_pong(self, suite):
        ws = await open_ws(suite, self.path)
        for _ in range(3):
            assert (await ws.recv()).data == "2"
            await ws.send_text("3")
        await ws.close()

    async def test_heartbeat_websocket_timeout(self, suite):
        started = asyncio.get_running_loop().time()
        ws = await open_ws(suite, self.path)
        await assert_closes(ws)
        took = asyncio.get_running_loop().time() - started
        assert 0.45 < took < 0.45 + STEP

    # -- close ----------------------------------------------------------------------------------

    async def test_close_polling(self, suite):
        poller = await Poller.open(suite, self.path)
        parked, posted = await asyncio.gather(poller.get(), poller.post("1"))
        assert (parked.status, parked.body) == (200, b"6")
        assert (posted.status, posted.body) == (200, b"ok")
        assert (await poller.get()).status == 400

    async def test_close_websocket(self, suite):
        ws = await open_ws(suite, self.path)
        await ws.send_text("1")
        await assert_closes(ws)

    # -- upgrade --------------------------------------------------------------------------------

    async def test_upgrade_succeeds(self, suite):
        poller = await Poller.open(suite, self.path)
        ws = await poller.upgrade()
        if self.path == ECHO:
            await ws.send_text("4hello")
            assert (await ws.recv()).data == "4hello"
        else:
            await ws.send_text("40")
            assert (await ws.recv()).data.startswith('40{"sid":')
        await ws.close()

    async def test_upgrade_ignores_http_requests_afterwards(self, suite):
        poller, ws = await self.upgraded(suite)
        assert (await poller.get()).status == 400
        await self.assert_old_one_works(ws)
        await ws.close()

    async def test_upgrade_ignores_websockets_afterwards(self, suite):
        poller, ws = await self.upgraded(suite)
        # Accepted and then closed: the suite's client takes an HTTP refusal for an error.
        second = await WebSocket.connect(*suite.address, target(self.path, "websocket",
                                                                sid=poller.sid))
        await assert_closes(second)
        await self.assert_old_one_works(ws)
        await ws.close()
