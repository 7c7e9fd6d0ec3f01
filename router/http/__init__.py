"""The edge: API, webhooks, stream and pages as sans-I/O handlers; `shim` alone speaks aiohttp."""
