"""Mails of every kind, each with what must be read in it."""

import pytest

from tests.email import corpus_bounces, corpus_headers, corpus_machines, corpus_parts, corpus_texts
from tests.email.builders import Case, check

MODULES = (corpus_texts, corpus_headers, corpus_machines, corpus_bounces, corpus_parts)
CASES = [one for module in MODULES for one in module.CASES]


@pytest.mark.parametrize("one", CASES, ids=[one.id for one in CASES])
def test_a_mail_is_read(one: Case) -> None:
    """It says what the table says, and whoever wrote words finds them among the new ones."""
    check(one)


def test_names_are_used_once() -> None:
    assert len({one.id for one in CASES}) == len(CASES)
