"""Our signer and our verifier against known vectors and against the SDK's own validator."""

import pytest
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from channels.signatures import is_body_signed, is_signed, signature_of

SECRET = b"12345"
BODY = '{"a":1}'
BODY_URL = "https://h/x?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
CALL = [
    ("CallSid", "CA00000000000000000000000000000001"),
    ("From", "+15551230001"),
    ("To", "+15551230002"),
    ("Body", ""),
    ("Digits", "1#"),
]
VECTORS = [
    ("https://sandbox.example.com/voice/in?x=1", CALL, "uuI40YkJYy+qK8eDEyA58PMOhxM="),
    ("https://h/x?a=1&b=2", [], "S94+Jd68FiCFjcq70TP3ui+8pPs="),
    ("https://h/x", [("A", "2"), ("A", "1"), ("A", "2"), ("B", "x")], "e9eXz/fQReT/BsDa1aryDT8UNC0="),
    (BODY_URL, [], "Qq/Qg7QGu0OfcuVWjCrhASw4nks="),
    ("https://h/x", [("Body", "Grüße 😀")], "MvGjDxJ3LmgCEQU1j8zPQwmnTSw="),
]


@pytest.mark.fact("sign-1", "sign-2", "sign-3", "sign-4", "sign-10")
@pytest.mark.parametrize(("url", "fields", "signature"), VECTORS)
def test_vectors_hold_for_us_and_for_the_sdk(url: str, fields: list[tuple[str, str]], signature: str) -> None:
    assert signature_of(url, fields, secret=SECRET) == signature
    assert is_signed(url, fields, signature, secrets=[SECRET])
    assert RequestValidator("12345").compute_signature(url, MultiDict(fields)) == signature
    assert not is_signed(url, [*fields, ("Extra", "1")], signature, secrets=[SECRET])


@pytest.mark.fact("sign-9")
def test_the_sha_256_variant() -> None:
    url, fields, _ = VECTORS[0]
    signature = "A1V+WVgulKm6EASjglP+SpzRmGb770XrGxEDsgeL70E="
    assert signature_of(url, fields, secret=SECRET, algorithm="sha256") == signature
    assert is_signed(url, fields, signature, secrets=[SECRET], algorithm="sha256")
    assert not is_signed(url, fields, signature, secrets=[SECRET])


@pytest.mark.fact("sign-11")
def test_both_secrets_are_taken_while_one_is_rotated() -> None:
    url, fields, signature = VECTORS[0]
    assert is_signed(url, fields, signature, secrets=[b"new", SECRET])
    assert not is_signed(url, fields, signature, secrets=[b"new"])
    assert not is_signed(url, fields, signature, secrets=[])


@pytest.mark.fact("sign-6")
@pytest.mark.parametrize(
    ("signed", "seen"),
    [
        ("https://h:443/x", "https://h/x"),
        ("https://h/x", "https://h:443/x"),
        ("http://h/x", "http://h:80/x"),
        ("http://h/x", "http://h:8080/x"),
        ("http://h:8080/x", "http://h:8080/x"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://u:p@h/x", "http://u:p@h:8080/x"),
    ],
)
def test_a_url_is_taken_with_and_without_its_port(signed: str, seen: str) -> None:
    assert is_signed(seen, [("A", "1")], signature_of(signed, [("A", "1")], secret=SECRET), secrets=[SECRET])


@pytest.mark.fact("sign-7")
@pytest.mark.parametrize("signed", ["https://h/x", "http://h/y", "http://g/x", "http://h:81/x", "http://h/x?a=1"])
def test_another_url_is_refused(signed: str) -> None:
    assert not is_signed("http://h/x", [], signature_of(signed, [], secret=SECRET), secrets=[SECRET])


@pytest.mark.parametrize("signature", ["", "no", "é", "uuI40YkJYy+qK8eDEyA58PMOhxM"])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    url, fields, _ = VECTORS[0]
    assert not is_signed(url, fields, signature, secrets=[SECRET])


@pytest.mark.fact("sign-5")
def test_a_body_is_signed_through_its_hash() -> None:
    signature = VECTORS[3][2]
    assert is_body_signed(BODY_URL, BODY.encode(), signature, secrets=[SECRET])
    assert RequestValidator("12345").validate(BODY_URL, BODY, signature)
    assert not is_body_signed(BODY_URL, b'{"a":2}', signature, secrets=[SECRET])
    assert not is_body_signed("https://h/x", BODY.encode(), signature, secrets=[SECRET])
