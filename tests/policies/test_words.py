"""Words: what stops and starts texts, which language it is, what we say."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from policies import PHRASES, ConsentWord, PolicySet, Problem, default_policy_files, parse_policies
from policies.consent import WORDS
from policies.phrases import CONSENT_PHRASES
from policies.settings import AgentSettings, CallbackSettings, CallSettings, CaseSettings, SendingSettings, Settings
from policies.text import words_of

Parse = Callable[[Mapping[str, str]], PolicySet]
Refused = Callable[[str, str], list[Problem]]

OUT, IN, HELP = ConsentWord.OPT_OUT, ConsentWord.OPT_IN, ConsentWord.HELP


@pytest.mark.parametrize(
    ("text", "word", "is_told"),
    [
        pytest.param("STOP", OUT, True, id="row11-stop"),
        pytest.param(" stop. ", OUT, True, id="row11-stop-dot"),
        pytest.param("Stop all", OUT, True, id="row11-stop-all"),
        pytest.param("ARRET", OUT, True, id="row11-arret"),
        pytest.param("Arrêt !", OUT, True, id="row11-arret-accent"),
        pytest.param("stop 🛑", OUT, True, id="row11-emoji"),
        pytest.param("“STOP”", OUT, True, id="row11-quotes"),
        pytest.param("please stop by at 5", None, True, id="row11-stop-by"),
        pytest.param("STOP please", None, True, id="row11-stop-please"),
        pytest.param("cancel", OUT, True, id="bare-cancel"),
        pytest.param("I want to cancel my order", None, False, id="cancel-an-order"),
        pytest.param("END", OUT, True, id="end"),
        pytest.param("opt-out", OUT, True, id="opt-out"),
        pytest.param("Abmelden", OUT, True, id="german"),
        pytest.param("BAJA", OUT, True, id="spanish"),
        pytest.param("START", IN, False, id="row12-start"),
        pytest.param("Unstop", IN, False, id="row12-unstop"),
        pytest.param("yes", IN, False, id="row12-yes"),
        pytest.param("yes, at four", None, False, id="row12-yes-at-four"),
        pytest.param("HELP", HELP, False, id="help"),
        pytest.param("help me please", None, False, id="help-me"),
        pytest.param("", None, False, id="empty"),
        pytest.param("🛑", None, False, id="emoji-alone"),
        pytest.param("stop" + " " * 100, None, True, id="long"),
        pytest.param("no more texts", None, True, id="no-more-texts"),
    ],
)
def test_consent(defaults: PolicySet, text: str, word: ConsentWord | None, is_told: bool) -> None:
    assert defaults.consent_word(text) is word
    assert defaults.mentions_opt_out(text) is is_told


def test_a_policy_adds_consent_words_but_changes_none(parse: Parse) -> None:
    words = default_policy_files()["words.yaml"] + "consent: {opt_out: [schluss jetzt], help: [stop]}\n"
    policies = parse({"words.yaml": words})
    assert policies.consent_word("Schluss jetzt!") is OUT
    assert policies.consent_word("stop") is OUT


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, my heater is broken again", "en"),
        ("Hallo, meine Heizung ist kaputt", "de"),
        ("Hola, la calefacción no funciona", "es"),
        ("Können Sie mich bitte zurückrufen?", "de"),
        ("¿Puede llamarme por favor?", "es"),
        ("No hot water", "en"),
        ("No funciona", "es"),
        ("E42", "en"),
        ("", "en"),
    ],
)
def test_language(defaults: PolicySet, text: str, language: str) -> None:
    assert defaults.language_of(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bonjour, mon chauffage est en panne depuis ce matin. Merci de me rappeler.", "fr"),
        ("Il riscaldamento non funziona", "it"),
        ("O aquecimento não funciona", "pt"),
        ("De verwarming is kapot, kunt u mij bellen?", "nl"),
        ("Ogrzewanie nie działa od wczoraj", "pl"),
        ("Värmen fungerar inte, ring mig", "sv"),
        ("Min varme virker ikke, kan du ringe til mig i morgen?", "da"),
        ("Kombi çalışmıyor, lütfen beni arayın", "tr"),
        ("暖房が壊れました。E42と表示されています。", "ja"),
        ("暖气坏了，请给我回电话", "zh"),
        ("난방이 고장났어요", "ko"),
        ("Вы можете помочь?", "ru"),
        ("Опалення не працює, будь ласка", "uk"),
        ("Η θέρμανση δεν λειτουργεί", "el"),
        ("Hello, my name is 田中, the heater is broken", "en"),
    ],
)
def test_a_language_without_words_of_ours_is_told(defaults: PolicySet, text: str, language: str) -> None:
    """Nobody's French is taken for English because we speak no French; we answer in our own language."""
    assert defaults.language_of(text) == defaults.language_known(text) == language
    assert defaults.said_in(language) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "Hei, lämmitykseni on rikki ja asunnossa on kylmä. Voitteko soittaa minulle huomenna kello 15 jälkeen?",
        "A fűtés nem működik, kérem hívjanak fel holnap délután, hideg van a lakásban",
        "Отопление не работает",
        "हीटिंग काम नहीं कर रही है",
    ],
)
def test_a_language_that_we_do_not_know_is_none(defaults: PolicySet, text: str) -> None:
    """Finnish has an "on" as English has; what is hardly English is not said to be."""
    assert (defaults.language_of(text), defaults.language_known(text)) == ("", None)
    assert defaults.language_of(text, default="de") == "de"
    assert defaults.language_known(text, named="fi") == "fi"
    assert defaults.language_known(text, named="en") is None


def test_what_says_too_little_is_claimed_of_nobody(defaults: PolicySet) -> None:
    assert (defaults.language_of("E42"), defaults.language_known("E42")) == ("en", None)
    assert defaults.language_known("E42", default="es", named="de") == "es"
    assert defaults.language_known("E42", named="de") == "de"


def test_times_are_read_by_our_words_where_theirs_are_not_known(defaults: PolicySet) -> None:
    zone = ZoneInfo("Europe/Paris")
    found = defaults.read_window(
        "15:30", language="fr", zone=zone, now=datetime(2026, 11, 23, 8, tzinfo=UTC), is_asked=True
    )
    assert found is not None
    assert found.window.start == datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def test_language_unknown_is_what_the_caller_says(defaults: PolicySet) -> None:
    assert defaults.language_of("E42", default="es") == "es"
    assert defaults.language_of("hola hallo", default="fr") == "fr"


def test_every_phrase_exists_in_three_languages(defaults: PolicySet) -> None:
    assert {key: set(by_language) for key, by_language in defaults.phrases.parts.items()} == {
        key: {"en", "de", "es"} for key in PHRASES
    }


def test_every_phrase_says_all_that_it_is_given(defaults: PolicySet) -> None:
    for key, names in PHRASES.items():
        for language in ("en", "de", "es"):
            said = defaults.phrase(key, language, **{name: f"<{name}>" for name in names})
            assert all(f"<{name}>" in said for name in names)
            assert "{" not in said


def test_a_phrase_is_filled_by_plain_substitution(defaults: PolicySet) -> None:
    said = defaults.phrase("code", "en", code="{brand} {0.__class__} %s")
    assert said.startswith("Your code is {brand} {0.__class__} %s.")
    assert defaults.phrase("greeting", "fr", brand="Acme") == "Hello, this is Acme."
    with pytest.raises(KeyError):
        defaults.phrase("greeting", "en")
    with pytest.raises(KeyError):
        defaults.phrase("greting", "en")


@pytest.mark.parametrize(
    ("written", "found", "suggestion"),
    [
        ("greeting: {en: 'I am {brnd}'}", "'{brnd}' in phrase greeting", "{brand}"),
        ("greeting: {en: 'I am {brand.__class__}'}", "'{brand.__class__}'", None),
        ("greeting: {en: 'I am {brand!r}'}", "'{brand!r}'", "{brand}"),
        ("greeting: {en: 'I am {brand'}", "a lone brace", None),
        ("greeting: {de: 'Hier ist {brand}'}", "no en in phrase greeting", None),
        ("greting: {en: 'Hi'}", "unknown phrase 'greting'", "greeting"),
        ("greeting: {english: 'Hi'}", "'english'", None),
    ],
)
def test_phrase_refused(refused: Refused, written: str, found: str, suggestion: str | None) -> None:
    own = default_policy_files()["words.yaml"]
    start = own.index("  greeting:")
    text = own[:start] + f"  {written}\n" + own[own.index("  closed:") :]
    problems = [problem for problem in refused("words.yaml", text) if found in problem.found]
    assert len(problems) == 1
    assert suggestion is None or problems[0].suggestion == suggestion


def test_no_phrase_asks_for_a_word_that_carriers_act_upon(parse: Parse, defaults: PolicySet) -> None:
    acted_upon = {word.upper() for words in WORDS.values() for word in words}
    for key in PHRASES.keys() - CONSENT_PHRASES:
        said = defaults.phrase(key, "en", **dict.fromkeys(PHRASES[key], ""))
        assert acted_upon.isdisjoint(said.split())
    asking = default_policy_files()["words.yaml"].replace("Your code is {code}.", "Answer YES to get {code}.")
    assert "phrase code names YES" in parse({"words.yaml": asking}).warnings[0]


@pytest.mark.parametrize(
    ("key", "words", "is_told"),
    [
        pytest.param("code", "x" * 120 + " {code}", False, id="fits"),
        pytest.param("code", "x" * 150 + " {code}", True, id="a-link-takes-room"),
        pytest.param("code", "ж" * 71, True, id="16-bit"),
        pytest.param("call_again", "x" * 500, False, id="spoken"),
    ],
)
def test_a_phrase_that_goes_out_as_too_many_texts_is_named(parse: Parse, key: str, words: str, is_told: bool) -> None:
    """Nothing of ours is cut, so whoever writes a long phrase hears of it when the set is read."""
    top, found, rest = default_policy_files()["words.yaml"].partition(f"  {key}:\n")
    assert found
    text = f'{top}{found}    fr: "{words}"\n{rest}'
    warnings = parse({"words.yaml": text, "sending.yaml": "sms_max_segments: 1\n"}).warnings
    assert any(f"phrase {key} in fr goes out as 2 texts" in warning for warning in warnings) is is_told


def test_the_products_own_set_has_no_warnings_and_says_every_default(defaults: PolicySet) -> None:
    assert defaults.warnings == ()
    assert defaults.settings == Settings(
        AgentSettings(), CaseSettings(), CallSettings(), CallbackSettings(), SendingSettings()
    )
    assert defaults.numbers["+14155550100"].language == "en"


def test_what_older_sets_have_and_nothing_uses_is_named_and_stays_valid(parse: Parse) -> None:
    """A set that was written for an earlier release goes on, and whoever wrote it is told what changes nothing."""
    words = default_policy_files()["words.yaml"].replace(
        "phrases:\n", "phrases:\n  case_solved: {en: 'Done: {ref}'}\n", 1
    )
    callbacks = "offer_over: 60 s\nnot_now: 2 min\n"
    sending = 'quiet: {from: "21:00", until: "08:00"}\n'
    told = parse({"words.yaml": words, "callbacks.yaml": callbacks, "sending.yaml": sending}).warnings
    assert told == (
        "callbacks.yaml:2: not_now is not used and changes nothing; it may go",
        "sending.yaml:1: quiet is not used and changes nothing; it may go",
        "words.yaml:12: phrase case_solved is said nowhere; it may go",
    )


def test_settings_are_read(parse: Parse) -> None:
    agents = parse({"agents.yaml": "wrap_up: 2 min\nsticky: 0 s\n", "cases.yaml": "reopen: 3 days\n"}).settings
    assert (agents.agents.wrap_up_s, agents.agents.sticky_s, agents.cases.reopen_days) == (120, 0, 3)


def test_parts_of_days_are_refused(refused: Refused) -> None:
    assert "whole days" in refused("cases.yaml", "reopen: 36 h\n")[0].expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Heizung: E42!", ("heizung", "e42")),
        ("Straße STRASSE", ("strasse", "strasse")),
        ("İstanbul", ("istanbul",)),
        ("snake_case e-mail", ("snake", "case", "e", "mail")),
        ("\ud800 x\x00y", ("x", "y")),
    ],
)
def test_words_of_a_text(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("do not record", True),
        ("Please DON'T record me, my heating is cold and I only want to know when somebody comes", True),
        ("Bitte nicht aufzeichnen", True),
        ("Ich möchte keine Aufnahme", True),
        ("no grabar", True),
        ("Prefiero que no me graben", True),
        ("my record player is broken", False),
        ("", False),
    ],
)
def test_that_they_are_not_to_be_recorded_is_understood_in_any_sentence(
    defaults: PolicySet, text: str, is_refused: bool
) -> None:
    assert defaults.refuses_recording(text) is is_refused


def test_a_set_without_those_words_understands_them_too() -> None:
    words = default_policy_files()["words.yaml"].replace("not-recorded-words:", "some-other-words:")
    policy = parse_policies({"words.yaml": words}, 1, base=default_policy_files())
    assert policy.refuses_recording("do not record this")


def test_a_number_may_be_recorded_where_others_are_not(parse: Parse) -> None:
    numbers = 'numbers:\n  "+14155550100": {brand: A, record: calls}\n  "+14155550101": {brand: B}\n'
    policy = parse({"numbers.yaml": numbers, "calls.yaml": "record: messages\non_refusal: keep\n"})
    assert [policy.recorded(n) for n in ("+14155550100", "+14155550101", "+1")] == ["calls", "messages", "messages"]
    assert not policy.settings.calls.deletes_refused
