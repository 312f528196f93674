"""A server to try `observability.py` with: `python server.py 9000 STORAGE` calls its tools once a second.

Its health check `storage` fails while there is no folder STORAGE.
"""

import asyncio
import sys
import time
from pathlib import Path

from prometheus_client import Counter

import health
import observability

# A metric of its own: what it counts is up to it.
API_CALLS = Counter("api_calls_total", "Calls of the API behind this server.", ["endpoint", "method"])


@observability.tool("search")
def search(query):
    API_CALLS.labels("/search", "GET").inc()
    return [query]


@observability.tool("divide")
async def divide(a, b):
    return a / b


def main(port, storage):
    observability.setup_logging()
    observability.setup_logging()  # Twice does no harm.
    observability.setup_sentry()

    @health.check("storage")
    def check_storage():
        return Path(storage).is_dir()

    health.check("memory")(health.memory_below(512))
    server = observability.serve(port)
    observability.log.info("listening on http://127.0.0.1:%d", server.server_port, extra={"request_id": "start"})
    while True:
        with observability.request("tools/call", "/mcp"):
            search("weather")
        with observability.request("tools/call", "/mcp") as outcome:
            try:
                asyncio.run(divide(1, 0))
            except ZeroDivisionError:
                outcome.status = 500
        time.sleep(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
