"""What people hear while they wait: a few quiet notes, made here, so that nothing is fetched from strangers.

A telephone's quality: 8 kHz, 16 bit, one channel.
"""

import array
import io
import math
import wave
from functools import lru_cache

from channels.twilio_voice import MUSIC_PATH
from channels.wire import WireRequest, WireResponse

__all__ = ["MUSIC_PATH", "hold_music"]

RATE = 8000
NOTE_S = 1.25
NOTES_HZ = (261.63, 329.63, 392.0, 329.63, 293.66, 349.23, 440.0, 349.23, 261.63, 329.63, 392.0, 523.25)
LOUDNESS = 5000


async def hold_music(request: WireRequest) -> WireResponse:
    """Fifteen seconds of it."""
    del request
    return WireResponse(200, _wav(), "audio/wav")


@lru_cache(maxsize=1)
def _wav() -> bytes:
    samples = array.array("h")
    count = int(RATE * NOTE_S)
    for note in NOTES_HZ:
        for n in range(count):
            swell = math.sin(math.pi * n / count)
            samples.append(int(LOUDNESS * swell * math.sin(2 * math.pi * note * n / RATE)))
    into = io.BytesIO()
    with wave.open(into, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return into.getvalue()
