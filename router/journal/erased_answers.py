"""Answers that are kept to be given again, once somebody whom they tell of is erased.

Its one rule: the key stays done, whoever comes again with it; what was said is gone.
"""

import json
import re
from collections.abc import Set

from router.journal import codec

GONE = json.dumps({"type": "about:blank", "title": "Erased", "status": 410, "detail": "This was erased.", "errors": []})
ID = re.compile(r"[a-z]{2,4}_[0-9A-Za-z]{16,40}")
OF_MAILS = {"contact", "case", "entry"}


def tells_of(body: str, documents: Set[str]) -> bool:
    """Whether an answer names one of `documents` and says more than what a mail became, which is ids alone and wanted
    by whoever brings that mail again."""
    if not body or documents.isdisjoint(ID.findall(body)):
        return False
    read = codec.decode(body, codec.Any)
    return not (isinstance(read, dict) and set(read) <= OF_MAILS)
