"""A verdict in one sentence of plain English."""

from policies.routing import Verdict


def explain(verdict: Verdict) -> str:
    """'rule heating-errors: text matches heating-words → queue heating, skill heating 1'."""
    why = " and ".join(verdict.matched) or "no other rule applies"
    parts = [f"queue {verdict.queue}", *(f"skill {skill} {level}" for skill, level in verdict.skills)]
    if verdict.language is not None:
        parts.append(f"speaks {verdict.language}")
    return f"rule {verdict.rule}: {why} → {', '.join(parts)}"
