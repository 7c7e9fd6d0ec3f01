"""How long things last on the telephone, in milliseconds.

Its one rule: every duration that the sandbox makes up stands here and may be set. Speech, by `<Say>` or by a phone,
lasts 350 ms and 55 ms for each character; a file that `<Play>` names lasts 3 seconds, for nobody looks into it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoicePacing:
    """`calls_per_s` of 0 lets every call go at once; 1 is what an account has at the provider unless it asks for more.
    `ring_buffer_ms` is what the provider adds to the time-out of a call made over REST."""

    calls_per_s: float = 0.0
    ringing_after_ms: int = 300
    ring_buffer_ms: int = 5_000
    speech_start_ms: int = 350
    speech_char_ms: int = 55
    play_ms: int = 3_000
    key_ms: int = 100
    human_ms: int = 2_000
    machine_ms: int = 4_000
    beep_after_ms: int = 500
    auto_silence_ms: int = 1_000
    recording_ready_ms: int = 1_000
    transcription_ready_ms: int = 3_000

    def speech_ms(self, text: str) -> int:
        return self.speech_start_ms + self.speech_char_ms * len(text)

    def keys_ms(self, keys: str) -> int:
        """`w` is a pause of half a second, `W` of one."""
        return sum({"w": 500, "W": 1_000}.get(key, self.key_ms) for key in keys)
