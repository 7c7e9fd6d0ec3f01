"""A window in a request: from when to when, each with an offset or with the name of a zone in brackets.

Its one rule: times that no clock shows are refused with those that are near. Whether a window can be promised the core
decides, and `problems` has the words for it.
"""

from datetime import datetime

from pydantic import Field, field_validator

from router.core.clock import Ms
from router.http.routes import Body
from router.http.times import zoned


class WindowBody(Body):
    """From when to when."""

    start: datetime = Field(strict=False, description="with an offset, or as 2026-11-24T15:00:00[America/New_York]")
    end: datetime = Field(strict=False)

    _has_a_zone = field_validator("start", "end", mode="before")(zoned)

    @property
    def span(self) -> tuple[Ms, Ms]:
        return _ms(self.start), _ms(self.end)


def _ms(at: datetime) -> Ms:
    return Ms(round(at.timestamp() * 1000))
