"""An MCP server with a few tools, on top of PyPI `mcp` (1.x or 2.x) or of `fastmcp`.

    python server.py mcp|fastmcp stdio
    python server.py mcp|fastmcp http|sse PORT [json] [stateless] [auth]

It listens on 127.0.0.1. With `auth` it asks for the bearer token `right-token`. The signal USR1 takes its
tool `add` away, as a release would that drops it.
"""

import signal
import sys

library, transport, *rest = sys.argv[1:]
port = int(rest[0]) if rest else 0
options = set(rest[1:])

if library == "fastmcp":
    from fastmcp import FastMCP as Server
else:
    try:
        from mcp.server.mcpserver import MCPServer as Server
    except ImportError:
        from mcp.server.fastmcp import FastMCP as Server

is_mcp_1 = library == "mcp" and Server.__name__ == "FastMCP"


def auth_settings():
    from mcp.server.auth.provider import AccessToken
    from mcp.server.auth.settings import AuthSettings

    class Verifier:
        async def verify_token(self, token):
            if token == "right-token":
                return AccessToken(token=token, client_id="tests", scopes=["mcp:read"])
            return None

    settings = AuthSettings(
        issuer_url="https://issuer.example.org",
        resource_server_url=f"http://127.0.0.1:{port}/mcp",
        required_scopes=["mcp:read"],
    )
    return {"token_verifier": Verifier(), "auth": settings}


given = auth_settings() if "auth" in options else {}
# What a server says about how it answers is given when it is made (1.x) or when it is run (2.x).
running = {"host": "127.0.0.1", "port": port} if transport != "stdio" else {}
if transport == "http":
    running |= {"json_response": "json" in options, "stateless_http": "stateless" in options}
if is_mcp_1:
    given |= running
    running = {}

server = Server(f"lab-{library}", **given)


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def echo(text: str) -> str:
    """Says what it is told."""
    return text


@server.tool()
def fail(reason: str) -> str:
    """Fails."""
    raise ValueError(reason)


def forget(*_):
    if library == "fastmcp":
        server.local_provider.remove_tool("add")
    else:
        server.remove_tool("add")


signal.signal(signal.SIGUSR1, forget)
names = {"stdio": "stdio", "sse": "sse", "http": "http" if library == "fastmcp" else "streamable-http"}
server.run(transport=names[transport], **running)
