"""Answers that are kept to be given again, once somebody whom they tell of is erased.

Its one rule: the key stays done, whoever comes again with it; what was said is gone. What is said on the phone is made
of the policy's own words and tells of nobody.
"""

import json
import re
from collections.abc import Set

GONE = json.dumps({"type": "about:blank", "title": "Erased", "status": 410, "detail": "This was erased.", "errors": []})
ID = re.compile(r"[a-z]{2,4}_[0-9A-Za-z]{16,40}")
WORDLESS = ({"contact", "case", "entry"}, {"customer", "state", "erased_at"}, {"cases", "state"})
"""Fields of answers that say no words: what a mail became, and that somebody was erased."""


def tells_of(body: str, documents: Set[str]) -> bool:
    """Whether an answer names one of `documents` and says more than ids and times: those are wanted by whoever asks
    again."""
    if not body.startswith(("{", "[")) or documents.isdisjoint(ID.findall(body)):
        return False
    read = json.loads(body)
    return not (isinstance(read, dict) and any(set(read) <= fields for fields in WORDLESS))
