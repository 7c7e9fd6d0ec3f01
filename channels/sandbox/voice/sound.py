"""Sound files of silence: valid, of the right length, and small.

Its one rule: they are made from a length alone, so the same recording is the same bytes. What is longer than
`SOUND_S_MAX` is cut, for whoever fetches a recording reads only so much.
"""

import struct

SOUND_S_MAX = 100
RATE_HZ = 8_000
_MP3_FRAME = b"\xff\xfb\x10\xc4".ljust(104, b"\0")  # MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono, all zero
_MP3_FRAMES_PER_S = 44_100 / 1_152


def wav_of(duration_s: int) -> bytes:
    """A RIFF file: mono, 8 bits, 8 kHz."""
    sound = b"\x80" * (min(duration_s, SOUND_S_MAX) * RATE_HZ)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE_HZ, RATE_HZ, 1, 8)
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(sound), b"WAVE")
    return head + form + struct.pack("<4sI", b"data", len(sound)) + sound


def mp3_of(duration_s: int) -> bytes:
    return _MP3_FRAME * max(1, round(min(duration_s, SOUND_S_MAX) * _MP3_FRAMES_PER_S))
