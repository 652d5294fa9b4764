"""A small MCP server over stdio: the tools that the demo's Computer hosts."""

import asyncio

from mcp.server.fastmcp import FastMCP

server = FastMCP("demo-tools", log_level="ERROR")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two integers."""
    return a + b


@server.tool()
def echo(text: str) -> str:
    """Returns the text as it came."""
    return text


@server.tool()
async def slow(seconds: float) -> str:
    """Answers only after so many seconds."""
    await asyncio.sleep(seconds)
    return f"slept {seconds} s"


@server.resource("window://demo.smcp/status?priority=50", name="status", mime_type="text/plain")
def status() -> str:
    """A window: Computers show these resources as their desktop."""
    return "demo window: all is well"


if __name__ == "__main__":
    server.run("stdio")
