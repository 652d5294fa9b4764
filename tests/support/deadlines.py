"""Deadlines of the tests. A wait is always for a condition; the deadline only bounds a failure."""

import asyncio
import os
import time

SANITIZER = os.environ.get("SMCP_SANITIZER", "")
# Instrumented binaries are several times slower; what is measured stays the same, the bounds move.
SCALE = 4.0 if SANITIZER in ("asan", "tsan") else 1.0
STEP = 5.0 * SCALE


def scaled(seconds: float) -> float:
    return seconds * SCALE


async def eventually(condition, what: str, within: float = STEP):
    """Waits until `condition()` (plain or async) is truthy and returns its value."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:.1f} s: {what}")
        await asyncio.sleep(0.01)
