"""What is said to somebody who sent us a card number: once about a case, on their channel, in words of the policy.

Its one rule: it is said only to who wrote, where we may write to them; nothing of the number is in it. What is taken
out, and how, stands in `core.redaction`.
"""

from policies.segments import segments_of
from router.core.choice import Way, refusal_of
from router.core.commands import SYSTEM, TakeContact
from router.core.context import Making
from router.core.mailing import why_untold
from router.core.texts import queue_message, spent_until, withhold
from router.core.words import TOUCHES, CaseId, Channel

PHRASE = "card_removed"


def tell(making: Making, id: CaseId, command: TakeContact, *, again: bool) -> None:
    """Say that a card number was taken out, unless it was said before (`again`), or nobody is answered here."""
    case = making.case(id)
    if again or case.junk or case.heard is None or command.channel in (*TOUCHES, Channel.PHONE):
        return
    customer, now, policy = making.customer(case.customer), making.now, making.context.policy
    way = Way(command.channel, case.heard.address, command.via)
    refusal = refusal_of(way, customer, now=now)
    why = f"cannot be written to: {refusal.value.replace('_', ' ')}" if refusal else ""
    if command.channel is Channel.EMAIL:
        mail = command.mail
        why = why or (mail.automatic or mail.quiet if mail else "") or why_untold(making, case)
    elif spent_until(case, command.channel, now=now, sending=policy.settings.sending) is not None:
        why = why or f"{policy.settings.sending.texts_a_day} texts about this case went out within a day"
    if why:
        withhold(making, case, what=PHRASE, why=why)
        return
    text = policy.phrase(PHRASE, case.language or customer.language or "")
    words = making.keep(text, kind="text", owner=customer.id)
    reasons = ("a card number stood in their words, and was not kept",)
    queue_message(making, case, way, words, segments=segments_of(text), by=SYSTEM, reasons=reasons)
