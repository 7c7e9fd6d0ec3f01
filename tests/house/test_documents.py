"""The documents are true: links lead somewhere, code compiles, commands exist, sentences stand on lines of their own."""

import ast
import inspect
import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
from house import ROOT, shown, text_of, tracked
from ruamel.yaml import YAML

from channels.base import Channel
from policies import check_policies, default_policy_files
from router.main import app

DOCS = [p for p in tracked() if p.suffix == ".md" and "tests" not in p.relative_to(ROOT).parts]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MARKER = re.compile(r"^\s*(?:#+ )?(?:\d+\. |\* )?")
SENTENCES = re.compile(r"[a-z0-9)`*][.!?] [A-Z][a-z]")


@pytest.mark.parametrize("doc", DOCS, ids=shown)
def test_links_lead_somewhere(doc: Path) -> None:
    """A link to a file of ours names one that is there, and a heading in it that is there."""
    for link in LINK.findall(_prose(doc)):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme in ("https", "mailto"), link
            continue
        target = (doc.parent / parts.path).resolve() if parts.path else doc
        assert target.is_file(), f"{shown(doc)}: {link} leads nowhere"
        if parts.fragment:
            assert parts.fragment in _anchors(target), f"{shown(doc)}: no heading {link}"


@pytest.mark.parametrize("doc", DOCS, ids=shown)
def test_code_in_documents_can_be_read(doc: Path) -> None:
    """Blocks of code are what they say: Python compiles, TOML, YAML and JSON load, policies are sound."""
    for kind, code in BLOCK.findall(text_of(doc)):
        match kind:
            case "python":
                ast.parse(code)
            case "toml":
                tomllib.loads(code)
            case "json":
                json.loads(code)
            case "yaml":
                YAML(typ="safe").load(code)
            case _:
                assert kind in ("sh", "text"), f"{shown(doc)}: a block of kind {kind!r}"


@pytest.mark.parametrize("doc", DOCS, ids=shown)
def test_commands_in_documents_exist(doc: Path) -> None:
    """`make …` names a target, `onecase …` a command with options that it takes."""
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    text = text_of(doc)
    code = "\n".join(code for kind, code in BLOCK.findall(text) if kind == "sh")
    code += "\n" + "\n".join(re.findall(r"`([^`\n]+)`", _prose(doc)))
    for target in re.findall(r"(?:^|\s)make ([a-z]+)", code):
        assert target in targets, f"{shown(doc)}: make {target}"
    for line in code.splitlines():
        found = re.search(r"(?:^|\s|/)onecase ((?:[a-z]+ ?){1,2})([^|]*)", line)
        if found and not line.startswith(("git ", "import ")):
            _check_command(found[1].split(), found[2], where=shown(doc))


def _check_command(words: list[str], rest: str, *, where: str) -> None:
    group = typer.main.get_command(app)
    command = group.commands.get(words[0])  # type: ignore[attr-defined]
    assert command is not None, f"{where}: onecase {words[0]}"
    if getattr(command, "commands", None) and len(words) > 1:
        inner = command.commands.get(words[1])
        assert inner is not None, f"{where}: onecase {' '.join(words)}"
        command = inner
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
        assert option in known, f"{where}: onecase {' '.join(words)} {option}"


def test_the_plug_in_in_the_guide_is_a_channel() -> None:
    """It has all that the contract of channels asks for, with the same parameters."""
    code = next(code for kind, code in BLOCK.findall(text_of(ROOT / "docs" / "add-a-channel.md")) if kind == "python")
    names: dict[str, Any] = {}
    exec(compile(code, "onecase_pager.py", "exec"), names)
    plug_in = names["pager"](None)
    for name, asked in vars(Channel).items():
        if not name.startswith("_"):
            assert hasattr(plug_in, name), f"the guide's plug-in has no {name}"
            if inspect.isfunction(asked):
                given = list(inspect.signature(getattr(plug_in, name)).parameters)
                assert given == list(inspect.signature(asked).parameters)[1:], name


def test_the_policy_in_the_guide_is_sound() -> None:
    """The rules shown in docs/edit-a-policy.md are accepted beside the product's own files."""
    code = next(code for kind, code in BLOCK.findall(text_of(ROOT / "docs" / "edit-a-policy.md")) if kind == "yaml")
    report = check_policies({"routing.yaml": code}, base=default_policy_files())
    assert report.policies is not None, report.lines()


@pytest.mark.parametrize("doc", DOCS, ids=shown)
def test_a_sentence_has_a_line_of_its_own(doc: Path) -> None:
    """So that a change shows what was changed."""
    for number, line in enumerate(_prose(doc).splitlines(), start=1):
        if not line.startswith("|"):
            assert not SENTENCES.search(MARKER.sub("", line)), f"{shown(doc)}:{number}: {line}"


def test_the_readme_names_the_two_commands() -> None:
    text = text_of(ROOT / "README.md")
    assert "```sh\nmake demo\n```" in text
    assert "```sh\nmake test\n```" in text
    assert text.index("make demo") < text.index("make test")


def test_every_document_is_reached_from_the_readme() -> None:
    """Nothing is written that nobody finds."""
    seen, left = set[Path](), [ROOT / "README.md"]
    while left:
        doc = left.pop()
        if doc in seen or doc.suffix != ".md":
            continue
        seen.add(doc)
        left += [
            (doc.parent / urlsplit(link).path).resolve() for link in LINK.findall(_prose(doc)) if "://" not in link
        ]
    assert set(DOCS) <= seen, [shown(doc) for doc in set(DOCS) - seen]


def _prose(doc: Path) -> str:
    """The text with blocks of code blanked, so that lines keep their numbers."""
    return BLOCK.sub(lambda found: "\n" * found[0].count("\n"), text_of(doc))


def _anchors(doc: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _prose(doc), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
