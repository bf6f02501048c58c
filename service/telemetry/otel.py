"""Where traces go: OTLP over HTTP, set by the standard `OTEL_*` variables.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. The SDK reads
them; this module only reads whether to load it. Traces are on when an OTLP endpoint is set, and
neither OTEL_SDK_DISABLED=true nor OTEL_TRACES_EXPORTER=none.
"""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from service.ports import CallObserver
from service.telemetry.call_spans import CallSpans
from service.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_CLOSED_WITHIN_S = 3.0


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether traces are to be sent."""
    endpoint = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get(
        "OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return bool(endpoint) and not off and environ.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp"


class Traces:
    """The node's tracing, and its exporter."""

    def __init__(
        self, version: str, users: Callable[[str], str | None], candidates: Callable[[str], int]
    ) -> None:
        self._provider = _provider(version) if wanted(os.environ) else None
        self.calls: Tracing = Tracing()
        self.observers: tuple[CallObserver, ...] = ()
        if self._provider is not None:
            tracer = self._provider.get_tracer("ringline", version)
            self.calls = spans = CallSpans(tracer, users, candidates)
            self.observers = (spans,)

    def close(self) -> None:
        """Send the last spans and stop; waits for the network, 3 s at most."""
        if self._provider is not None:
            # The SDK waits for half a minute, longer than a node has to stop.
            closing = threading.Thread(target=self._provider.shutdown, daemon=True)
            closing.start()
            closing.join(_CLOSED_WITHIN_S)


def _provider(version: str) -> "TracerProvider":
    # Loaded only here: the SDK and its exporter take 10 MiB.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    ours = {
        "service.name": "ringline",
        "service.version": version,
        "host.name": socket.gethostname(),
    }
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override ours.
    resource = Resource(ours).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
