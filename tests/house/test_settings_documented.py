"""Settings, facts and metrics: each is documented, and nothing is documented that is not there."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from house import ROOT, text_of
from pydantic import BaseModel, SecretStr

from policies import FACTS
from router.settings import Settings, SettingsProblem, load_settings

ROW = re.compile(r"^\| `([a-z_.]+)` \|(.*)\|$", re.MULTILINE)


def _fields(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{before}{name}.")
        else:
            yield before + name, field


FIELDS = dict(_fields(Settings))


def _names(table: dict[str, Any], before: str) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _names(value, f"{before}{name}.")
        else:
            yield before + name


def test_every_setting_is_documented_and_no_other() -> None:
    """docs/settings.md has one row for each setting: its variable, its usual value, its meaning."""
    rows = {name: [cell.strip() for cell in rest.split("|")] for name, rest in ROW.findall(_doc("settings.md"))}
    assert rows.keys() == FIELDS.keys()
    for name, field in FIELDS.items():
        usual = field.get_default(call_default_factory=True)
        usual = usual.get_secret_value() if isinstance(usual, SecretStr) else usual
        shown = "" if usual in (None, "", {}) else f"`{usual}`"
        variable = "ONECASE_" + name.replace(".", "__").upper()
        assert rows[name] == [f"`{variable}`", shown, field.description], name


def test_the_sample_has_every_setting_with_its_usual_value() -> None:
    """config/onecase.toml loads as it is and changes nothing; every setting stands in it, at least as a comment."""
    sample = ROOT / "config" / "onecase.toml"
    loaded = load_settings(sample, {})
    assert loaded.model_dump() == load_settings(None, {}).model_dump()
    bare = re.sub(r"(?m)^# (?=[a-z_]+ = )", "", text_of(sample))
    tables = tomllib.loads(bare)
    present = {name for name, value in tables.items() if not isinstance(value, dict)}
    present |= set(_names(tables["mail"], "mail.")) | {f"twilio.{name}" for name in tables["twilio"]}
    assert present == FIELDS.keys()


def test_the_sample_with_every_comment_opened_loads(tmp_path: Any) -> None:
    """What stands in the comments of the sample is written as it must be."""
    opened = tmp_path / "onecase.toml"
    opened.write_text(re.sub(r"(?m)^# (?=[a-z_]+ = )", "", text_of(ROOT / "config" / "onecase.toml")), encoding="utf-8")
    assert load_settings(opened, {}).twilio.senders.keys() == {"sms", "whatsapp"}


def test_variables_of_tools_are_no_unknown_settings() -> None:
    """A variable of the command line or of the tests does not stop the service; a misspelt setting does."""
    named = set(re.findall(r"^\| `(ONECASE_[A-Z_]+)` \|", _doc("settings.md"), re.MULTILINE))
    assert named
    load_settings(None, dict.fromkeys(named, "1"))
    with pytest.raises(SettingsProblem, match="ONECASE_PROT: there is no such setting"):
        load_settings(None, {"ONECASE_PROT": "1"})


def test_every_fact_is_documented_and_no_other() -> None:
    """docs/facts.md lists what rules may test, in the words of the program."""
    rows = {name: rest.strip() for name, rest in ROW.findall(_doc("facts.md").partition("\n## ")[0])}
    assert rows == {name: f"{kind} | {meaning}" for name, (kind, meaning) in FACTS.items()}


def test_every_metric_is_documented_and_no_other() -> None:
    """docs/operate.md lists the metrics by the names that Prometheus sees."""
    source = text_of(ROOT / "router" / "http" / "metrics.py")
    counters = re.findall(r'(?:_counter|CounterMetricFamily)\(\s*"(onecase_\w+)"', source)
    gauges = re.findall(r'GaugeMetricFamily\(\s*"(onecase_\w+)"', source)
    told = set(re.findall(r"^\| `(onecase_\w+)`", _doc("operate.md"), re.MULTILINE))
    assert told == {f"{name}_total" for name in counters} | set(gauges)


def _doc(name: str) -> str:
    return text_of(ROOT / "docs" / name)
