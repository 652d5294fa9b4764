"""The credential of the gateways under test, and the transports every client is tried with."""

KEY = "e2e-admin-secret"
HEADERS = {"x-api-key": KEY}
# Real clients may vanish without a good-bye; the heartbeat is short so that their sessions are gone
# before a test looks for what is left.
GATEWAY_SETTINGS = {"auth.provider": "api_key", "auth.api_key.admin_secret": KEY,
                    "engineio.ping_interval": "2s", "engineio.ping_timeout": "2s"}
NAMESPACE = "/smcp"

# None leaves it to the client: polling first, then the upgrade.
TRANSPORTS = {"default": None, "websocket": ["websocket"], "polling": ["polling"]}


def transport_options(name: str) -> dict:
    wanted = TRANSPORTS[name]
    return {} if wanted is None else {"transports": wanted}
