"""What stands before a subject: "Re:", "AW:", "SV:", "Fwd:" and the like, in any of the languages that programs write;
and which subjects name a matter at all.

One rule: a prefix is taken off only with its colon; words that people wrote stay.
"""

import re

__all__ = ["bare_subject", "is_forward", "is_prefixed", "matter_of", "reply_subject"]

PREFIXES_MAX = 20
REPLY_WORDS = ("re", "aw", "antw", "antwort", "sv", "vs", "res", "rif", "r", "odp", "bls", "ynt", "atb", "ha",
               "ответ", "отв", "回复", "回覆", "答复", "答覆", "返信")  # fmt: skip
FORWARD_WORDS = ("fw", "fwd", "wg", "tr", "rv", "enc", "i", "inoltra", "pd", "vb", "vl", "vs", "doorst", "ilt",
                 "vidarebefordrat", "weitergeleitet", "转发", "轉寄", "転送", "пересл")  # fmt: skip
_PREFIX = re.compile(r"\s{0,9}(\w{1,15})\s?(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s?[:：]\s{0,9}")
BOTH = frozenset(REPLY_WORDS) & frozenset(FORWARD_WORDS)
_KNOWN = frozenset(REPLY_WORDS) | frozenset(FORWARD_WORDS)
_FORWARDS = frozenset(FORWARD_WORDS) - BOTH
_WORDS = re.compile(r"\w+")
_PLAIN_WORDS = frozenset(
    _WORDS.findall(
        # greetings and how people begin
        "hello hi hey dear there all team sir madam good morning afternoon evening day greetings thanks thank you "
        "hallo guten tag morgen abend moin liebe lieber sehr geehrte damen und herren grüße danke servus grüezi "
        "bonjour bonsoir salut madame monsieur merci hola buenos buenas días dias tardes noches gracias "
        "ciao buongiorno buonasera salve grazie olá ola bom boa dia tarde noite obrigado obrigada "
        "goedendag goedemorgen hoi dag bedankt dzień dzien dobry cześć witam dziękuję hej god dag tack hei "
        "こんにちは 你好 您好 "
        # that something is asked, and no word of what
        "a an another the my our your me i one new quick short small some just please help urgent important asap fyi "
        "question questions query request requests inquiry enquiry info information message mail email e contact "
        "support problem problems issue issues test "
        "eine ein einen neue kurze meine mein ihre bitte hilfe dringend wichtig frage fragen anfrage anliegen "
        "nachricht kontakt problem probleme rückfrage "
        "une un ma mon votre demande aide urgence question renseignement renseignements message problème "
        "una uno mi su consulta pregunta preguntas ayuda urgente mensaje información informacion problema contacto "
        "domanda domande richiesta aiuto informazioni informazione messaggio contatto "
        "uma pergunta perguntas dúvida duvida pedido ajuda mensagem informação informações contato "
        "vraag vragen hulp bericht informatie probleem pytanie pytania prośba pomoc wiadomość "
        "fråga frågor hjälp meddelande problem spørgsmål spørsmål お問い合わせ 質問 问题 咨询 "
        # that there is none
        "no subject none untitled kein keine ohne betreff sans objet sin asunto senza oggetto sem assunto "
        "geen onderwerp bez tematu inget ämne 件名なし 無題 无主题"
    )
)
"""Words of which a subject names nothing, however many of them it has."""


def bare_subject(subject: str) -> str:
    """The subject without its prefixes: what two mails of one thread have in common."""
    for _ in range(PREFIXES_MAX):
        found = _PREFIX.match(subject)
        if found is None or found[1].lower() not in _KNOWN:
            break
        subject = subject[found.end() :]
    return subject.strip()


def reply_subject(subject: str) -> str:
    """The subject of an answer: `Re:` once, whatever stood before."""
    return f"Re: {bare_subject(subject)}".strip()


def is_forward(subject: str) -> bool:
    """True when the first prefix says that something is forwarded, and cannot mean an answer."""
    found = _PREFIX.match(subject)
    return found is not None and found[1].lower() in _FORWARDS


def is_prefixed(subject: str) -> bool:
    """True when the subject says that it is that of an earlier mail, which is answered or passed on."""
    return bare_subject(subject) != subject.strip()


def matter_of(subject: str) -> str:
    """What the subject names, equal for all mails of one thread; empty where it names nothing.

    >>> matter_of("AW: Re[2]: My  Heating"), matter_of("Re: Hello, a question!"), matter_of("Re:")
    ('my heating', '', '')
    """
    words = " ".join(bare_subject(subject).casefold().split())
    telling = [word for word in _WORDS.findall(words) if len(word) > 1 or not word.isascii()]
    return words if not _PLAIN_WORDS.issuperset(telling) else ""
