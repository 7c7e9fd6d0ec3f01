"""Reports that a mail of ours did not arrive: as the standard has them, and as servers write them all the same."""

from tests.email.builders import case, eml, part, parts, whole

OURS = (
    "Message-ID: <msg.1@support.example>\nFrom: help@support.example\nTo: mia@customer.example\nSubject: Re: Heating\n"
)
RETURNED = part("message/rfc822", OURS + "\nour words\n")
HEADERS = part("text/rfc822-headers", OURS)
RETURN_PATH = "Return-Path: <>"


def report(status: str, returned: bytes = RETURNED, words: str = "It could not be delivered.") -> bytes:
    return whole(
        RETURN_PATH,
        parts(
            part("text/plain", words),
            part("message/delivery-status", status),
            returned,
            kind="report",
            more="; report-type=delivery-status",
        ),
    )


def told(headers: str, body: str) -> bytes:
    return eml(f"{headers}\n\n{body}")


CASES = [
    case("dsn-postfix-unknown-user", report("Reporting-MTA: dns; mx.example\nX-Postfix-Queue-ID: A1\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <mia@customer.example>: User unknown\n"), automatic="bounce", bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>"), reason="User unknown", references=("<msg.1@support.example>",)),
    case("dsn-headers-only-returned", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.2.2\n", HEADERS), bounce=("mia@customer.example", "5.2.2", True, "<msg.1@support.example>"), automatic="bounce"),
    case("dsn-delayed", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Tue, 24 Nov 2026 14:00:00 +0000\n"), automatic="bounce", bounce=("mia@customer.example", "4.4.1", False, "<msg.1@support.example>")),
    case("dsn-gave-up-after-delays", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 4.4.7\n"), bounce=("mia@customer.example", "4.4.7", True, "<msg.1@support.example>")),
    case("dsn-two-recipients-one-failed", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; tom@customer.example\nAction: relayed\nStatus: 2.1.9\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.1.1\n"), bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>")),
    case("dsn-delayed-and-failed", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; tom@customer.example\nAction: delayed\nStatus: 4.2.2\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.1.1\n"), bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>")),
    case("dsn-original-recipient-only", report("Reporting-MTA: dns; mx.example\n\nOriginal-Recipient: rfc822;mia@customer.example\nAction: failed\nStatus: 5.1.1\n"), bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>")),
    case("dsn-status-with-a-comment", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: RFC822; <mia@customer.example>\nAction: FAILED\nStatus: 5.7.1 (delivery not authorised)\n"), bounce=("mia@customer.example", "5.7.1", True, "<msg.1@support.example>")),
    case("dsn-status-only-in-the-diagnosis", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nDiagnostic-Code: smtp; 550-5.1.1 The email account does not exist\n"), bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>")),
    case("dsn-without-any-status", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\n"), bounce=("mia@customer.example", "5.0.0", True, "<msg.1@support.example>")),
    case("dsn-status-part-empty", report("\n"), automatic="receipt"),
    case("dsn-folded-diagnosis", report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2\n    The mailbox is\n    full\n"), reason="The mailbox is full"),
    case("dsn-gmail", eml("From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nReturn-Path: <>\nAuto-Submitted: auto-replied\nMessage-ID: <g1@mx.example>\nReferences: <msg.1@support.example>\nIn-Reply-To: <msg.1@support.example>\nX-Failed-Recipients: mia@customer.example\nSubject: Delivery Status Notification (Failure)\nContent-Type: multipart/report; boundary=\"b1\"; report-type=delivery-status\n\n--b1\nContent-Type: text/plain\n\nAddress not found\n--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; googlemail.com\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\n--b1\nContent-Type: message/rfc822\n\nMessage-ID: <msg.1@support.example>\n\nx\n--b1--\n"), automatic="bounce", bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>")),
    case("dsn-exchange-de", eml("From: postmaster@customer.example\nMessage-ID: <e1@customer.example>\nSubject: Unzustellbar: Re: Heating\nContent-Type: multipart/report; boundary=\"b1\"; report-type=delivery-status\n\n--b1\nContent-Type: text/html\n\n<p>Ihre Nachricht konnte nicht zugestellt werden.</p>\n--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns;mail.customer.example\n\nFinal-Recipient: rfc822;mia@customer.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound\n--b1\nContent-Type: message/rfc822\n\nMessage-ID: <msg.1@support.example>\n\nx\n--b1--\n"), automatic="bounce", bounce=("mia@customer.example", "5.1.10", True, "<msg.1@support.example>"), reason="RecipientNotFound"),
    case("qmail", told("From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nMessage-ID: <q1@mx.example>\nSubject: failure notice", "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<mia@customer.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 User unknown\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <help@support.example>\nMessage-ID: <msg.1@support.example>\n\nour words\n"), automatic="bounce", bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>"), reason="User unknown"),
    case("qmail-that-waited-too-long", told("From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nMessage-ID: <q2@mx.example>\nSubject: failure notice", "Hi. This is the qmail-send program at mx.example.\nThis is a permanent error; I've given up.\n\n<mia@customer.example>:\nI'm not going to try again; this message has been in the queue too long.\n\n<tom@customer.example>:\nSorry, no mailbox here by that name.\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <msg.1@support.example>\n\nYour order 431 is on its way.\n"), automatic="bounce", bounce=("mia@customer.example", "5.0.0", True, "<msg.1@support.example>"), failed=("mia@customer.example", "tom@customer.example")),
    case("exim", told("From: Mail Delivery System <Mailer-Daemon@mx.example>\nReturn-path: <>\nAuto-Submitted: auto-replied\nX-Failed-Recipients: mia@customer.example\nMessage-ID: <x1@mx.example>\nSubject: Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered.\n\n  mia@customer.example\n    host mx.customer.example [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<mia@customer.example>:\n    550 Unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\nMessage-ID: <msg.1@support.example>\nSubject: Re: Heating\n"), automatic="bounce", bounce=("mia@customer.example", "5.0.0", True, "<msg.1@support.example>")),
    case("exim-warning", told("From: Mail Delivery System <Mailer-Daemon@mx.example>\nReturn-path: <>\nMessage-ID: <x2@mx.example>\nSubject: Warning: message 1a-b delayed 24 hours", "This message was created automatically by mail delivery software.\nThe message has not yet been delivered to mia@customer.example.\nDelivery attempts will continue; it will be retried.\n"), automatic="bounce", bounce=("mia@customer.example", "4.0.0", False, "")),
    case("exchange-old-style", told("From: System Administrator <postmaster@customer.example>\nMessage-ID: <o1@customer.example>\nSubject: Undeliverable: Re: Heating", "Your message did not reach some or all of the intended recipients.\n\n      Subject:  Re: Heating\n\nThe following recipient(s) cannot be reached:\n\n      mia@customer.example on 23.11.2026 14:02\n            The e-mail account does not exist at the organization.\n            <customer.example #5.1.1>\n"), automatic="bounce", bounce=("mia@customer.example", "5.1.1", True, "")),
    case("exchange-generating-server", told("From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@customer.example>\nMessage-ID: <o2@customer.example>\nSubject: Undeliverable: Re: Heating", "Delivery has failed to these recipients or groups:\n\nmia@customer.example\n\nDiagnostic information for administrators:\n\nGenerating server: mail.customer.example\n\nmia@customer.example\nRemote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'\n\nOriginal message headers:\n\nMessage-ID: <msg.1@support.example>\n"), automatic="bounce", bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>")),
    case("returned-with-the-mail-attached", (b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\n" + parts()[0].encode() + b"\r\n\r\n" + parts(part("text/plain", "550 mailbox unavailable for mia@customer.example"), RETURNED)[1]), automatic="bounce", bounce=("mia@customer.example", "5.0.0", True, "<msg.1@support.example>")),
    case("mailbox-full", told("From: postmaster@customer.example\nReturn-Path: <>\nMessage-ID: <f1@customer.example>\nSubject: Mail Delivery Failure", "The mailbox of <mia@customer.example> is full: 452 4.2.2 over quota\n"), automatic="bounce", bounce=("mia@customer.example", "4.2.2", False, "")),
    case("postmaster-who-is-a-person", told("From: Postmaster Jones <postmaster@customer.example>\nMessage-ID: <p1@customer.example>\nSubject: My heating", "It is cold since 5.30 and nobody comes.\n"), automatic="", notes=None),
    case("a-person-quoting-a-bounce", told("From: mia@customer.example\nMessage-ID: <p2@customer.example>\nSubject: Undeliverable", "I got this when I wrote to you: 550 5.1.1 User unknown\n"), automatic=""),
    case("dsn-inside-mixed", whole(RETURN_PATH, parts(part("text/plain", "failed"), part("message/delivery-status", "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.1.1\n"), RETURNED)), automatic="bounce", bounce=("mia@customer.example", "5.1.1", True, "<msg.1@support.example>")),
    case("away-with-a-version-number", told("From: mia@customer.example\nReturn-Path: <>\nMessage-ID: <v1@customer.example>\nSubject: away", "I am away. My thermostat has firmware 5.1.1.\n"), automatic="auto-reply"),
    case("bounce-forwarded-by-a-person", told("From: mia@customer.example\nMessage-ID: <p3@customer.example>\nSubject: Fwd: Undelivered Mail Returned to Sender", "What is this?\n\n<help@support.example>: 550 5.1.1 User unknown\n"), automatic=""),
]  # fmt: skip
