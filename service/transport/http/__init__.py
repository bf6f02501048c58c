"""What every HTTP request passes, whoever answers it: proxies, origins, limits, body, refusals.

No route is here, and no parser: `api/` and `server/` have those.
"""
