"""Providers of mail at whose domains anybody has an address, so that mails from there have nothing in common.

Its one rule: domains only; those that are missing are named in sending.yaml.
"""

import re

__all__ = ["base_of", "is_public_provider"]

_FAMILIES = re.compile(r"(?:hotmail|yahoo|live|outlook|msn|gmx|yandex|aol)\.(?:[a-z]{2,3}|com?\.[a-z]{2})")
_PROVIDERS = frozenset([
    "gmail.com", "googlemail.com", "ymail.com", "rocketmail.com", "icloud.com", "me.com", "mac.com", "proton.me",
    "protonmail.com", "pm.me", "zoho.com", "fastmail.com", "hey.com", "tutanota.com", "tuta.io", "web.de",
    "t-online.de", "freenet.de", "posteo.de", "mailbox.org", "arcor.de", "1und1.de", "bluewin.ch", "chello.at",
    "aon.at", "orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net", "libero.it", "virgilio.it",
    "tiscali.it", "alice.it", "ziggo.nl", "kpnmail.nl", "planet.nl", "telenet.be", "skynet.be", "wp.pl", "o2.pl",
    "onet.pl", "interia.pl", "seznam.cz", "telia.com", "bredband.net", "terra.es", "telefonica.net", "sapo.pt",
    "uol.com.br", "bol.com.br", "terra.com.br", "mail.ru", "bk.ru", "inbox.ru", "list.ru", "ukr.net", "qq.com",
    "foxmail.com", "163.com", "126.com", "yeah.net", "sina.com", "sohu.com", "naver.com", "daum.net", "hanmail.net",
    "docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp", "nifty.com", "biglobe.ne.jp",
    "rediffmail.com", "comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net",
    "charter.net", "btinternet.com", "sky.com", "virginmedia.com", "talktalk.net", "rogers.com", "shaw.ca",
    "bigpond.com", "optusnet.com.au",
])  # fmt: skip


def is_public_provider(domain: str) -> bool:
    """Whether anybody may have an address at this domain."""
    return domain in _PROVIDERS or _FAMILIES.fullmatch(domain) is not None


_KINDS = frozenset([
    "asso", "com", "edu", "firm", "gob", "gouv", "gov", "govt", "info", "mil", "muni", "name", "net", "nom", "org",
    "police", "priv", "school",
])  # fmt: skip
KIND_LETTERS_MAX = 3


def base_of(domain: str) -> str:
    """The domain below which an organisation has others: the last two labels of `domain`, or three where the second
    last is of a kind that countries give out, as in "co.uk". It needs no list and errs both ways: below a base of two
    labels there may be several organisations, and one of three may be of one that has more."""
    labels = domain.split(".")
    is_kind = len(labels) > 2 and len(labels[-1]) == 2 and (len(labels[-2]) <= KIND_LETTERS_MAX or labels[-2] in _KINDS)
    return ".".join(labels[-3 if is_kind else -2 :])
