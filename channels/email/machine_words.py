"""How machines begin their subjects, by language, and what their addresses begin with. Lower case.

One rule: words only; what they mean together stands in `machines` and `bounces`.
"""

__all__ = ["ACKNOWLEDGED", "AUTOMATIC", "AWAY", "BOUNCED", "BOUNCE_SENDERS", "MACHINE_SENDERS"]

AUTOMATIC = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto:", "out of office autoreply",
    "out of office reply", "abwesenheitsnotiz", "automatische antwort", "respuesta automática", "respuesta automatica",
    "réponse automatique", "risposta automatica", "resposta automática", "resposta automatica",
    "automatisch antwoord", "automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź",
    "autosvar", "automatiskt svar", "automatisk svar",
    "自動応答", "自動返信", "不在通知", "自动回复", "自動回覆", "自动答复",
)  # fmt: skip
"""It says of itself that it came by itself."""

AWAY = (
    "out of office", "away from my mail", "away from the office", "away from", "on vacation",
    "abwesenheit", "abwesend", "nicht im büro", "fuera de la oficina", "ausente",
    "absente du bureau", "absent du bureau", "je suis absente", "je suis absent", "absence", "absent",
    "fuori sede", "assenza", "fora do escritório", "ausência", "afwezigheid", "afwezig", "nieobecność",
    "frånvarande", "frånvaro", "不在", "外出",
)  # fmt: skip
"""Out of office; the longer ones first."""

ACKNOWLEDGED = (
    "we have received your", "we received your", "ticket received", "request received", "thank you for contacting",
    "thanks for contacting", "your request has been received", "your ticket has been",
    "eingangsbestätigung", "ihre anfrage ist eingegangen", "wir haben ihre", "vielen dank für ihre anfrage",
    "hemos recibido su", "hemos recibido tu", "solicitud recibida", "acuse de recibo",
    "accusé de réception", "nous avons bien reçu", "votre demande a été",
    "abbiamo ricevuto la", "conferma di ricezione", "richiesta ricevuta",
    "recebemos a sua", "recebemos sua", "confirmação de recebimento",
    "ontvangstbevestiging", "wij hebben uw", "we hebben uw",
    "potwierdzenie otrzymania", "otrzymaliśmy",
    "vi har tagit emot", "bekräftelse på mottag",
    "お問い合わせありがとう", "受付完了", "【自動送信】", "【自動返信】",
    "我们已收到", "已收到您的",
)  # fmt: skip
"""Another desk's machine says that it has it."""

MACHINE_SENDERS = (
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "mailer-daemon", "postmaster",
    "autoreply", "auto-reply", "autoresponder", "bounce", "notification", "nicht-antworten", "keineantwort",
    "noresponder", "no-responder", "nepasrepondre", "ne-pas-repondre",
)  # fmt: skip

BOUNCE_SENDERS = ("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon", "microsoftexchange")

BOUNCED = (
    "undeliver", "undelivered mail", "mail delivery fail", "delivery status notification", "delivery fail",
    "failure notice", "returned mail", "delivery notification", "mail delivery system", "message not delivered",
    "mail system error", "nondeliverable", "non-delivery", "couldn't be delivered", "warning: could not send",
    "warning: message", "message status", "undeliverable",
    "unzustellbar", "nicht zustellbar", "zustellung fehlgeschlagen", "mail konnte nicht",
    "no se puede entregar", "mensaje no entregado", "error de entrega", "no entregable",
    "non remis", "échec de la remise", "echec de remise", "message non distribué", "non distribuable",
    "impossibile recapitare", "mancato recapito", "non recapitabile",
    "não entregue", "não é possível entregar", "falha na entrega",
    "onbestelbaar", "niet bezorgd", "bezorging mislukt",
    "niedostarczona", "niedostarczalna", "nie można dostarczyć", "nie dostarczono",
    "olevererbart", "kunde inte levereras", "ej levererat", "kan inte leverera",
    "配信不能", "配信できません", "未配達", "送信できません",
    "无法投递", "未送达", "退信", "傳遞失敗", "未傳遞", "无法传递",
)  # fmt: skip
"""A mail did not arrive."""
