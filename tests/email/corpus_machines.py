"""Mails that machines wrote, and people's mails that look like it."""

from tests.email.builders import case, eml, from_mia, part, parts, whole

ANSWERS = "In-Reply-To: <msg.x@support.example>"


def subject(words: str, more: str = "", sender: str = "mia@customer.example") -> bytes:
    return eml(
        f"From: {sender}\nMessage-ID: <1@customer.example>\nSubject: {words}\n{more}{chr(10) if more else ''}\nI am away until Monday.\n"
    )


def rewritten(group: str, more: str, domain: str = "support.example") -> bytes:
    """Mail of hers by a group that writes its own address into From."""
    return eml(
        f"From: 'Mia' via Help <{group}@{domain}>\nTo: {group}@{domain}\nMessage-ID: <1@rej.example>\nSubject: Cold\n"
        f"{more}\nPrecedence: list\nMailing-list: list {group}@{domain}; contact {group}+owners@{domain}\n"
        f"List-ID: <{group}.{domain}>\nList-Unsubscribe: <mailto:x@groups.example>\n\nIt is cold.\n"
    )


def invitation(method: str, *, kind: str = "alternative") -> bytes:
    ics = f"BEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\nSUMMARY:Visit\nEND:VEVENT\nEND:VCALENDAR\n"
    return whole(
        "",
        parts(
            part("text/plain", "Mia has accepted."),
            part(f"text/calendar; method={method}; charset=utf-8", ics),
            kind=kind,
        ),
    )


CASES = [
    case("vacation-rfc-3834", from_mia("Auto-Submitted: auto-replied (vacation)", "I am away."), automatic="auto-reply", notes=["Auto-Submitted: auto-replied"]),
    case("generated-by-a-program", from_mia("Auto-Submitted: auto-generated"), automatic="auto-reply"),
    case("auto-notified", from_mia("Auto-Submitted: auto-notified; owner-email=x"), automatic="auto-reply"),
    case("auto-submitted-no", from_mia("Auto-Submitted: no"), automatic="", notes=None),
    case("out-of-office-exchange", from_mia("X-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: mia@customer.example"), automatic="auto-reply"),
    case("suppress-oof-and-autoreply", from_mia("X-Auto-Response-Suppress: DR, OOF, AutoReply"), automatic="", notes=None, quiet="X-Auto-Response-Suppress: autoreply, dr, oof"),
    case("suppress-delivery-receipts-only", from_mia("X-Auto-Response-Suppress: DR, RN, NRN"), automatic="", quiet=""),
    case("x-autoreply", from_mia("X-Autoreply: yes"), automatic="auto-reply"),
    case("x-autorespond", from_mia("X-Autorespond: mia@customer.example"), automatic="auto-reply"),
    case("x-autoreply-no", from_mia("X-Autoreply: no"), automatic=""),
    case("precedence-bulk", from_mia("Precedence: bulk"), automatic="bulk"),
    case("precedence-junk", from_mia("Precedence: Junk"), automatic="bulk"),
    case("precedence-auto-reply", from_mia("Precedence: auto_reply"), automatic="auto-reply"),
    case("precedence-first-class", from_mia("Precedence: first-class"), automatic=""),
    case("mailing-list", from_mia("List-Id: <talk.lists.example>\nList-Post: <mailto:talk@lists.example>\nPrecedence: list"), automatic="list"),
    case("newsletter", from_mia("List-Unsubscribe: <https://news.example/out>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"), automatic="bulk", notes=["unsubscribed"]),
    case("newsletter-by-a-provider-for-many", from_mia("List-Unsubscribe: <https://news.example/out>\nFeedback-ID: 1:2:3:news"), automatic="bulk"),
    case("by-a-provider-for-many", from_mia("Feedback-ID: ::1.us-east-1.abc=:AmazonSES"), automatic="", notes=None, quiet="its sender's provider sends for many (Feedback-ID)"),
    case("can-be-unsubscribed-from-alone", from_mia("List-Unsubscribe: <mailto:out@firm.example>"), automatic="", quiet="it can be unsubscribed from (List-Unsubscribe)"),
    case("list-id-alone", from_mia("List-Id: <team.firm.example>"), automatic="", quiet="it came through a mailing list (List-Id)"),
    case("precedence-list-alone", from_mia("Precedence: list"), automatic="", quiet="Precedence: list"),
    case("a-group-of-ours", from_mia("List-ID: Help <help.support.example>\nPrecedence: list\nList-Unsubscribe: <mailto:x@support.example>"), automatic="", notes=None, quiet="it came through a mailing list (List-Id)"),
    case("a-group-of-ours-that-writes-itself-as-sender", rewritten("help", "Reply-To: Mia <mia@rej.example>"), automatic="", notes=None, quiet="it came through a mailing list (List-Id)"),
    case("a-group-of-ours-that-says-the-sender-otherwise", rewritten("help", "Reply-To: help@support.example\nX-Original-From: Mia <mia@rej.example>"), automatic="", notes=None),
    case("another-group-of-our-domain", rewritten("team", "Reply-To: Mia <mia@rej.example>"), automatic="", notes=None),
    case("another-group-of-our-domain-by-its-writer", from_mia("List-ID: <team.support.example>\nPrecedence: list\nMailing-list: list team@support.example"), automatic="", notes=None),
    case("our-own-mail-by-a-group-of-ours", rewritten("help", "Reply-To: help+x@support.example"), automatic="own"),
    case("a-newsletter-of-our-domain", rewritten("news", "Reply-To: news@support.example"), automatic="list"),
    case("a-group-of-another-domain", rewritten("help", "Reply-To: Mia <mia@rej.example>", domain="xsupport.example"), automatic="list"),
    case("a-form-that-writes-as-we-do", eml("From: Website <help@support.example>\nReply-To: mia@rej.example\nMessage-ID: <1@support.example>\n\nIt is cold\n"), automatic=""),
    case("a-form-that-writes-as-we-do-for-a-colleague", eml("From: Website <help@support.example>\nReply-To: mia@support.example\nMessage-ID: <1@support.example>\n\nIt is cold\n"), automatic=""),
    case("own-address-with-our-reply-address", eml("From: Help <help@support.example>\nReply-To: help+x@support.example\nMessage-ID: <1@support.example>\n\nwe wrote this\n"), automatic="own"),
    case("own-address-and-loop-with-another-to-answer", eml("From: Help <help@support.example>\nReply-To: mia@rej.example\nX-Loop: help@support.example\nMessage-ID: <1@x.example>\n\nwe wrote this\n"), automatic="own"),
    case("own-message-id-with-another-to-answer", eml("From: Help <help@support.example>\nReply-To: mia@rej.example\nMessage-ID: <msg.x@support.example>\n\nwe wrote this\n"), automatic="own"),
    case("own-answer-with-another-to-answer", eml(f"From: Help <help@support.example>\nReply-To: mia@rej.example\n{ANSWERS}\nMessage-ID: <1@x.example>\n\nwe wrote this\n"), automatic="own"),
    case("a-form-that-says-it-is-generated", from_mia("Reply-To: tom@rej.example\nAuto-Submitted: auto-generated"), automatic="", quiet="Auto-Submitted: auto-generated"),
    case("a-form-that-says-it-is-bulk", from_mia("Reply-To: tom@rej.example\nPrecedence: bulk"), automatic="", quiet="Precedence: bulk"),
    case("generated-to-be-answered-at-its-own-site", from_mia("Reply-To: tom@customer.example\nAuto-Submitted: auto-generated"), automatic="auto-reply"),
    case("generated-as-an-answer", from_mia(f"Reply-To: tom@rej.example\nAuto-Submitted: auto-generated\n{ANSWERS}"), automatic="auto-reply"),
    case("replied-to-be-answered-elsewhere", from_mia("Reply-To: tom@rej.example\nAuto-Submitted: auto-replied"), automatic="auto-reply"),
    case("generated-from-nobody", from_mia("Reply-To: tom@rej.example\nAuto-Submitted: auto-generated\nReturn-Path: <>"), automatic="auto-reply"),
    case("a-newsletter-to-be-answered-elsewhere", from_mia("Reply-To: tom@rej.example\nPrecedence: bulk\nList-Unsubscribe: <mailto:x@y.example>"), automatic="bulk"),
    case("passed-on-by-a-rule", from_mia("X-MS-Exchange-Inbox-Rules-Loop: mia@customer.example"), automatic=""),
    case("empty-return-path", from_mia("Return-Path: <>"), automatic="auto-reply", notes=["return path is empty"]),
    case("return-path-of-a-person", from_mia("Return-Path: <mia@customer.example>"), automatic=""),
    case("own-address", eml("From: Help <help@support.example>\nMessage-ID: <1@support.example>\n\nwe wrote this\n"), automatic="own"),
    case("own-loop-header", from_mia("X-Loop: help@support.example"), automatic="own", notes=["X-Loop"]),
    case("loop-header-of-others", from_mia("X-Loop: desk@other.example"), automatic=""),
    case("subject-of-a-machine-alone", subject("Out of office"), automatic=""),
    case("subject-out-of-office-in-an-answer", subject("Out of office: Re: Heating", ANSWERS), automatic="auto-reply"),
    case("subject-away-de", subject("Abwesenheitsnotiz: Heizung", ANSWERS), automatic="auto-reply"),
    case("subject-away-de-2", subject("Automatische Antwort: Heizung", ANSWERS), automatic="auto-reply"),
    case("subject-away-es", subject("=?utf-8?q?Respuesta_autom=C3=A1tica=3A_Calefacci=C3=B3n?=", ANSWERS), automatic="auto-reply"),
    case("subject-away-fr", subject("Réponse automatique : chauffage", ANSWERS), automatic="auto-reply"),
    case("subject-away-it", subject("Risposta automatica: caldaia", ANSWERS), automatic="auto-reply"),
    case("subject-away-pt", subject("Resposta automática: aquecimento", ANSWERS), automatic="auto-reply"),
    case("subject-away-nl", subject("Automatisch antwoord: verwarming", ANSWERS), automatic="auto-reply"),
    case("subject-away-pl", subject("Automatyczna odpowiedź: ogrzewanie", ANSWERS), automatic="auto-reply"),
    case("subject-away-sv", subject("Autosvar: värme", ANSWERS), automatic="auto-reply"),
    case("subject-away-ja", subject("自動応答: 暖房", ANSWERS), automatic="auto-reply"),
    case("subject-away-zh", subject("自动回复: 暖气", ANSWERS), automatic="auto-reply"),
    case("subject-acknowledged-from-noreply", subject("We have received your request", sender="noreply@shop.example"), automatic="auto-reply"),
    case("subject-acknowledged-de-in-an-answer", subject("Ihre Anfrage ist eingegangen", ANSWERS), automatic="auto-reply"),
    case("subject-that-answers-a-machines-subject", subject("Re: Out of office", ANSWERS), automatic=""),
    case("subject-that-goes-on-in-a-persons-words", subject("Out of office - boiler", ANSWERS), automatic="", quiet="its subject may be a machine's"),
    case("subject-away-alone-in-an-answer", subject("Absent", ANSWERS), automatic="auto-reply", quiet="its subject is a machine's, and it answers a mail"),
    case("subject-of-a-person-about-being-away", subject("I am out of office and my heating is cold", ANSWERS), automatic=""),
    case("noreply-with-a-plain-subject", subject("Your order", sender="noreply@shop.example"), automatic=""),
    case("calendar-accepted", invitation("REPLY"), automatic="calendar", parts=[("file.ics", "text/calendar")]),
    case("calendar-declined-in-mixed", invitation("REPLY", kind="mixed"), automatic="calendar"),
    case("calendar-invitation", invitation("REQUEST"), automatic="", notes=["an invitation"], new_words="Mia has accepted."),
    case("calendar-alone", from_mia("Content-Type: text/calendar; method=REPLY", "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n"), automatic="calendar"),
    case("read-receipt", whole("Return-Path: <>", parts(
        part("text/plain", "Your message was read."),
        part("message/disposition-notification", "Final-Recipient: rfc822;mia@customer.example\nOriginal-Message-ID: <msg.1@support.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n"),
        kind="report", more="; report-type=disposition-notification")), automatic="receipt", references=("<msg.1@support.example>",)),
    case("read-receipt-deleted-unread", whole("", parts(
        part("text/plain", "Deleted."),
        part("message/disposition-notification", "Original-Message-ID: <msg.1@support.example>\nDisposition: automatic-action/MDN-sent-automatically; deleted\n"),
        kind="report", more="; report-type=disposition-notification")), automatic="receipt"),
    case("spam-complaint", whole("", parts(
        part("text/plain", "This is an email abuse report."),
        part("message/feedback-report", "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n"),
        part("message/rfc822", "From: help@support.example\nMessage-ID: <msg.2@support.example>\nSubject: Re: Heating\n\nour words\n"),
        kind="report", more="; report-type=feedback-report")), automatic="complaint", references=("<msg.2@support.example>",), parts=[("file.bin", "message/feedback-report"), ("Re_ Heating.eml", "message/rfc822")]),
    case("delivered-report-is-a-receipt", whole("Return-Path: <>", parts(
        part("text/plain", "Delivered."),
        part("message/delivery-status", "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: delivered\nStatus: 2.0.0\n"),
        part("text/rfc822-headers", "Message-ID: <msg.3@support.example>\n"),
        kind="report", more="; report-type=delivery-status")), automatic="receipt", references=("<msg.3@support.example>",)),
]  # fmt: skip
