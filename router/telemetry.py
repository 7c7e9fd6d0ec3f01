"""Logs: one JSON object a line on standard error, without personal data. Control characters are escaped by JSON."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def set_up_logs(level: str, *, stream: TextIO | None = None) -> None:
    """Write logs of `level` and above as JSON lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=True,
    )
    lines = logging.StreamHandler(stream or sys.stderr)
    lines.setFormatter(JsonLines())
    lines.addFilter(_is_ours_to_know)
    logging.basicConfig(level=logging.WARNING, handlers=[lines], force=True)


class JsonLines(logging.Formatter):
    """What libraries log, in the same form."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, sort_keys=True)


def _is_ours_to_know(record: logging.LogRecord) -> bool:
    """A stranger's broken HTTP was answered with 400; it is not worth a traceback, and must not fill the disk."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)
