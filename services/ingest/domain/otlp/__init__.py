"""OpenTelemetry: what spans, log records and metric points say about uses of AI.

Adapters turn OTLP messages into the plain values here; which of them are uses, and what each used, is decided here.
"""
