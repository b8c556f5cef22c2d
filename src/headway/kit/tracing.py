"""Traces for OpenTelemetry: the one file that knows it. Unless somebody wants traces, all of this does nothing.

The SDK is the optional extra `headway[otel]`, and is imported only if the standard OTEL_* variables ask for traces.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

_UNWANTED = ("url.query", "url.full")
"""What requests carry of people's data: words that are searched for, values of filters."""

_tracer: Any = None
"""Set while traces are wanted."""


def are_wanted(environment: Mapping[str, str]) -> bool:
    """Say whether the standard variables ask for traces: a place to send them to, or an exporter that needs none."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    places = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return exporter == "console" or (exporter in {"", "otlp"} and any(environment.get(name) for name in places))


def start(process: str) -> Any | None:
    """Trace what this process does if that is wanted; return the provider, which `stop` must empty."""
    if not are_wanted(os.environ):
        return None
    try:
        provider = _provider(process)
    except ImportError:
        log.warning("OTEL_* asks for traces, but what makes them is not installed: install headway[otel]")
        return None
    use(provider)
    log.info("traces are made")
    return provider


def _provider(process: str) -> Any:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - costs nothing where nobody wants traces
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter  # noqa: PLC0415 - as above

    os.environ.setdefault("OTEL_SERVICE_NAME", "headway")
    provider = TracerProvider(resource=Resource.create({"headway.process": process}), shutdown_on_exit=False)
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "console":
        provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as above

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def of_requests(provider: Any | None, besides: Collection[str]) -> Any:
    """Return how FastAPI traces requests, but for some paths; what else it could tell is measured and logged already."""
    return {
        "auto_configure": False,
        "tracing": provider is not None,
        "tracer_provider": provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "exclude": lambda scope: scope["path"] in besides,
    }


def use(provider: Any | None) -> None:
    """Trace with this provider from now on, or not at all."""
    global _tracer  # noqa: PLW0603 - one process has one tracer, as it has one root logger
    _tracer = provider.get_tracer("headway") if provider is not None else None
    if provider is not None:
        provider.add_span_processor(_Discreet())


class _Discreet:
    """Takes out of a span, as it begins, what people asked for."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        for name in _UNWANTED:
            if name in (span.attributes or {}):
                span.set_attribute(name, "")

    def on_end(self, span: Any) -> None: ...

    def _on_ending(self, span: Any) -> None: ...

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def stop(provider: Any | None) -> None:
    """Send what has not been sent yet."""
    use(None)
    if provider is not None:
        provider.shutdown()


def is_on() -> bool:
    return _tracer is not None


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """Trace a block as a part of what goes on around it. Names of attributes are written with `_` for a dot."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, attributes=_dotted(attributes)):
        yield


def failed(code: str) -> None:
    """Say that the present block came to nothing, and why."""
    if _tracer is None:
        return
    from opentelemetry import trace  # noqa: PLC0415 - it is there, since there is a tracer

    present = trace.get_current_span()
    present.set_attribute("error.type", code)
    present.set_status(trace.StatusCode.ERROR)


class Stages:
    """Parts of a block that follow one another; each ends where the next one begins."""

    def __init__(self) -> None:
        self._span: Any = None

    def begin(self, name: str) -> None:
        self.end()
        if _tracer is not None:
            self._span = _tracer.start_span(name)

    def end(self) -> None:
        if self._span is not None:
            self._span.end()
            self._span = None


def carried() -> str | None:
    """Return what somebody needs to go on with the present trace elsewhere and later: a W3C `traceparent`."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - as above

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def following(trace_parent: str | None) -> Iterator[None]:
    """Go on with a trace that began elsewhere while the block runs."""
    if _tracer is None or trace_parent is None:
        yield
        return
    from opentelemetry import context  # noqa: PLC0415 - as above
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - as above

    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": trace_parent}))
    try:
        yield
    finally:
        context.detach(token)


def _dotted(attributes: Mapping[str, str | int]) -> dict[str, str | int]:
    return {name.replace("_", "."): value for name, value in attributes.items()}
