"""Which channels there are: one line for each of ours, and plug-ins of the entry-point group `onecase.channels`.

A plug-in is a callable that takes a `Host` and returns a channel.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from twilio.rest import Client

from channels.base import Channel
from channels.twilio_media import TwilioMedia
from channels.twilio_messaging import TwilioMessaging, TwilioSettings
from channels.twilio_rest import twilio_client
from channels.twilio_voice import TwilioVoice
from channels.wire import Transport

GROUP = "onecase.channels"


@dataclass(frozen=True, slots=True)
class Host:
    """What an adapter is given: the way out, the provider account, and where providers reach us."""

    transport: Transport
    public_url: str
    twilio: TwilioSettings
    twilio_user: str
    twilio_secret: str = field(repr=False)
    twilio_base_url: str
    media_transport: Transport | None = None  # for files, which may be larger than other answers
    twilio_file_hosts: tuple[str, ...] = ()  # where the provider may send us on to for a file


Maker = Callable[[Host], Channel]


def _client(host: Host) -> Client:
    return twilio_client(
        host.transport,
        account=host.twilio.account,
        user=host.twilio_user,
        secret=host.twilio_secret,
        base_url=host.twilio_base_url,
    )


def _media(host: Host) -> TwilioMedia:
    return TwilioMedia(
        host.media_transport or host.transport,
        base_url=host.twilio_base_url,
        user=host.twilio_user,
        secret=host.twilio_secret,
        file_hosts=host.twilio_file_hosts,
    )


def twilio_messaging(host: Host) -> Channel:
    return TwilioMessaging(host.twilio, _client(host), _media(host))


def twilio_voice(host: Host) -> Channel:
    return TwilioVoice(host.twilio, _client(host), _media(host))


BUILT_IN: tuple[Maker, ...] = (twilio_messaging, twilio_voice)


class PlugInFault(Exception):
    """A plug-in cannot be used; the message names it."""


def make_channels(host: Host) -> list[Channel]:
    """All channels of this process; without an account at a provider there are no calls and no texts. Raises
    PlugInFault."""
    channels = [make(host) for make in BUILT_IN] if host.twilio.account else []
    for point in _plug_ins():
        try:
            channels.append(point.load()(host))
        except Exception as error:
            raise PlugInFault(f"the channel plug-in {point.name} ({point.value}) cannot be loaded: {error}") from error
    return channels


@cache
def _plug_ins() -> tuple[EntryPoint, ...]:
    """Every package that is installed is looked at for them, which is done once."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda p: p.name))
