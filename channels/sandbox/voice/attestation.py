"""What a caller's carrier says of the caller's number (STIR/SHAKEN), in the words of the control API and on the wire.

Its one rule: each value that the provider can send has one name here, and `none` stands for a call without any.
"""

LEVELS = ("A", "B", "C")


def _values() -> dict[str, str]:
    values = {"none": "", "failed": "TN-Validation-Failed", "unvalidated": "No-TN-Validation"}
    for level in LEVELS:
        passed, failed = f"TN-Validation-Passed-{level}", f"TN-Validation-Failed-{level}"
        values |= {
            level: passed,
            f"{level}-diverted": f"{passed}-Diverted",
            f"{level}-passthrough": f"{passed}-Passthrough",
        }
        values |= {f"failed-{level}": failed, f"failed-{level}-diverted": f"{failed}-Diverted"}
    return values


_VERSTAT = _values()
ATTESTATIONS = tuple(_VERSTAT)


def verstat_of(attestation: str) -> str:
    """The value of StirVerstat for one of `ATTESTATIONS`; empty where the provider would leave it out."""
    return _VERSTAT[attestation]
