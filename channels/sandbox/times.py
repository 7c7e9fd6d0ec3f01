"""Instants as the outside reads them: RFC 3339 in the control API, RFC 2822 in the REST API. Nothing else is here."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from router.core.clock import Ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: Ms) -> datetime:
    return EPOCH + timedelta(milliseconds=at)


def rfc3339(at: Ms) -> str:
    """`2026-11-22T07:15:00.250Z`."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc2822(at: Ms) -> str:
    """`Sun, 22 Nov 2026 07:15:00 +0000`: whole seconds, as the provider sends them."""
    return format_datetime(moment(at))


def ms_of(when: datetime) -> Ms:
    """The instant of an aware datetime."""
    return Ms((when - EPOCH) // timedelta(milliseconds=1))
