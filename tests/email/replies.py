"""Answers as mail programs write them, in each language: the new words, and above what is quoted what they put there."""

from dataclasses import dataclass

ADDRESS = "Support <help@support.example>"


@dataclass(frozen=True)
class Spoken:
    """One language as programs speak it. `heads` are Outlook's four field lines."""

    words: str
    gmail: str
    apple: str
    thunderbird: str
    heads: tuple[str, str, str, str]
    original: str
    iphone: str
    outlook_mobile: str


SPOKEN = {
    "en": Spoken("Thanks, it works again.\n\nMia", f"On Mon, Nov 23, 2026 at 2:02 PM {ADDRESS} wrote:", f"On Nov 23, 2026, at 2:02 PM, {ADDRESS} wrote:", "On 11/23/26 2:02 PM, Support wrote:",
                 (f"From: {ADDRESS}", "Sent: Monday, November 23, 2026 2:02 PM", "To: Mia", "Subject: RE: Heating"), "-----Original Message-----", "Sent from my iPhone", "Get Outlook for iOS<https://aka.ms/o0ukef>"),
    "de": Spoken("Danke, sie läuft wieder.\n\nMia", f"Am Mo., 23. Nov. 2026 um 14:02 Uhr schrieb {ADDRESS}:", f"Am 23.11.2026 um 14:02 schrieb {ADDRESS}:", "Am 23.11.26 um 14:02 schrieb Support:",
                 (f"Von: {ADDRESS}", "Gesendet: Montag, 23. November 2026 14:02", "An: Mia", "Betreff: AW: Heizung"), "-----Ursprüngliche Nachricht-----", "Von meinem iPhone gesendet", "Outlook für iOS beziehen<https://aka.ms/o0ukef>"),
    "es": Spoken("Gracias, ya funciona.\n\nMia", "El lun, 23 nov 2026 a las 14:02, Support (<help@support.example>) escribió:", f"El 23 nov 2026, a las 14:02, {ADDRESS} escribió:", "El 23/11/26 a las 14:02, Support escribió:",
                 (f"De: {ADDRESS}", "Enviado el: lunes, 23 de noviembre de 2026 14:02", "Para: Mia", "Asunto: RE: Calefacción"), "-----Mensaje original-----", "Enviado desde mi iPhone", "Obtener Outlook para iOS<https://aka.ms/o0ukef>"),
    "fr": Spoken("Merci, ça marche.\n\nMia", f"Le lun. 23 nov. 2026 à 14:02, {ADDRESS} a écrit :", f"Le 23 nov. 2026 à 14:02, {ADDRESS} a écrit :", "Le 23/11/2026 à 14:02, Support a écrit :",
                 (f"De : {ADDRESS}", "Envoyé : lundi 23 novembre 2026 14:02", "À : Mia", "Objet : RE: Chauffage"), "-----Message d'origine-----", "Envoyé de mon iPhone", "Télécharger Outlook pour iOS<https://aka.ms/o0ukef>"),
    "it": Spoken("Grazie, funziona di nuovo.\n\nMia", f"Il giorno lun 23 nov 2026 alle ore 14:02 {ADDRESS} ha scritto:", f"Il giorno 23 nov 2026, alle ore 14:02, {ADDRESS} ha scritto:", "Il 23/11/26 14:02, Support ha scritto:",
                 (f"Da: {ADDRESS}", "Inviato: lunedì 23 novembre 2026 14:02", "A: Mia", "Oggetto: R: Caldaia"), "-----Messaggio originale-----", "Inviato da iPhone", "Scarica Outlook per iOS<https://aka.ms/o0ukef>"),
    "pt": Spoken("Obrigada, já funciona.\n\nMia", f"Em seg., 23 de nov. de 2026 às 14:02, {ADDRESS} escreveu:", f"No dia 23/11/2026, às 14:02, {ADDRESS} escreveu:", "Em 23/11/2026 14:02, Support escreveu:",
                 (f"De: {ADDRESS}", "Enviado: segunda-feira, 23 de novembro de 2026 14:02", "Para: Mia", "Assunto: RE: Aquecimento"), "-----Mensagem original-----", "Enviado do meu iPhone", "Obter o Outlook para iOS<https://aka.ms/o0ukef>"),
    "nl": Spoken("Bedankt, hij doet het weer.\n\nMia", f"Op ma 23 nov 2026 om 14:02 schreef {ADDRESS}:", f"Op 23 nov 2026, om 14:02 heeft {ADDRESS} het volgende geschreven:", "Op 23-11-2026 om 14:02 schreef Support:",
                 (f"Van: {ADDRESS}", "Verzonden: maandag 23 november 2026 14:02", "Aan: Mia", "Onderwerp: RE: Verwarming"), "-----Oorspronkelijk bericht-----", "Verstuurd vanaf mijn iPhone", "Outlook voor iOS downloaden<https://aka.ms/o0ukef>"),
    "pl": Spoken("Dziękuję, już działa.\n\nMia", f"pon., 23 lis 2026 o 14:02 {ADDRESS} napisał(a):", f"Wiadomość napisana przez {ADDRESS} w dniu 23 lis 2026, o godz. 14:02:", "W dniu 23.11.2026 o 14:02, Support pisze:",
                 (f"Od: {ADDRESS}", "Wysłano: poniedziałek, 23 listopada 2026 14:02", "Do: Mia", "Temat: Odp: Ogrzewanie"), "-----Oryginalna wiadomość-----", "Wysłane z iPhone'a", "Pobierz aplikację Outlook dla systemu iOS<https://aka.ms/o0ukef>"),
    "sv": Spoken("Tack, det fungerar igen.\n\nMia", f"Den mån 23 nov. 2026 kl 14:02 skrev {ADDRESS}:", f"23 nov. 2026 kl. 14:02 skrev {ADDRESS}:", "Den 2026-11-23 kl. 14:02, skrev Support:",
                 (f"Från: {ADDRESS}", "Skickat: den 23 november 2026 14:02", "Till: Mia", "Ämne: SV: Värme"), "-----Ursprungligt meddelande-----", "Skickat från min iPhone", "Skaffa Outlook för iOS<https://aka.ms/o0ukef>"),
    "ja": Spoken("ありがとう、直りました。\n\nミア", f"2026年11月23日(月) 14:02 {ADDRESS}:", f"2026/11/23 14:02、{ADDRESS}のメール:", "2026/11/23 14:02、Support さんは書きました:",
                 (f"差出人: {ADDRESS}", "送信日時: 2026年11月23日月曜日 14:02", "宛先: Mia", "件名: RE: 暖房"), "-----元のメッセージ-----", "iPhoneから送信", "Outlook for iOS を入手<https://aka.ms/o0ukef>"),
    "zh": Spoken("谢谢，已经好了。\n\n米娅", f"{ADDRESS} 于2026年11月23日周一 14:02写道：", f"2026年11月23日 14:02，{ADDRESS} 写道：", "在 2026/11/23 14:02, Support 写道:",
                 (f"发件人: {ADDRESS}", "发送时间: 2026年11月23日 14:02", "收件人: Mia", "主题: 回复: 暖气"), "-----邮件原件-----", "发自我的 iPhone", "获取 Outlook for iOS<https://aka.ms/o0ukef>"),
}  # fmt: skip

OLD = "Hello Mia,\n\nhave you checked the fuse?\n\nYour support"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _gmail(s: Spoken) -> str:
    return f"{s.words}\n\n{s.gmail}\n\n{quoted(OLD)}\n"


def _gmail_wrapped(s: Spoken) -> str:
    """Gmail wraps what is longer than 78 characters, before the address."""
    head, _, tail = s.gmail.partition("<")
    return f"{s.words}\n\n{head.rstrip()}\n<{tail}\n\n{quoted(OLD)}\n"


def _outlook(s: Spoken) -> str:
    return f"{s.words}\n\n" + "\n".join(s.heads) + f"\n\n{OLD}\n"


def _outlook_old(s: Spoken) -> str:
    return f"{s.words}\n\n{s.original}\n" + "\n".join(s.heads) + f"\n\n{OLD}\n"


def _outlook_web(s: Spoken) -> str:
    return f"{s.words}\n\n{'_' * 32}\n" + "\n".join(s.heads) + f"\n\n{OLD}\n"


def _outlook_mobile(s: Spoken) -> str:
    return f"{s.words}\n\n{s.outlook_mobile}\n{'_' * 32}\n" + "\n".join(s.heads) + f"\n\n{OLD}\n"


def _apple(s: Spoken) -> str:
    return f"{s.words}\n\n> {s.apple}\n> \n{quoted(OLD)}\n"


def _iphone(s: Spoken) -> str:
    return f"{s.words}\n\n{s.iphone}\n\n> {s.apple}\n> \n> {chr(0x200B)}{quoted(OLD)[2:]}\n"


def _iphone_old(s: Spoken) -> str:
    return f"{s.words}\n\n{s.iphone}\n\n{s.apple}\n\n{quoted(OLD)}\n"


def _thunderbird(s: Spoken) -> str:
    return f"{s.words}\n\n-- \nMia Miller\nCologne\n\n{s.thunderbird}\n{quoted(OLD)}\n"


def _without_marks(s: Spoken) -> str:
    """Programs that make text of their page leave no marks at what they quote."""
    return f"{s.words}\n\n{s.gmail}\n\n{OLD}\n"


CLIENTS = {
    "gmail": _gmail,
    "gmail-wrapped": _gmail_wrapped,
    "outlook": _outlook,
    "outlook-old": _outlook_old,
    "outlook-web": _outlook_web,
    "outlook-mobile": _outlook_mobile,
    "apple-mail": _apple,
    "iphone": _iphone,
    "iphone-old": _iphone_old,
    "thunderbird": _thunderbird,
    "without-marks": _without_marks,
}
