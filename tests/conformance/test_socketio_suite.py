"""What the official Socket.IO v5 protocol suite checks, one test each: 16 shared ones and 16 here.

Run with its settings (pingInterval 300, pingTimeout 200, maxPayload 1 000 000). The byte-exact
answers are the suite's.
"""

import json

from conformance.suite_checks import EngineChecks
from conformance.wire import PATH, assert_closes, open_ws

TWO = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
PARTS = [b"\x01\x02\x03", b"\x04\x05\x06"]


class TestSocketIoSuite(EngineChecks):
    path = PATH

    async def joined(self, suite):
        ws = await open_ws(suite)
        await ws.send_text("40")
        assert (await ws.recv()).data.startswith('40{"sid":')
        assert (await ws.recv()).data == '42["auth",{}]'
        return ws

    async def assert_connects(self, suite, sent: str, head: str, auth: str) -> None:
        ws = await open_ws(suite)
        await ws.send_text(sent)
        text = (await ws.recv()).data
        assert text.startswith(head + "{")
        assert set(json.loads(text[len(head):])) == {"sid"}
        assert (await ws.recv()).data == auth
        await ws.close()

    # -- connect --------------------------------------------------------------------------------

    async def test_connect_main_namespace(self, suite):
        await self.assert_connects(suite, "40", "40", '42["auth",{}]')

    async def test_connect_main_namespace_with_payload(self, suite):
        await self.assert_connects(suite, '40{"token":"123"}', "40", '42["auth",{"token":"123"}]')

    async def test_connect_custom_namespace(self, suite):
        await self.assert_connects(suite, "40/custom,", "40/custom,", '42/custom,["auth",{}]')

    async def test_connect_custom_namespace_with_payload(self, suite):
        await self.assert_connects(suite, '40/custom,{"token":"abc"}', "40/custom,",
                                   '42/custom,["auth",{"token":"abc"}]')

    async def test_connect_unknown_namespace(self, suite):
        ws = await open_ws(suite)
        await ws.send_text("40/random")
        assert (await ws.recv()).data == '44/random,{"message":"Invalid namespace"}'
        await ws.close()

    async def test_connect_invalid_handshake_closes(self, suite):
        ws = await open_ws(suite)
        await ws.send_text("4abc")
        await assert_closes(ws)

    async def test_connect_without_handshake_closes(self, impatient_suite):
        ws = await open_ws(impatient_suite)
        while (message := await ws.recv()).kind != "close":
            assert message.data == "2"
            await ws.send_text("3")  # so that it is not the heartbeat that ends it

    # -- disconnect -----------------------------------------------------------------------------

    async def test_disconnect_main_namespace_keeps_the_session(self, suite):
        ws = await self.joined(suite)
        await ws.send_text("41")
        assert (await ws.recv()).data == "2"
        await ws.close()

    async def test_disconnect_custom_namespace_keeps_the_main_one(self, suite):
        ws = await self.joined(suite)
        assert (await ws.recv()).data == "2"
        await ws.send_text("40/custom")
        assert (await ws.recv()).data.startswith('40/custom,{"sid":')
        assert (await ws.recv()).data == '42/custom,["auth",{}]'
        await ws.send_text("41/custom")
        await ws.send_text('42["message","message to main namespace"]')
        assert (await ws.recv()).data == '42["message-back","message to main namespace"]'
        await ws.close()

    # -- message --------------------------------------------------------------------------------

    async def assert_answers(self, suite, sent: str, answer: str, attachments=()) -> None:
        ws = await self.joined(suite)
        await ws.send_messages([sent, *attachments])
        assert (await ws.recv()).data == answer
        for attachment in attachments:
            message = await ws.recv()
            assert (message.kind, message.data) == ("binary", attachment)
        await ws.close()

    async def test_message_plain_text(self, suite):
        await self.assert_answers(suite, '42["message",1,"2",{"3":[true]}]',
                                  '42["message-back",1,"2",{"3":[true]}]')

    async def test_message_binary(self, suite):
        await self.assert_answers(suite, f'452-["message",{TWO}]', f'452-["message-back",{TWO}]',
                                  PARTS)

    async def test_message_plain_text_with_ack(self, suite):
        await self.assert_answers(suite, '42456["message-with-ack",1,"2",{"3":[false]}]',
                                  '43456[1,"2",{"3":[false]}]')

    async def test_message_binary_with_ack(self, suite):
        await self.assert_answers(suite, f'452-789["message-with-ack",{TWO}]', f'462-789[{TWO}]',
                                  PARTS)

    async def assert_breaks(self, suite, packet: str) -> None:
        ws = await self.joined(suite)
        await ws.send_text(packet)
        await assert_closes(ws)

    async def test_message_unknown_packet_type_closes(self, suite):
        await self.assert_breaks(suite, "4abc")

    async def test_message_invalid_payload_closes(self, suite):
        await self.assert_breaks(suite, "42{}")

    async def test_message_invalid_ack_id_closes(self, suite):
        await self.assert_breaks(suite, '42abc["message-with-ack",1,"2",{"3":[false]}]')
