"""Logs of the product, as plain as in production: tracebacks without the values of everything that is in their frames,
which takes longer to write down than most tests take."""

import structlog


def pytest_configure() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True, default=repr),
        ]
    )
