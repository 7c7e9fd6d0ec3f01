"""Junk: a contact that nobody needs to see is kept whole on a case of its own, closed and marked, with the reason why.

Its one rule: only what begins a new matter can be junk, and each contact is judged by itself; nobody is who has an open
case or a promise, whose number somebody is promised a call to, whom we know and who is vouched for, or who tells of
danger. What `policies.junk` says of a contact's facts is asked here; how one is let out again stands in
`core.quarantine`.
"""

import hashlib
import re

from policies import Fact, Junk
from policies.facts import NOW
from router.core.addresses import is_anonymous
from router.core.clock import Ms
from router.core.commands import Indexed, TakeCall, TakeContact
from router.core.context import Making
from router.core.documents import Call, Case, Customer, Promise
from router.core.events import ContactSetAside, WorkWithdrawn
from router.core.facts import without_words
from router.core.tree import customers_of
from router.core.words import DAY_MS, AddressId, CaseId, Channel, Evidence

JUDGED = (Channel.SMS, Channel.WHATSAPP, Channel.EMAIL, Channel.TOUCH, Channel.PAGE)
"""Who is in a chat waits on a screen; whoever calls is judged when the call is over."""
LONG_SPEECH_CHARS = 100
CHARS_A_SECOND = 15
"""How quickly people and machines speak."""
AT_ONCE_MS = 1_000
"""Who begins so soon after the call began has not heard a word of ours."""
NOT_VOUCHED = frozenset({"C", "failed"})
"""What the provider says of a number that anybody may show."""
BLOCK_DIGITS = 4
"""So many last digits differ within a block of numbers."""
WHY = "it was set aside as junk"
LISTED = "quarantine "
"""What the key begins with under which a case that was set aside is listed."""

_SPACES = re.compile(r"\s+")


def compared(making: Making, customer: Customer, text: str, *, at: Ms) -> tuple[str, int]:
    """A mark that tells the same words of one sender from others, without telling them; and how often in a row before
    they sent the same. Nothing where there is nothing to compare them with: no other matter of theirs began within a
    day. To be asked before the new case is opened."""
    last = making.state.get(customer.last_case or "")
    if not text or not isinstance(last, Case) or at - last.opened_at > DAY_MS:
        return "", 0
    mark = _marked(making, _SPACES.sub(" ", text.strip().casefold()))
    return mark, last.alike + 1 if last.mark == mark else 0


def block_of(making: Making, command: TakeCall) -> str:
    """A mark that tells calls of one block of numbers from others, without telling the number, where the provider does
    not vouch for it; nothing where it does, says nothing, or no number is shown."""
    if command.attestation not in NOT_VOUCHED or is_anonymous(command.sender):
        return ""
    return _marked(making, command.sender[:-BLOCK_DIGITS])


def has_met(customer: Customer | None) -> bool:
    """Whether we know them from anything but junk."""
    return customer is not None and not customer.only_junk


def set_aside_contact(making: Making, command: TakeContact, case: Case, facts: dict[str, Fact], *, known: bool) -> bool:
    """Set a contact aside that is junk. False: it is to be worked on. `known`: we had met them before."""
    is_proved = command.evidence is Evidence.PROOF or (known and command.evidence is not Evidence.WEAK)
    asks_for_call = command.touch is not None and command.touch.calls
    if command.channel not in JUDGED or is_proved or asks_for_call or making.context.awaited:
        return False
    judged = {**facts, "known_customer": known, "alike": case.alike, "junk_before": making.customer(case.customer).junk}
    found = making.context.policy.judge(judged)
    if found is None or not _begins_matter(making, case):
        return False
    if making.context.policy.route(facts).is_danger:
        return False
    _set_aside(making, case.id, found, judged, at=command.at, known=known)
    return True


def suspected(making: Making, call: Call, facts: dict[str, Fact], speech: str, *, by: str) -> tuple[str, ...]:
    """What makes words that were said on the phone junk: the rule and what was true; nothing where they are none. The
    caller is served all the same; it counts when the call has ended without anybody."""
    at_once = _speaks_at_once(call, speech, by=by, now=making.now)
    judged = {**facts, **_facts_of_line(making, call), "silent": False, "speaks_at_once": at_once}
    found = making.context.policy.judge(judged)
    if found is None or making.context.policy.route(judged).is_danger:
        return ()
    return (found.rule, *found.matched)


def set_aside_call(making: Making, call: Call) -> bool:
    """Set a call aside that is over, that no agent was in, and that was junk. False: it is none."""
    case = making.case(call.case)
    is_theirs = making.context.awaited or (call.known and call.attested is True)
    if is_theirs or call.pressed or call.work is not None or case.taken or not _begins_matter(making, case):
        return False
    judged = {**_facts_of_line(making, call), "silent": not call.spoke}
    if call.spoke:
        found = Junk(call.suspect[0], call.suspect[1:]) if call.suspect else None
    else:
        found = making.context.policy.judge(judged)
    if found is None:
        return False
    if case.ask is not None:
        making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=case.ask.work, why=WHY))
    _set_aside(making, case.id, found, judged, at=call.started_at, known=call.known)
    return True


def kept_place(making: Making, customer: Customer) -> Ms | None:
    """The place of somebody whose last call was set aside, for when they call again: it may have been a mistake."""
    last = making.state.get(customer.last_case or "")
    kept_ms = making.context.policy.settings.callbacks.place_days * DAY_MS
    if not isinstance(last, Case) or not last.junk or not _is_call(last):
        return None
    place_at = last.opened_at if last.kept_place_at is None else last.kept_place_at
    return place_at if making.now - place_at <= kept_ms else None


def _marked(making: Making, plain: str) -> str:
    key = making.context.reference_offset.to_bytes(8, "big")
    return hashlib.blake2b(plain.encode("utf-8", "replace"), key=key, digest_size=4).hexdigest()


def _is_call(case: Case) -> bool:
    return case.heard is not None and case.heard.channel is Channel.PHONE


def _facts_of_line(making: Making, call: Call) -> dict[str, Fact]:
    """What is known of a call without a word of it."""
    return {
        "channel": Channel.PHONE.value,
        "number": call.via,
        "language": call.language,
        "known_customer": call.known,
        "anonymous": call.hidden,
        "attestation": call.attestation or "none",
        "junk_before": making.customer(call.customer).junk,
        NOW: making.now,
    }


def _speaks_at_once(call: Call, speech: str, *, by: str, now: Ms) -> bool:
    """Whether it is a machine that speaks, as the provider says, or a long speech that began with the call."""
    began_at = now - len(speech) * 1000 // CHARS_A_SECOND
    is_first = not call.spoke and call.turn == 1
    return by == "machine" or (
        is_first and len(speech) >= LONG_SPEECH_CHARS and began_at <= call.started_at + AT_ONCE_MS
    )


def _begins_matter(making: Making, case: Case) -> bool:
    """Whether nothing but this contact stands on its case, and nothing else of that person is open or promised."""
    person = customers_of(making.state)
    is_alone = case.side is None and all(one.live_cases in ((), (case.id,)) for one in person)
    promised = any(isinstance(d, Promise) and d.state.is_pending for d in making.state.values())
    return case.contacts == 1 and is_alone and not promised and case.promise is None and case.answered_at is None


def _set_aside(making: Making, id: CaseId, junk: Junk, facts: dict[str, Fact], *, at: Ms, known: bool) -> None:
    case = making.case(id)
    making.emit(
        ContactSetAside(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            rule=junk.rule,
            policy=making.context.policy.version,
            matched=junk.matched,
            inputs=without_words(facts),
            came_at=at,
            only=not known,
        )
    )
    listed = Indexed(key=f"{LISTED}{case.id}", address=AddressId(case.id), customer=case.customer, first_wins=True)
    making.indexed.append(listed)
