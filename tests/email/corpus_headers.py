"""Mails by what their headers say: addresses, subjects, dates, ids, and headers that are wrong on purpose."""

from tests.email.builders import case, eml, from_mia

MONDAY = 1795438920000
"""Mon, 23 Nov 2026 14:02:00 +0100."""


def headed(headers: str) -> bytes:
    """A mail with these headers only."""
    return eml(headers + "\nwords\n")


CASES = [
    case("no-from", headed("Subject: x\n"), sender=None, from_all=(), notes=["no From"]),
    case("two-from-addresses", headed("From: a@customer.example, b@customer.example\n"), sender=None, notes=["two From addresses"]),
    case("two-from-headers", headed("From: a@customer.example\nFrom: b@customer.example\n"), sender=None, notes=["two From addresses"]),
    case("empty-from", headed("From: <>\n"), sender=None, notes=["no address in From"]),
    case("from-a-name-alone", headed("From: Mia\n"), sender=None, notes=["no address in From"]),
    case("from-bare", headed("From: mia@customer.example\n"), sender="mia@customer.example", sender_name=""),
    case("from-quoted-name", headed('From: "Mia \\"M\\" Müller, Köln" <mia@customer.example>\n'), sender="mia@customer.example", sender_name='Mia "M" Müller, Köln'),
    case("from-comment-as-name", headed("From: mia@customer.example (Mia Miller)\n"), sender="mia@customer.example", sender_name="Mia Miller"),
    case("from-nested-comments", headed("From: Mia (the (first)) <mia@customer.example>\n"), sender="mia@customer.example", sender_name="Mia"),
    case("from-encoded-name", headed("From: =?utf-8?q?M=C3=BCller=2C_Mia?= <mia@customer.example>\n"), sender="mia@customer.example", sender_name="Müller, Mia"),
    case("from-encoded-name-in-quotes", headed('From: "=?utf-8?b?TcO8bGxlcg==?=" <mia@customer.example>\n'), sender_name="Müller"),
    case("from-encoded-in-two-halves-of-one-letter", headed("From: =?utf-8?b?TcM=?= =?utf-8?b?vGxsZXI=?= <mia@customer.example>\n"), sender_name="Müller"),
    case("from-domain-in-capitals", headed("From: Mia@CUSTOMER.Example\n"), sender="Mia@customer.example"),
    case("from-an-address-that-is-an-encoded-word", headed("From: =?utf-8?q?boss=40corp.example?=\n"), sender=None, notes=["no address in From"]),
    case("from-an-encoded-word-inside-the-address", headed("From: <=?utf-8?q?boss?=@corp.example>\n"), sender=None),
    case("from-a-name-that-looks-like-an-address", headed('From: "Support <boss@corp.example>" <mallory@evil.example>\n'), sender="mallory@evil.example", sender_name="Support <boss@corp.example>"),
    case("from-two-brackets", headed("From: Support <boss@corp.example> <mallory@evil.example>\n"), sender="mallory@evil.example", sender_name="Support <boss@corp.example>"),
    case("from-bracket-never-closed", headed("From: Mia <mia@customer.example\n"), sender="mia@customer.example"),
    case("from-group", headed("From: Friends: mia@customer.example;\n"), sender="mia@customer.example"),
    case("from-with-a-route-of-blanks", headed("From: Mia < mia @ customer.example >\n"), sender="mia@customer.example"),
    case("from-undeclared-8-bit", headed("From: M\udcfcller <mia@customer.example>\n"), sender="mia@customer.example", sender_name="Müller"),
    case("from-in-another-script", headed("From: Миа <миа@почта.example>\n"), sender="миа@почта.example", sender_name="Миа"),
    case("from-folded", headed("From: Mia\n  Miller\n\t<mia@customer.example>\n"), sender="mia@customer.example", sender_name="Mia Miller"),
    case("to-undisclosed", headed("From: mia@customer.example\nTo: undisclosed-recipients:;\n"), to=()),
    case("delivered-to", headed("X-Original-To: help+abc@support.example\nDelivered-To: inbox@support.example\nEnvelope-To: <help@support.example>\nFrom: a@b.example\n"), delivered_to=("help+abc@support.example", "inbox@support.example", "help@support.example")),
    case("subject-encoded-and-folded", headed("From: a@b.example\nSubject: =?utf-8?q?Heizung_?=\n =?utf-8?q?kaputt_=F0=9F=98=80?=\n"), subject="Heizung kaputt 😀"),
    case("subject-encoded-inside-words", headed("From: a@b.example\nSubject: Re: [x]=?utf-8?q?M=C3=BCll?= now\n"), subject="Re: [x]Müll now"),
    case("subject-with-blanks-inside-an-encoded-word", headed("From: a@b.example\nSubject: =?utf-8?Q?die Heizung ist kalt?=\n"), subject="die Heizung ist kalt"),
    case("subject-unknown-charset", headed("From: a@b.example\nSubject: =?x-foo?q?cold?=\n"), subject="cold"),
    case("subject-broken-encoded-word", headed("From: a@b.example\nSubject: =?utf-8?b?R3L8?= =?utf-8?z?x?=\n"), subject="Grü =?utf-8?z?x?="),
    case("subject-iso-2022-jp", headed("From: a@b.example\nSubject: =?ISO-2022-JP?B?GyRCQ0hLPBsoQg==?=\n"), subject="暖房"),
    case("subject-with-control-characters", headed("From: a@b.example\nSubject: =?utf-8?q?a=0D=0AX-Evil:_1=00b?=\n"), subject="a X-Evil: 1b"),
    case("subject-very-long", headed(f"From: a@b.example\nSubject: {'word ' * 400}\n"), subject=("word " * 400)[:500]),
    case("subject-missing", headed("From: a@b.example\n"), subject=""),
    case("date-good", headed("From: a@b.example\nDate: Mon, 23 Nov 2026 14:02:00 +0100\n"), date=MONDAY),
    case("date-obsolete-zone", headed("From: a@b.example\nDate: 23 Nov 26 13:02 GMT\n"), date=MONDAY),
    case("date-missing", headed("From: a@b.example\n"), date=None),
    case("date-1970", headed("From: a@b.example\nDate: Thu, 01 Jan 1970 00:00:00 +0000\n"), date=None, notes=["time of receipt counts"]),
    case("date-2099", headed("From: a@b.example\nDate: Thu, 01 Jan 2099 00:00:00 +0000\n"), date=None),
    case("date-nonsense", headed("From: a@b.example\nDate: tomorrow, 99 Foo 99999999 25:61:61 +9999999999\n"), date=None),
    case("no-message-id", headed("From: a@b.example\nSubject: x\n"), notes=["no Message-ID"], message_id="<e3e9fdcf6517e97e9b23a075a9c5c81a4e3f3c1e@no-id.invalid>"),
    case("message-id-without-brackets", headed("From: a@b.example\nMessage-ID: abc@b.example\n"), message_id="<abc@b.example>"),
    case("message-id-folded", headed("From: a@b.example\nMessage-ID:\n <abc@b.example>\n"), message_id="<abc@b.example>"),
    case("message-id-with-a-comment", headed("From: a@b.example\nMessage-ID: <abc@b.example> (added by x)\n"), message_id="<abc@b.example>"),
    case("in-reply-to-with-words", headed('From: a@b.example\nIn-Reply-To: Your message of "Monday" <x@y.example>\n'), in_reply_to=("<x@y.example>",)),
    case("references-folded-and-repeated", headed("From: a@b.example\nReferences: <1@y.example>\n\t<2@y.example> <1@y.example>\n"), references=("<1@y.example>", "<2@y.example>")),
    case("references-without-blanks", headed("From: a@b.example\nReferences: <1@y.example><2@y.example>\n"), references=("<1@y.example>", "<2@y.example>")),
    case("references-of-a-very-long-thread", headed("From: a@b.example\nReferences:" + "".join(f"\n <{n}@y.example>" for n in range(400)) + "\n"), references=("<0@y.example>", *(f"<{n}@y.example>" for n in range(201, 400)))),
    case("thread-index", headed("From: a@b.example\nThread-Index: Ac8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAA=\n"), thread_index="01cf" + "00" * 20),
    case("thread-index-too-short", headed("From: a@b.example\nThread-Index: AcAA\n"), thread_index=""),
    case("header-name-with-a-blank", headed("From: a@b.example\nSubject : odd\n"), subject="odd"),
    case("header-of-200-kb", headed(f"From: a@b.example\nX-Long: {'x' * 200_000}\nSubject: after\n"), sender="a@b.example", text="words"),
    case("header-of-5000-fields", headed("From: a@b.example\n" + "X-A: b\n" * 5_000 + "Subject: too late\n"), sender="a@b.example", subject="", text="words", notes=["the header is cut"]),
    case("first-line-is-a-continuation", b"  continued\r\n" + from_mia(), sender="mia@customer.example"),
    case("verified", headed("Authentication-Results: mx.support.example; spf=pass smtp.mailfrom=customer.example;\n dmarc=pass (p=reject) header.from=customer.example\nFrom: mia@customer.example\n"), authenticated="pass"),
    case("verified-in-another-script", headed("Authentication-Results: mx.support.example; dmarc=pass header.from=xn--mnchen-3ya.example\nFrom: mia@münchen.example\n"), authenticated="pass"),
    case("verified-with-a-version", headed("Authentication-Results: mx.support.example 1; dmarc=pass header.from=customer.example\nFrom: mia@customer.example\n"), authenticated="pass"),
    case("verified-as-failed", headed("Authentication-Results: mx.support.example; dmarc=fail header.from=customer.example\nFrom: mia@customer.example\n"), authenticated="fail"),
    case("verified-for-another-domain", headed("Authentication-Results: mx.support.example; dmarc=pass header.from=evil.example\nFrom: mia@customer.example\n"), authenticated="none"),
    case("verified-by-somebody-else", headed("Authentication-Results: mx.evil.example; dmarc=pass header.from=customer.example\nFrom: mia@customer.example\n"), authenticated="none", notes=["forged-looking Authentication-Results ignored"]),
    case("verified-but-two-senders", headed("Authentication-Results: mx.support.example; dmarc=pass header.from=customer.example\nFrom: mia@customer.example, x@customer.example\n"), authenticated="none"),
    case("verified-without-dmarc", headed("Authentication-Results: mx.support.example; spf=pass smtp.mailfrom=customer.example; dkim=pass header.d=customer.example\nFrom: mia@customer.example\n"), authenticated="none"),
    case("verified-at-the-top-forged-below", headed("Authentication-Results: mx.support.example; dmarc=fail header.from=customer.example\nReceived: x\nAuthentication-Results: mx.support.example; dmarc=pass header.from=customer.example\nFrom: mia@customer.example\n"), authenticated="fail", notes=["forged-looking"]),
    case("verified-by-garbage", headed("Authentication-Results: mx.support.example; dmarc=(((((pass header.from\nFrom: mia@customer.example\n"), authenticated="none"),
]  # fmt: skip
