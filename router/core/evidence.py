"""Why a contact is thought to be somebody's: a grade, and the grounds that it stands on (glossary: evidence).

Its one rule: a grade is never higher than what vouches for it, and what somebody else proves is nothing that the
customer proved. Bare caller ID, a bare sender, a typed address and a
reference alone are weak: they link for agents, and whoever wrote hears nothing of any case. It does not choose a case.
"""

from router.core.addresses import DEVICE, Address, is_anonymous
from router.core.clock import Ms
from router.core.commands import MailIn, TakeCall, TakeContact
from router.core.values import value
from router.core.words import TOUCHES, Channel, Evidence

BY_SUBJECT = "same_subject"
"""The way of naming a case that anybody could write: it says nothing of who does."""
GROUNDS = {
    "bare_from": "nobody vouches for the sender's number",
    "bare_mail": "nobody vouches for the sender's mail address",
    "dmarc": "the sender's domain vouches for the mail (DMARC)",
    "several_from": "it says that it is from several addresses, and none of them is believed",
    "reply_to": "it asks to be answered at this address, and nobody vouches that it is its writer's",
    "typed_in_chat": "the address was typed in a chat, and no code that went there came back",
    "dmarc_failed": "the sender's domain says that this mail is not from there (DMARC)",
    "reply_address": "it came to the reply address of this case, which only who was written to knows",
    "answer": "it answers a mail of ours",
    "thread": "it belongs to a thread of this case",
    "bare_caller_id": "nobody vouches for the caller's number",
    "attestation_a": "the provider vouches for the caller's number (attestation A)",
    "not_attested": "the provider does not vouch for the caller's number",
    "new_number": "the number was not known before",
    "withheld": "the caller hides the number",
    "whatsapp_account": "WhatsApp vouches for the account",
    "typed_address": "the address was typed by whoever touched the button",
    "no_address": "they left no address, and nothing says who they are",
    "device": "it came from this device",
    "token": "a program of ours named the customer",
    "participant": "somebody else than the customer wrote it",
    "shared_line": "several people use this line",
    "session": "it came in a chat, and nobody vouches for who that is",
    "proved_session": "they proved in this chat who they are",
    "identity": "their own site vouches for who is signed in",
    "signed_token": "it carries a token that we signed",
    "code": "they said the code that we had sent to that address",
    "reference_and_expected_address": "they named the reference of the case, from an address of the case's customer",
    "same_line": "our last words went out on this line",
    "written_there": "we wrote about it to this address, as they had asked in the chat",
    "promise": "a call to this address is promised",
    "our_call": "we were about to call this address, or had just tried to",
    "single_case": "it is the only matter of theirs that is open",
    "single_lately": "it is the only open matter of theirs in which something happened lately",
    "single_own": "it is the only open matter that they began themselves; the others are of who is the same person",
    "same_words": "the words are about what this case is about",
    BY_SUBJECT: "the mail has the subject of this case",
    "lately": "it is the only one that something happened in within two days",
    "unspoken": "it is the newest of several that are open, and nothing was said yet",
    "just_now": "they wrote about it on this line a moment ago",
    "asked_which": "we asked on this line which matter they mean",
    "says_again": "the words say that it is about the same as before",
    "came_back": "they came back within the days in which a solved case opens again",
    "other_words": "the words are about something else than what was open",
    "other_people": "it is to others than those who are answered about what was open",
    "says_other": "the words say that it is about something else",
    "open": "it is open",
    "fits_as_well": "it is open, and fits as well as others",
    "they_said": "they said that it is about this",
    "solved": "it was solved not long ago",
    "unsure": "several open cases fit equally well",
    "nothing_open": "nothing of theirs is open",
    "long_over": "the case that it answers has been over for long",
}
"""Every ground there is, in words. Others may be recorded by channels that came with a plug-in; those are shown as
they are."""


REFERENCE = "reference_and_expected_address"
NOT_EXPECTED = frozenset(
    {
        "typed_address",
        "no_address",
        "typed_in_chat",
        "device",
        "session",
        "dmarc_failed",
        "shared_line",
        "reply_to",
        "several_from",
    }
)
"""Grounds on which an address is not where a contact came from, but what somebody said of it."""


@value
class Graded:
    """How sure it is that a contact is its customer's, and why."""

    evidence: Evidence
    grounds: tuple[str, ...]


def words_of_grounds(grounds: tuple[str, ...]) -> tuple[str, ...]:
    """Grounds as people read them."""
    return tuple(GROUNDS.get(ground, ground.replace("_", " ")) for ground in grounds)


def grade_of_contact(command: TakeContact, *, proved: bool = False) -> Graded:
    """What vouches for whoever wrote or touched; a channel that knows better says so itself. `proved`: whoever is in
    this chat proved lately who they are."""
    if command.grounds:
        return Graded(command.evidence, command.grounds)
    if command.channel in TOUCHES:
        return Graded(command.evidence, (_ground_of_touch(command.sender),))
    if command.channel is Channel.CHAT:
        return Graded(Evidence.PROOF, ("proved_session",)) if proved else Graded(Evidence.WEAK, ("session",))
    return Graded(command.evidence, ("bare_from",))


def _ground_of_touch(sender: str) -> str:
    if sender.startswith(DEVICE):
        return "device"
    return "no_address" if is_anonymous(sender) else "typed_address"


def holds_proof(address: Address, *, at: Ms, holds_ms: int) -> bool:
    """Whether a chat is one in which they proved who they are, not longer ago than that holds."""
    return address.proved_at is not None and at - address.proved_at <= holds_ms


def grade_of_call(command: TakeCall, *, known: bool) -> Graded:
    """Full attestation says that the number is the caller's; it proves nobody where the number is new."""
    if command.attested:
        return Graded(Evidence.STRONG, ("attestation_a",)) if known else Graded(Evidence.WEAK, ("new_number",))
    return Graded(Evidence.WEAK, ("not_attested",) if command.attested is False else ("bare_caller_id",))


def grade_of_mail(mail: MailIn, *, known: bool, thread_by: str) -> Graded:
    """Proof: in a thread of ours, and the sender's domain vouches for them. Strong: it vouches for them. It vouches for
    the address in From alone, never for another one in Reply-To. A subject is no thread."""
    how = (thread_by,) if thread_by else ()
    if mail.vouched is not True:
        bare = "reply_to" if mail.claimed else "bare_mail"
        denied = "several_from" if mail.several else "dmarc_failed"
        return Graded(Evidence.WEAK, (denied if mail.vouched is False else bare, *how))
    is_proved = known and thread_by not in ("", BY_SUBJECT)
    return Graded(Evidence.PROOF if is_proved else Evidence.STRONG, ("dmarc", *how))


def strengthened(graded: Graded, grounds: tuple[str, ...]) -> Graded:
    """The grade with the grounds of the link beside it: a reference together with the expected address is strong, but
    not with one that anybody could have typed, or that its own domain denies."""
    evidence = graded.evidence
    if REFERENCE in grounds and evidence is Evidence.WEAK and NOT_EXPECTED.isdisjoint(graded.grounds):
        evidence = Evidence.STRONG
    return Graded(evidence, (*graded.grounds, *grounds))


def of_typed_address(graded: Graded) -> Graded:
    """Whoever reads what goes to an address that a visitor typed answers for the visitor, and may be somebody else."""
    return Graded(Evidence.WEAK, ("typed_in_chat", *graded.grounds))


def of_somebody_else(graded: Graded) -> Graded:
    """What vouches for somebody who takes part says who they are, and nothing of who the customer is."""
    return Graded(Evidence.WEAK, ("participant", *(ground for ground in graded.grounds if ground != "participant")))
