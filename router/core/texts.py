"""Texts of ours: how long one may be. They cost money and patience, so the policy sets limits nobody passes unseen.

Its one rule: what is too long is refused before anything is queued; nothing is cut and nothing is split behind the
agent's back. It does not choose the way.
"""

from policies import SendingSettings
from policies.segments import segments_of
from router.core.choice import Choice
from router.core.errors import Reason, Rejected
from router.core.words import Channel


def check_length(choice: Choice, text: str, sending: SendingSettings) -> None:
    """Raises Rejected(TEXT_TOO_LONG) where `text` by SMS would go out in more parts than the policy allows."""
    if choice.way.channel is Channel.SMS and (parts := segments_of(text)) > sending.sms_max_segments:
        others = tuple(dict.fromkeys(way.channel.value for way in choice.alternatives))
        instead = tuple(channel for channel in others if channel != Channel.SMS)
        raise Rejected(Reason.TEXT_TOO_LONG, f"{parts} texts, and {sending.sms_max_segments} are allowed", instead)
