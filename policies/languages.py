"""Which language a text is in, guessed by its small words. A guess: it picks phrases, never who is served."""

from typing import Final

from policies.text import words_of

LANGUAGES: Final = ("en", "de", "es")
READ_MAX: Final = 200
"""Characters that are read: a language shows itself early."""

NAMES: Final = {
    "en": {"en": "English", "de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "tr": "Turkish"},
    "de": {"en": "Englisch", "de": "Deutsch", "es": "Spanisch", "fr": "Französisch", "it": "Italienisch",
           "tr": "Türkisch"},
    "es": {"en": "inglés", "de": "alemán", "es": "español", "fr": "francés", "it": "italiano", "tr": "turco"},
}  # fmt: skip
"""What languages are called, by the language in which it is said."""

_SMALL_WORDS: Final = {
    "en": "the and is are my your you it not does do have has with for this that please hello hi thanks thank can how "
          "what when where why will would could again still call me on of to from at be been need help working broken "
          "yes no am they we he she i im dont doesnt cant since after by about order invoice",
    "de": "der die das und ist sind mein meine ihr ihre sie ich wir nicht kein keine mit fur bitte hallo danke wie "
          "wann warum wo wieder noch immer rufen mich mir auf von zu zur zum aus bei hat habe haben kann konnen wird "
          "ein eine einen es geht guten tag seit nach uber heizung rechnung kaputt ja nein auch schon jetzt heute",
    "es": "el la los las y es son mi su usted no con para por favor hola gracias como cuando donde porque que otra vez "
          "todavia llamar llamen me un una en de del al se lo le esta estan tengo tiene puede puedo quiero necesito "
          "desde hasta sobre factura calefaccion si buenos dias tardes funciona ayuda ahora hoy",
}  # fmt: skip


def _table() -> dict[str, int]:
    """Words of one language only, with the number of that language; what two have in common says nothing."""
    owners: dict[str, list[int]] = {}
    for number, language in enumerate(LANGUAGES):
        for word in _SMALL_WORDS[language].split():
            owners.setdefault(word, []).append(number)
    return {word: numbers[0] for word, numbers in owners.items() if len(numbers) == 1}


_OWNER: Final = _table()


def language_of(text: str, *, default: str) -> str:
    """'en', 'de' or 'es': the language with most small words; `default` when none has most. Linear, and cut."""
    counts = [0, 0, 0]
    for owner in map(_OWNER.get, words_of(text, limit=READ_MAX)):
        if owner is not None:
            counts[owner] += 1
    most = max(counts)
    return LANGUAGES[counts.index(most)] if most and counts.count(most) == 1 else default


def name_of(language: str, *, said_in: str) -> str:
    """What `language` is called in `said_in`; its two letters in capitals where that is not known."""
    return NAMES.get(said_in, {}).get(language, language.upper())
