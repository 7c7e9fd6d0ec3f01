"""Which domains are one organisation's, without a list of all that countries give out."""

import pytest

from policies.mail_providers import base_of


@pytest.mark.parametrize(
    ("domain", "base"),
    [
        ("firm.example", "firm.example"),
        ("h1.firm.example", "firm.example"),
        ("a.b.haus.de", "haus.de"),
        ("firm.co.uk", "firm.co.uk"),
        ("mail.firm.com.br", "firm.com.br"),
        ("ville.gouv.fr", "ville.gouv.fr"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_what_an_organisation_has_its_domains_below(domain: str, base: str) -> None:
    assert base_of(domain) == base
