"""Health of a server: checks that can fail, and a document that says which did.

    @health.check("database")
    def database():
        connection.execute("SELECT 1")  # Raises, or returns False, when something is wrong.

`observability.serve` answers /health with it; any other server can: `status, document = health.run()`.
"""

import asyncio
import concurrent.futures
import inspect
import logging
import os
import threading
import time
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

TIMEOUT = 5.0
log = logging.getLogger(__name__)
_checks = {}
_running = {}
_lock = threading.Lock()


def check(name):
    """Registers a check, plain or async."""

    def register(function):
        _checks[name] = function
        return function

    return register


def answers(url, timeout=TIMEOUT):
    """A check that an address answers well: check("api")(answers("https://api.example.org/health"))."""

    def look():
        with urllib.request.urlopen(url, timeout=timeout):  # Raises for 4xx and 5xx.
            pass

    return look


def memory_below(mebibytes):
    """A check that this process uses less memory than that, on Linux."""

    def look():
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") < mebibytes * 2**20

    return look


def run():
    """Runs every check: the HTTP status, 503 when one fails, and the document."""
    with _lock:
        for name, function in _checks.items():
            # One that hangs is waited for; another one beside it would hang as well.
            if name not in _running or _running[name].done():
                _running[name] = concurrent.futures.Future()
                threading.Thread(target=_run, args=(name, function, _running[name]), daemon=True).start()
        running = dict(_running)
    concurrent.futures.wait(running.values(), timeout=TIMEOUT)
    late = {"status": "unhealthy", "error": f"no answer within {TIMEOUT:g} s"}
    results = {name: done.result() if done.done() else late for name, done in running.items()}
    well = all(result["status"] == "healthy" for result in results.values())
    document = {
        "status": "healthy" if well else "unhealthy",
        "checks": results,
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
    }
    return (200 if well else 503), document


def _run(name, function, done):
    begun = time.perf_counter()
    result = {"status": "healthy"}
    try:
        said = asyncio.run(function()) if inspect.iscoroutinefunction(function) else function()
        if said is False:
            result = {"status": "unhealthy", "error": "the check says no"}
    except BaseException as error:  # Whatever ends a check, whoever asked hears of it.
        # The error's text may hold an address with a password: it is for the log alone.
        log.warning("health check %s failed", name, exc_info=error)
        result = {"status": "unhealthy", "error": type(error).__name__}
    result["response_time"] = round(time.perf_counter() - begun, 6)
    done.set_result(result)
