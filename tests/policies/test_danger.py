"""Who tells of danger is understood in the words that people say it with, and who speaks of a bill or a boiler is not."""

import pytest

from policies import PolicyProblems, PolicySet
from tests.policies.conftest import Parse

DANGER = [
    "I smell gas in the kitchen",
    "there is a smell of gas in my kitchen",
    "I am smelling gas",
    "It smells like gas here, what shall I do?",
    "strong gas smell in the hallway",
    "gas is leaking",
    "There is gas leaking from the pipe",
    "there is a fire in the basement",
    "There's a fire in the boiler room!",
    "help, fire in the boiler room",
    "The boiler caught fire",
    "es riecht stark nach Gas",
    "Im Keller riecht es nach Gas",
    "Wir riechen Gas",
    "Gas tritt aus",
    "Hier tritt Gas aus!",
    "Feuer im Keller",
    "Hilfe, Feuer!",
    "Im Keller brennt es",
    "hay una fuga de gas",
    "Huele mucho a gas en la cocina",
    "Se está escapando el gas",
    "Hay fuego en la cocina",
    "La caldera está en llamas",
    "La alarma de monóxido de carbono suena",
    "Fire!",
    "smoke is coming out of the heater",
    "the CO alarm went off",
    "our CO detector is beeping",
    "there was an explosion",
    "the heater exploded",
    "we smell a lot of gas",
    "I smelled some gas",
    "it smells a bit like gas",
    "it smells really strongly of gas",
    "I can smell natural gas",
    "there is gas coming out of the pipe",
    "sparks are coming from the socket",
    "I got an electric shock",
    "my mother is unconscious",
    "she is not breathing",
    "call an ambulance",
    "es riecht hier ganz stark nach Gas",
    "hier stinkts nach gas",
    "Die Heizung brennt!",
    "Rauch kommt aus der Heizung",
    "Der CO-Melder piept",
    "sale humo del calentador",
    "ça sent très fort le gaz",
    "il y a une odeur bizarre de gaz",
    "une fuite de gaz dans la cuisine",
]
ORDINARY = [
    "fire alarm test",
    "There is a fire alarm test tomorrow, is the heating off then?",
    "There is a fire door that does not close",
    "my gas bill is too high",
    "the gas boiler is loud",
    "The fireplace is cold",
    "I lit a fire in the fireplace because the heating is off",
    "My gas fire in the living room does not light",
    "The gasket leaks",
    "Meine Gasrechnung stimmt nicht",
    "Die Gastherme macht Lärm",
    "Der Feuermelder piept",
    "Ich frage nach Gas oder Strom",
    "Die Heizung brennt nicht",
    "La factura del gas es alta",
    "La caldera de gas no enciende",
    "No sale gas del quemador",
    "No hay fuego en el quemador",
    "My gas boiler is leaking water",
    "There is a leak at the gas boiler",
    "gas boiler, water coming out below",
    "An der Gastherme tritt Wasser aus",
    "no fire in the burner, and it smells of oil",
    "There is a fire alarm in the kitchen to be tested",
    "une fuite d'eau sous la chaudière à gaz",
]


@pytest.fixture(scope="session")
def danger(parse: Parse) -> PolicySet:
    """The product's own words, asked for by a topic of their own."""
    rules = "rules:\n  - name: danger\n    when: {text.any_words: urgent-words}\n    queue: heating\n    priority: 9\n"
    return parse({"routing.yaml": f"{rules}  - {{name: otherwise, when: otherwise, queue: general}}\n"})


@pytest.mark.parametrize("text", DANGER)
def test_danger_is_understood(danger: PolicySet, text: str) -> None:
    assert danger.topics_in(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_no_danger_goes_where_it_belongs(danger: PolicySet, text: str) -> None:
    assert not danger.topics_in(text)


GAPPED = """\
rules:
  - {name: found, when: {text.any_words: [smell .. gas, 'fire!']}, queue: heating}
  - {name: otherwise, when: otherwise, queue: general}
"""


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("a smell gas", True),
        ("the smell of a little gas", True),
        ("smell one two three four gas", True),
        ("smell one two three four five gas", False),
        ("gas, what a smell", False),
        ("smells of gas", False),
        ("FIRE!!", True),
        ("fire in here", False),
    ],
)
def test_words_with_others_between_and_whole_texts(parse: Parse, text: str, is_found: bool) -> None:
    assert bool(parse({"routing.yaml": GAPPED}).topics_in(text)) is is_found


@pytest.mark.parametrize("entry", ["smell ..", ".. gas", "..", "smell .. .. gas", "smell .. ga*", "!"])
def test_an_entry_that_says_nothing_is_refused(parse: Parse, entry: str) -> None:
    with pytest.raises(PolicyProblems, match="expected a word"):
        parse({"routing.yaml": GAPPED.replace("smell .. gas", f"'{entry}'")})
