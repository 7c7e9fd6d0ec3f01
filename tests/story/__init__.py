"""The one helper: people at their ends of the wire, a service and a telephone sandbox between them, time moved by hand.

`Story` runs both in this process, on sockets, in a throw-away folder; `RealStory` runs them as two `onecase` processes,
of which one can be killed. When a story has ended, its journal is folded anew and must give exactly what is kept.
"""

from tests.story.in_process import Story
from tests.story.people import Agent, Phone, Stream
from tests.story.processes import Process, RealStory
from tests.story.wire import (
    ADMIN,
    AFTERNOON,
    HERS,
    HIS,
    OURS,
    OURS_TOO,
    PATIENCE_S,
    PORTS,
    Answered,
    Json,
    free_port,
    instant,
    patiently,
    problem_in,
    sign,
)
from tests.story.world import World

__all__ = [
    "ADMIN",
    "AFTERNOON",
    "HERS",
    "HIS",
    "OURS",
    "OURS_TOO",
    "PATIENCE_S",
    "PORTS",
    "Agent",
    "Answered",
    "Json",
    "Phone",
    "Process",
    "RealStory",
    "Story",
    "Stream",
    "World",
    "free_port",
    "instant",
    "patiently",
    "problem_in",
    "sign",
]
