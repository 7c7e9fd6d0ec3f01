"""Who tells of danger is understood in the words that people say it with, and who speaks of a bill or a boiler is not."""

import pytest

from policies import PolicySet
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
