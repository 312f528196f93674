"""Metrics, log lines and errors of an MCP server, as mcpmon's profile `elk` reads them.

    import observability

    observability.setup_logging()
    observability.setup_sentry()
    observability.serve(9000, host="0.0.0.0")  # /metrics and /health

    @observability.tool("search")
    def search(query): ...

Everything may be called more than once. For Python 3.9 and later; `requirements.txt` says what it needs.
"""

import asyncio
import contextlib
import functools
import inspect
import json
import logging
import os
import sys
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import prometheus_client
from prometheus_client import Counter, Gauge, Histogram

import health

try:
    import sentry_sdk
    from sentry_sdk.integrations.logging import LoggingIntegration
except ImportError:  # A server may do without Sentry.
    sentry_sdk = None

SERVICE = os.environ.get("SERVICE_NAME", "mcp-server")
log = logging.getLogger(__name__)

# --- metrics: the dialect `mcp`

# Without it each counter has a second series with the time at which it was made.
prometheus_client.disable_created_metrics()

REQUESTS = Counter("mcp_requests_total", "MCP requests.", ["method", "endpoint", "status"])
DURATION = Histogram("mcp_request_duration_seconds", "Time of MCP requests.", ["method", "endpoint"])
CONNECTIONS = Gauge("mcp_active_connections", "MCP requests under way.")
ERRORS = Counter("mcp_errors_total", "Errors.", ["error_type"])
TOOL_CALLS = Counter("mcp_tool_executions_total", "Calls of tools.", ["tool_name", "status"])
TOOL_DURATION = Histogram("mcp_tool_duration_seconds", "Time of calls of tools.", ["tool_name"])


class Outcome:
    """What a request comes to: set `status` where it is not 200."""

    status = 200


@contextlib.contextmanager
def request(method, endpoint):
    """Counts one request. `endpoint` is a route such as `/mcp`: a path with an id in it would make a series each."""
    outcome = Outcome()
    begun = time.perf_counter()
    CONNECTIONS.inc()
    try:
        yield outcome
    except asyncio.CancelledError:
        outcome.status = 499  # The client went away.
        raise
    except Exception as error:
        outcome.status = 500
        count_error(error)
        raise
    finally:
        CONNECTIONS.dec()
        REQUESTS.labels(method, endpoint, str(outcome.status)).inc()
        DURATION.labels(method, endpoint).observe(time.perf_counter() - begun)


def count_error(error):
    """Counts an error by its type; its text would make a series each."""
    ERRORS.labels(type(error).__name__).inc()


# --- log lines: JSON on standard output


class JsonFormatter(logging.Formatter):
    """One line of JSON for each record, with the fields of the index `mcp-logs-*`."""

    def format(self, record):
        line = {
            "timestamp": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
            "service": SERVICE,
        }
        for key in ("request_id", "user_id"):  # As in log.info("…", extra={"request_id": "1"}).
            if hasattr(record, key):
                line[key] = getattr(record, key)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def setup_logging(level=None):
    """Sends every record to standard output. The engine keeps and rotates what is written there."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        # A second handler would write each line twice.
        if isinstance(handler.formatter, JsonFormatter):
            root.removeHandler(handler)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    root.setLevel(level or os.environ.get("LOG_LEVEL", "INFO").upper())


# --- errors: Sentry


def setup_sentry():
    """Reports errors where `SENTRY_DSN` or the file in `SENTRY_DSN_FILE` says; whether it does so."""
    dsn = os.environ.get("SENTRY_DSN", "")
    if not dsn and os.environ.get("SENTRY_DSN_FILE"):
        dsn = Path(os.environ["SENTRY_DSN_FILE"]).read_text(encoding="utf-8").strip()
    if not dsn:
        return False
    if sentry_sdk is None:
        log.error("SENTRY_DSN is set, and sentry-sdk is not installed: no error is reported")
        return False
    sentry_sdk.init(
        dsn=dsn,
        environment=os.environ.get("SENTRY_ENVIRONMENT", "production"),
        traces_sample_rate=float(os.environ.get("SENTRY_TRACES_SAMPLE_RATE", "0.1")),
        send_default_pii=False,
        integrations=[LoggingIntegration(level=logging.INFO, event_level=logging.ERROR)],
    )
    return True


def capture_error(error, **context):
    """Reports an error to Sentry, with what was going on; without Sentry it does nothing."""
    if sentry_sdk is None:
        return
    with sentry_sdk.new_scope() as scope:
        scope.set_context("mcp", context)
        scope.capture_exception(error)


# --- tools


@contextlib.contextmanager
def _call(name):
    begun = time.perf_counter()
    status = "error"
    try:
        yield
        status = "success"
    except Exception as error:
        count_error(error)
        # Sentry takes the same error once, though the log hands it over as well.
        capture_error(error, tool=name)
        log.exception("tool %s failed", name)
        raise
    finally:
        seconds = time.perf_counter() - begun
        TOOL_CALLS.labels(name, status).inc()
        TOOL_DURATION.labels(name).observe(seconds)
    log.info("tool %s took %.3f s", name, seconds)


def tool(name):
    """Decorates a tool, plain or async: each call is counted, timed and logged, each error reported and raised."""

    def decorate(function):
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapped(*args, **kwargs):
                with _call(name):
                    return await function(*args, **kwargs)

        else:

            @functools.wraps(function)
            def wrapped(*args, **kwargs):
                with _call(name):
                    return function(*args, **kwargs)

        return wrapped

    return decorate


# --- a port of its own


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/metrics":
            self._answer(200, prometheus_client.CONTENT_TYPE_LATEST, prometheus_client.generate_latest())
        elif path == "/health":
            status, document = health.run()
            self._answer(status, "application/json", json.dumps(document).encode())
        else:
            self._answer(404, "text/plain", b"/metrics or /health\n")

    def _answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        log.debug(format, *args)


def serve(port, host="127.0.0.1"):
    """Answers /metrics and /health beside the server. In a container, `host` is "0.0.0.0".

    It must not be the server's own port: a port that is taken raises an OSError here.
    """
    server = ThreadingHTTPServer((host, port), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
