"""Agents by name, wherever a person reads: reasons are kept with ids, which names may leave and erasing does not touch.

Its one rule: no id is left in words for people. Programs read ids in fields of their own.
"""

import re
from collections.abc import Iterable, Mapping

SOMEBODY = "Somebody of us"
AGENT_ID = re.compile(r"\bagt_[a-z0-9]+")


def agents_in(words: Iterable[str]) -> set[str]:
    """The ids of agents that stand in words."""
    return {id for one in words for id in AGENT_ID.findall(one)}


def with_names(text: str, names: Mapping[str, str]) -> str:
    """`agt_…: free, holds 0` with the agent's name in place of the id.

    >>> with_names("meant for agt_1, who has gone; agt_2: free", {"agt_1": "Ana"})
    'meant for Ana, who has gone; Somebody of us: free'
    """
    return AGENT_ID.sub(lambda found: names.get(found[0], SOMEBODY), text)
