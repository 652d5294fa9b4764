"""Fixtures of the tests with real clients: a gateway that wants a credential, and offices of one's own."""

import uuid

import pytest

from e2e.keys import GATEWAY_SETTINGS


@pytest.fixture
def gateway(gateway_pool):
    """The worker's gateway; when the test is over, its offices and calls must be gone."""
    shared = gateway_pool.get(GATEWAY_SETTINGS)
    yield shared
    shared.wait_counts(members=0, offices=0, seats=0, calls_in_flight=0)


@pytest.fixture
def url(gateway):
    host, port = gateway.address
    return f"http://{host}:{port}"


@pytest.fixture
def office():
    return f"office-{uuid.uuid4().hex[:12]}"
