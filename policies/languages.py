"""Which language a text is in, by its script and its small words. A guess, and an honest one: what is in none of the
languages that we know is said to be in none, and never in the one that we speak ourselves.
"""

import re
from typing import Final

from policies.text import words_of

READ_MAX: Final = 200
"""Characters that are read: a language shows itself early."""
MANY_WORDS: Final = 8
"""From so many words on a language that we know shows itself."""
FEW: Final = 5
"""Of so many words at least one is a small one, in a text of a language that we know; in sentences it is each third."""
UNKNOWN: Final = ""
"""The language of words that are in none of those that we know."""

NAMES: Final = {
    "en": {"en": "English", "de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "tr": "Turkish",
           "pt": "Portuguese", "nl": "Dutch", "pl": "Polish", "sv": "Swedish", "da": "Danish", "no": "Norwegian",
           "ja": "Japanese", "zh": "Chinese", "ko": "Korean", "ru": "Russian", "uk": "Ukrainian", "el": "Greek",
           "he": "Hebrew", "ar": "Arabic", "th": "Thai"},
    "de": {"en": "Englisch", "de": "Deutsch", "es": "Spanisch", "fr": "Französisch", "it": "Italienisch",
           "tr": "Türkisch", "pt": "Portugiesisch", "nl": "Niederländisch", "pl": "Polnisch", "sv": "Schwedisch",
           "da": "Dänisch", "no": "Norwegisch", "ja": "Japanisch", "zh": "Chinesisch", "ko": "Koreanisch",
           "ru": "Russisch", "uk": "Ukrainisch", "el": "Griechisch", "he": "Hebräisch", "ar": "Arabisch",
           "th": "Thailändisch"},
    "es": {"en": "inglés", "de": "alemán", "es": "español", "fr": "francés", "it": "italiano", "tr": "turco",
           "pt": "portugués", "nl": "neerlandés", "pl": "polaco", "sv": "sueco", "da": "danés", "no": "noruego",
           "ja": "japonés", "zh": "chino", "ko": "coreano", "ru": "ruso", "uk": "ucraniano", "el": "griego",
           "he": "hebreo", "ar": "árabe", "th": "tailandés"},
}  # fmt: skip
"""What languages are called, by the language in which it is said."""

_SMALL_WORDS: Final = {
    "en": "the and is are my your you it not does do have has with for this that please hello hi thanks thank can how "
          "what when where why will would could again still call me on of to from at be been need help working broken "
          "yes no am they we he she i im dont doesnt cant since after by about order invoice a an in was but or if so "
          "there our",
    "de": "der die das und ist sind mein meine ihr ihre sie ich wir nicht kein keine mit fur bitte hallo danke wie "
          "wann warum wo wieder noch immer rufen mich mir auf von zu zur zum aus bei hat habe haben kann konnen wird "
          "ein eine einen es geht guten tag seit nach uber heizung rechnung kaputt ja nein auch schon jetzt heute in "
          "an den dem im am war aber oder wenn so unser unsere was um uhr",
    "es": "el la los las y es son mi su usted no con para por favor hola gracias como cuando donde porque que otra vez "
          "todavia llamar llamen me un una en de del al se lo le esta estan tengo tiene puede puedo quiero necesito "
          "desde hasta sobre factura calefaccion si buenos dias tardes funciona ayuda ahora hoy a o pero muy mas",
    "fr": "le la les et est sont mon ma mes votre vos vous je nous il elle ne pas plus avec pour merci bonjour "
          "comment quand ou pourquoi encore appeler rappeler me un une en de du des au aux se ce cette ai avez avons "
          "peut peux depuis sur facture chauffage si oui non marche aujourd hui bonsoir s plait que qui dans c l d j n "
          "a mais tres toujours svp ca fait notre cordialement",
    "it": "il lo la gli le e sono mio mia il suo lei non con per favore ciao buongiorno grazie come quando dove perche "
          "che ancora mi un una di del della al si ho ha abbiamo posso puo vorrei dal da su fattura riscaldamento "
          "funziona oggi ora nel nella ma molto piu sera in a o i ed anche",
    "pt": "o a os as e sao meu minha seu sua nao com para por favor ola obrigado obrigada como quando onde porque que "
          "ainda me um uma em de do da dos das ao se na esta estao tenho tem pode posso quero preciso desde ate "
          "sobre fatura aquecimento bom dia boa tarde funciona ajuda agora hoje eu voces mas muito mais",
    "nl": "de het een en is zijn mijn uw u ik wij we niet geen met voor alstublieft hallo dank bedankt hoe wanneer "
          "waarom waar weer nog steeds bellen me mij op van naar uit bij heeft heb hebben kan kunnen wordt er aan te "
          "dat dit die goedemorgen sinds over verwarming rekening kapot ja nee ook al nu vandaag in maar of als onze "
          "om je",
    "pl": "i w z na do nie to jest sa moj moja pan pani ja my prosze dzien dobry dziekuje jak kiedy gdzie dlaczego "
          "znowu jeszcze zadzwonic mnie o od po przy ma mam mamy moze czy sie ze od faktura ogrzewanie dziala dzisiaj "
          "teraz tak ale lub witam mi juz u",
    "sv": "och ar det den en ett min mitt er ert jag vi inte med for tack hej hur nar varfor var igen fortfarande ring "
          "mig pa av till fran hos har kan blir att som i de fungerar sedan om faktura varme ja nej ocksa nu idag men "
          "eller vad ni du snalla",
    "da": "og er det den en et min mit jeg vi ikke med for tak hej hvordan hvornar hvorfor hvor igen stadig ring mig "
          "pa af til fra hos har kan bliver at som i de virker siden om faktura varme ja nej ogsa nu men eller hvad du",
    "no": "og er det den en et min mitt jeg vi ikke med for takk hei hvordan nar hvorfor hvor igjen fortsatt ring meg "
          "pa av til fra hos har kan blir at som i de virker siden om faktura varme ja nei ogsa na men eller hva du",
    "tr": "ve bir bu benim sizin siz ben biz degil icin ile lutfen merhaba tesekkurler nasil ne zaman nerede neden "
          "tekrar hala mi mu var yok beni da de ama veya simdi bugun evet hayir fatura calismiyor",
}  # fmt: skip


def _table() -> dict[str, tuple[str, ...]]:
    """The languages that have a word; a letter alone may stand for anything."""
    owners: dict[str, tuple[str, ...]] = {}
    for language, words in _SMALL_WORDS.items():
        for word in {word for word in words.split() if len(word) > 1}:
            owners[word] = (*owners.get(word, ()), language)
    return owners


_OWNERS: Final = _table()
_LETTER: Final = re.compile(r"[^\W\d_]")
_KANA: Final = re.compile("[\u3040-\u30ff]")
_HAN: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_RUSSIAN: Final = re.compile("[ыэё]", re.IGNORECASE)
_UKRAINIAN: Final = re.compile("[іїєґ]", re.IGNORECASE)
_OF_ARABIC: Final = re.compile("[\u0600-\u06ff]")
_NOT_ARABIC: Final = re.compile("[پچژگکی]")
_ONE_LANGUAGE: Final = {
    "ko": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
}
"""Scripts that one language is written in, as far as we are concerned."""
_OTHER_SCRIPTS: Final = re.compile("[\u0250-\u02af\u0530-\u058f\u0700-\u0dff\u0e80-\u10ff\u1200-\u1dff]")


def language_shown(text: str) -> str | None:
    """The language that a text shows itself to be in; UNKNOWN where that is none of those that we know, None where too
    little was said to tell. Linear, and cut."""
    head = text[:READ_MAX]
    if not head.isascii() and (found := _by_script(head)) is not None:
        return found
    counts: dict[str, int] = {}
    words = words_of(text, limit=READ_MAX)
    for word in words:
        for owner in _OWNERS.get(word, ()):
            counts[owner] = counts.get(owner, 0) + 1
    most = max(counts.values(), default=0)
    best = [language for language, count in counts.items() if count == most]
    if len(words) >= MANY_WORDS and (most * FEW < len(words) or len(best) > 1):
        return UNKNOWN
    return best[0] if len(best) == 1 else None


def is_told_by_words(language: str) -> bool:
    """Whether a text in it shows that it is."""
    return language in _SMALL_WORDS or language in _BY_SCRIPT


def _by_script(text: str) -> str | None:
    """What half of the letters say; None where they are Latin."""
    half = (len(_LETTER.findall(text)) + 1) // 2 or 1
    if len(found := _HAN.findall(text)) >= half:
        return "ja" if len(_KANA.findall(text)) * 10 >= len(found) else "zh"
    if len(_CYRILLIC.findall(text)) >= half:
        is_russian, is_ukrainian = _RUSSIAN.search(text) is not None, _UKRAINIAN.search(text) is not None
        return UNKNOWN if is_russian is is_ukrainian else "ru" if is_russian else "uk"
    if len(_OF_ARABIC.findall(text)) >= half:
        return "ar" if _NOT_ARABIC.search(text) is None else UNKNOWN
    for language, letters in _ONE_LANGUAGE.items():
        if len(letters.findall(text)) >= half:
            return language
    return UNKNOWN if len(_OTHER_SCRIPTS.findall(text)) >= half else None


_BY_SCRIPT: Final = frozenset({"ja", "zh", "ru", "uk", "ar", *_ONE_LANGUAGE})


def name_of(language: str, *, said_in: str) -> str:
    """What `language` is called in `said_in`; its two letters in capitals where that is not known."""
    return NAMES.get(said_in, {}).get(language, language.upper())
