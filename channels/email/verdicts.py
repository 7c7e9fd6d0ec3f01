"""Whether a mail comes from the domain it names, as our own verifier found it (RFC 8601, RFC 7489).

One rule: only the result that bears the configured verifier's name, nearest the top, is read; whoever writes a mail
can put any number of others into it. The verifier must take out forged results that bear its name (RFC 8601
section 5). Nothing is verified here.
"""

from authres import AuthResError, FeatureContext, dmarc

from channels.email.addresses import mail_key
from channels.email.headers import Headers
from channels.email.letter import Mailbox

__all__ = ["FORGED", "verdict"]

FORGED = "forged-looking Authentication-Results ignored"
DENIED_ONE = "the domain of one whom its From names says that it does not come from there"
RESULTS_MAX = 50
READ_MAX = 4_000
_CONTEXT = FeatureContext(dmarc)


def verdict(headers: Headers, *, verifier: str, sender: Mailbox | None) -> tuple[str, str]:
    """`pass`, `fail` or `none` for the sender's domain; and a note where somebody tried to tell us otherwise."""
    results = headers.all("authentication-results")[:RESULTS_MAX]
    if not verifier or not results:
        return "none", ""
    ours = [n for n, result in enumerate(results) if _named(result) == verifier.strip().lower()]
    found = _dmarc(results[ours[0]], sender) if ours and sender is not None else "none"
    others = [result for n, result in enumerate(results) if not ours or n != ours[0]]
    is_claimed = any("dmarc=pass" in result.lower().replace(" ", "") for result in others)
    if sender is None and ours and _dmarc(results[ours[0]], None) == "fail":
        return "none", DENIED_ONE
    return found, FORGED if len(ours) > 1 or (is_claimed and found != "pass") else ""


def _named(result: str) -> str:
    """Who says so: the first word."""
    words = result.partition(";")[0].split()
    return words[0].strip('"').lower() if words else ""


def _dmarc(result: str, sender: Mailbox | None) -> str:
    """The DMARC result: a pass only where it is about the domain of the one sender that the mail has."""
    try:
        parsed = _CONTEXT.parse(f"Authentication-Results: {result[:READ_MAX]}")
        found = [one for one in parsed.results or () if one.method == "dmarc"]
        if not found:
            return "none"
        domains = {str(p.value).lower() for p in found[0].properties if (p.type, p.name) == ("header", "from")}
        said = str(found[0].result).lower()
    except (AuthResError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return "none"
    if said in ("fail", "permerror"):
        return "fail"
    if sender is None:
        return "none"
    is_theirs = mail_key(sender.address).rpartition("@")[2] in {mail_key(f"@{d}").rpartition("@")[2] for d in domains}
    return "pass" if said == "pass" and is_theirs else "none"
