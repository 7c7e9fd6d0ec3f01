"""How mail programs introduce what they quote, by language: the tables of reply trimming.

One rule: words only, in lower case; how a line is matched stands in `trimming`. A language is one row. English,
German, Spanish, French, Italian, Portuguese, Dutch, Polish, Swedish, Japanese and Chinese, as Gmail, Outlook, Apple
Mail, Thunderbird and telephones write them.
"""

from dataclasses import dataclass

__all__ = ["FORWARDED", "LANGUAGES", "MOBILE", "ORIGINAL", "QUOTE_STARTS", "QUOTE_VERBS", "Heads", "Language"]


@dataclass(frozen=True, slots=True)
class Heads:
    """The names of the fields that Outlook writes above what it quotes."""

    sender: tuple[str, ...]
    sent: tuple[str, ...]
    to: tuple[str, ...]
    subject: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """One language. `starts` begin and `verbs` stand in "On … Mia wrote:"; the line ends with a colon."""

    starts: tuple[str, ...]
    verbs: tuple[str, ...]
    heads: Heads
    original: tuple[str, ...]
    forwarded: tuple[str, ...]
    mobile: tuple[str, ...]


LANGUAGES = {
    "en": Language(
        starts=("on ", "at "),
        verbs=("wrote", "writes"),
        heads=Heads(("from",), ("sent", "date"), ("to", "cc"), ("subject",)),
        original=("original message", "original mail", "original email", "reply message"),
        forwarded=("forwarded message", "begin forwarded message", "forwarded by"),
        mobile=("sent from my ", "get outlook for ", "sent from outlook", "sent from mail for ", "sent from yahoo mail",
                "sent with proton mail", "sent with [proton mail", "sent from proton mail"),
    ),
    "de": Language(
        starts=("am ",),
        verbs=("schrieb",),
        heads=Heads(("von",), ("gesendet", "datum"), ("an", "cc"), ("betreff",)),
        original=("ursprüngliche nachricht", "originalnachricht", "original-nachricht", "original nachricht"),
        forwarded=("weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "weitergeleitete e-mail"),
        mobile=("von meinem ", "von meinem/meiner ", "outlook für ", "gesendet von ", "holen sie sich outlook für ",
                "gesendet mit ", "diese nachricht wurde von meinem "),
    ),
    "es": Language(
        starts=("el ", "en "),
        verbs=("escribió", "escribio"),
        heads=Heads(("de",), ("enviado", "enviado el", "fecha"), ("para", "cc"), ("asunto",)),
        original=("mensaje original",),
        forwarded=("mensaje reenviado", "inicio del mensaje reenviado", "forwarded message"),
        mobile=("enviado desde mi ", "obtener outlook para ", "enviado desde ", "enviado con "),
    ),
    "fr": Language(
        starts=("le ",),
        verbs=("a écrit", "a ecrit"),
        heads=Heads(("de",), ("envoyé", "envoyé le", "date"), ("à", "cc", "a"), ("objet",)),
        original=("message d'origine", "message d’origine", "message original"),
        forwarded=("message transféré", "début du message transféré", "début du message réexpédié"),
        mobile=("envoyé de mon ", "envoyé depuis mon ", "télécharger outlook pour ", "envoyé à partir de ",
                "obtenir outlook pour ", "envoyé depuis ", "envoyé avec "),
    ),
    "it": Language(
        starts=("il giorno ", "il ", "in data "),
        verbs=("ha scritto",),
        heads=Heads(("da",), ("inviato", "data"), ("a", "cc"), ("oggetto",)),
        original=("messaggio originale",),
        forwarded=("messaggio inoltrato", "inizio messaggio inoltrato", "forwarded message"),
        mobile=("inviato da ", "scarica outlook per ", "ottieni outlook per ", "inviato dal mio "),
    ),
    "pt": Language(
        starts=("em ", "no dia ", "às ", "a ", "aos "),
        verbs=("escreveu",),
        heads=Heads(("de",), ("enviado", "enviada em", "enviado em", "data"), ("para", "cc"), ("assunto",)),
        original=("mensagem original",),
        forwarded=("mensagem encaminhada", "mensagem reencaminhada", "forwarded message",
                   "início da mensagem encaminhada", "início da mensagem reencaminhada"),
        mobile=("enviado do meu ", "enviado a partir do meu ", "obter o outlook para ", "obtenha o outlook para ",
                "enviado de ", "enviado via "),
    ),
    "nl": Language(
        starts=("op ",),
        verbs=("schreef", "het volgende geschreven"),
        heads=Heads(("van",), ("verzonden", "datum"), ("aan", "cc"), ("onderwerp",)),
        original=("oorspronkelijk bericht", "origineel bericht", "oorspronkelijke bericht"),
        forwarded=("doorgestuurd bericht", "begin doorgestuurd bericht", "forwarded message"),
        mobile=("verstuurd vanaf mijn ", "verzonden vanaf mijn ", "outlook voor ", "download outlook voor ",
                "verzonden met ", "verzonden vanuit "),
    ),
    "pl": Language(
        starts=("w dniu ", "dnia ", "wiadomość napisana przez ", "pon., ", "wt., ", "śr., ", "czw., ", "pt., ",
                "sob., ", "niedz., "),
        verbs=("napisał(a)", "napisał", "napisała", "pisze", "wiadomość napisana przez"),
        heads=Heads(("od",), ("wysłano", "wysłane", "data"), ("do", "dw"), ("temat",)),
        original=("oryginalna wiadomość", "wiadomość oryginalna"),
        forwarded=("treść przekazanej wiadomości", "wiadomość przekazana dalej", "forwarded message",
                   "początek przekazywanej wiadomości"),
        mobile=("wysłane z ", "wysłano z ", "pobierz aplikację outlook dla ", "pobierz outlooka dla "),
    ),
    "sv": Language(
        starts=("den ", "på "),
        verbs=("skrev",),
        heads=Heads(("från",), ("skickat", "datum"), ("till", "kopia"), ("ämne",)),
        original=("ursprungligt meddelande", "originalmeddelande"),
        forwarded=("vidarebefordrat meddelande", "vidarebefordrat brev", "forwarded message"),
        mobile=("skickat från ", "skaffa outlook för ", "hämta outlook för "),
    ),
    "ja": Language(
        starts=(),
        verbs=("のメール", "さんは書きました", "は書きました", "のメッセージ", "wrote"),
        heads=Heads(("差出人",), ("送信日時", "送信日", "日時"), ("宛先",), ("件名",)),
        original=("元のメッセージ", "元のメール", "オリジナルメッセージ"),
        forwarded=("転送されたメッセージ", "転送メッセージ", "forwarded message"),
        mobile=("iphoneから送信", "ipadから送信", "outlook for ios を入手", "outlook for android を入手",
                "android から送信", "私のiphoneから送信"),
    ),
    "zh": Language(
        starts=("在 ", "在", "于", "於"),
        verbs=("写道", "寫道", "写到"),
        heads=Heads(("发件人", "寄件者", "寄件人"), ("发送时间", "发送日期", "寄件日期", "日期", "傳送時間"),
                    ("收件人", "收件者", "抄送", "副本"), ("主题", "主題", "主旨")),
        original=("邮件原件", "原始邮件", "原始郵件", "原始信件"),
        forwarded=("转发邮件", "转发的邮件", "轉寄郵件", "转发邮件信息", "開始轉寄郵件", "forwarded message"),
        mobile=("发自我的", "從我的", "从我的", "获取 outlook for", "获取outlook for", "取得 outlook for", "傳送自"),
    ),
}  # fmt: skip

QUOTE_STARTS = tuple(dict.fromkeys(start for language in LANGUAGES.values() for start in language.starts))
QUOTE_VERBS = tuple(dict.fromkeys(verb for language in LANGUAGES.values() for verb in language.verbs))
ORIGINAL = frozenset(words for language in LANGUAGES.values() for words in language.original)
FORWARDED = frozenset(words for language in LANGUAGES.values() for words in language.forwarded)
MOBILE = tuple(dict.fromkeys(words for language in LANGUAGES.values() for words in language.mobile))
