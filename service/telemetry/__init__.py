"""What an operator can see: logs, metrics and traces. Nothing here changes a call.

Logs: `log` sets up, `rendering` formats, `writer` writes, `throttle` limits, `call_log` has a
call's own line; `user_names` and `network` say what stands for a user or an address. Traces:
`tracing` is what use cases call, `call_spans` makes spans, `otel` exports. `metrics/` has all
metrics; `mos` scores media, and `main_loop` watches the event loop.
"""
