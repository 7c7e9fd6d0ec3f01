"""Mails with files: what they are called, what they are, and what stays sealed."""

import base64

from tests.email.builders import case, from_mia, part, parts, whole

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
PROGRAM = b"MZ\x90\0\x03\0\0\0"
ARMOUR = "-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nhQEMA5\n=abcd\n-----END PGP MESSAGE-----\n"


def attached(kind: str, content: bytes, name: str = "", more: str = "") -> bytes:
    """Words and one file in base64; `name` is a whole filename parameter."""
    disposition = (
        f"Content-Disposition: attachment{'; ' + name if name else ''}\nContent-Transfer-Encoding: base64\n{more}"
    )
    return whole("", parts(part("text/plain", "see file"), part(kind, base64.encodebytes(content), disposition)))


CASES = [
    case("picture", attached("image/png", PNG, 'filename="a.png"'), parts=[("a.png", "image/png")], contents=[PNG], part_notes=[""], new_words="see file"),
    case("type-wrong-but-harmless", attached("application/octet-stream", b"%PDF-1.7\n", 'filename="bill.pdf"'), parts=[("bill.pdf", "application/pdf")], part_notes=[""]),
    case("program-as-picture", attached("image/png", PROGRAM, 'filename="a.png"'), parts=[("a.png", "application/x-dosexec")], part_notes=["type says image/png, content is a program"]),
    case("script-as-text", attached("text/plain", b"#!/bin/sh\nrm -rf x\n", 'filename="a.txt"'), parts=[("a.txt", "text/x-shellscript")]),
    case("svg-with-script", attached("image/svg+xml", b'<svg xmlns="x"><script>alert(1)</script></svg>', 'filename="a.svg"'), parts=[("a.svg", "image/svg+xml")], part_notes=["to download only"]),
    case("svg-as-picture", attached("image/png", b'<?xml version="1.0"?><svg onload="x">', 'filename="a.png"'), parts=[("a.png", "image/svg+xml")]),
    case("html-file", attached("text/html", b"<html><script>x</script>", 'filename="a.html"'), parts=[("a.html", "text/html")], part_notes=["to download only"], html=""),
    case("html-as-text", attached("text/plain", b"hello <script>x</script>", 'filename="a.txt"'), parts=[("a.txt", "text/html")]),
    case("zip-is-not-unpacked", attached("application/zip", b"PK\x03\x04" + b"\0" * 30, 'filename="a.zip"'), parts=[("a.zip", "application/zip")]),
    case("word-document", attached("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04" + b"\0" * 30, 'filename="a.docx"'), parts=[("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]),
    case("zip-that-says-picture", attached("image/jpeg", b"PK\x03\x04" + b"\0" * 30, 'filename="a.jpg"'), part_notes=["type says image/jpeg, content is application/zip"]),
    case("sound", attached("audio/x-wav", b"RIFF\x24\0\0\0WAVEfmt ", 'filename="a.wav"'), parts=[("a.wav", "audio/wave")]),
    case("unknown-bytes", attached("application/x-thing", bytes(range(128, 256)), 'filename="a.thing"'), parts=[("a.thing", "application/octet-stream")]),
    case("empty-file", attached("application/pdf", b"", 'filename="a.pdf"'), parts=[("a.pdf", "application/octet-stream")], part_notes=["empty"]),
    case("name-rfc-2231", attached("image/png", PNG, "filename*=utf-8'de'%C3%BCbersicht%20neu.png"), parts=[("übersicht neu.png", "image/png")]),
    case("name-rfc-2231-in-pieces", attached("image/png", PNG, "filename*0*=utf-8''%C3%BCber;\n filename*1=\"sicht\";\n filename*2=.png"), parts=[("übersicht.png", "image/png")]),
    case("name-rfc-2231-latin-1", attached("image/png", PNG, "filename*=iso-8859-1''%FCber.png"), parts=[("über.png", "image/png")]),
    case("name-encoded-word", attached("image/png", PNG, 'filename="=?utf-8?q?=C3=BCber.png?="'), parts=[("über.png", "image/png")]),
    case("name-in-content-type-only", attached('image/png; name="x.png"', PNG), parts=[("x.png", "image/png")]),
    case("name-undeclared-8-bit", whole("", parts(part("text/plain", "w"), b'Content-Type: image/png\r\nContent-Disposition: attachment; filename="\xfcber.png"\r\n\r\n' + PNG)), parts=[("über.png", "image/png")]),
    case("name-with-a-path", attached("image/png", PNG, 'filename="../../etc/x.png"'), parts=[("x.png", "image/png")]),
    case("name-with-a-windows-path", attached("image/png", PNG, 'filename="C:\\\\Users\\\\mia\\\\x.png"'), parts=[("x.png", "image/png")]),
    case("name-with-markup", attached("image/png", PNG, 'filename="<img onerror=x>.png"'), parts=[("_img onerror=x_.png", "image/png")]),
    case("name-that-reads-backwards", attached("image/png", PNG, "filename*=utf-8''a%E2%80%AEgnp.exe"), parts=[("agnp.exe", "image/png")]),
    case("name-of-dots", attached("image/png", PNG, 'filename=".."'), parts=[("file.png", "image/png")]),
    case("name-very-long", attached("image/png", PNG, f'filename="{"a" * 300}.png"'), parts=[("a" * 116 + ".png", "image/png")]),
    case("no-name", attached("image/png", PNG), parts=[("file.png", "image/png")]),
    case("text-file-is-a-file", attached("text/plain", b"line\n", 'filename="log.txt"'), parts=[("log.txt", "text/plain")], text="see file"),
    case("inline-text-with-a-name-is-a-file", whole("", parts(part("text/plain", "words"), part('text/plain; name="log.txt"', "log line", 'Content-Disposition: inline; filename="log.txt"'))), text="words", parts=[("log.txt", "text/plain")]),
    case("footer-of-a-list", whole("List-Id: <a.b>", parts(part("text/plain", "words"), part("text/plain", "-- \nlist footer"))), new_words="words", history="--\nlist footer"),
    case("forwarded-as-attachment", whole("", parts(part("text/plain", "see mail"), part("message/rfc822", "From: tom@other.example\nSubject: Old thing\nContent-Type: text/html\n\n<p>inner</p>\n"))), text="see mail", parts=[("Old thing.eml", "message/rfc822")], html=""),
    case("mail-that-is-only-a-mail", from_mia("Content-Type: message/rfc822", "From: tom@other.example\nSubject: Old\n\ninner\n"), text="", parts=[("Old.eml", "message/rfc822")]),
    case("digest", from_mia('Content-Type: multipart/digest; boundary="d"', "--d\n\nFrom: a@b.example\nSubject: one\n\n1\n--d\n\nSubject: two\n\n2\n--d--\n"), parts=[("one.eml", "message/rfc822"), ("two.eml", "message/rfc822")]),
    case("winmail-dat", attached("application/ms-tnef", b"\x78\x9f\x3e\x22rest", 'filename="winmail.dat"'), parts=[("winmail.dat", "application/ms-tnef")], part_notes=["sealed: Outlook (winmail.dat)"], text="see file", notes=["Outlook (winmail.dat) could not be opened"]),
    case("winmail-dat-by-name", attached("application/octet-stream", b"\x78\x9f\x3e\x22rest", 'filename="winmail.dat"'), part_notes=["sealed: Outlook (winmail.dat)"]),
    case("s-mime-encrypted", from_mia("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64", base64.encodebytes(b"\x30\x82\x01\x00" + b"\xfe" * 20)), text="", new_words="", parts=[("smime.p7m", "application/pkcs7-mime")], part_notes=["sealed: S/MIME"]),
    case("s-mime-signed-opaque", from_mia("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64", base64.encodebytes(b"\x30\x82\x01\x00" + b"\xfe" * 20)), part_notes=["sealed: S/MIME (signed)"]),
    case("s-mime-signed-clear", whole("", parts(part("text/plain", "signed words"), part("application/pkcs7-signature; name=smime.p7s", b"MAA=", "Content-Transfer-Encoding: base64"), kind="signed")), text="signed words", part_notes=["a signature, not checked"]),
    case("pgp-encrypted", whole("", parts(part("application/pgp-encrypted", "Version: 1\n"), part("application/octet-stream; name=encrypted.asc", ARMOUR), kind="encrypted", more='; protocol="application/pgp-encrypted"')), text="", parts=[("encrypted.asc", "application/pgp-encrypted")], part_notes=["sealed: PGP"], notes=["encrypted"]),
    case("pgp-signed", whole("", parts(part("text/plain", "signed words"), part("application/pgp-signature; name=signature.asc", "-----BEGIN PGP SIGNATURE-----\nx\n"), kind="signed")), text="signed words", parts=[("signature.asc", "application/pgp-signature")]),
    case("pgp-armour-in-the-text", from_mia("", "Hello\n\n" + ARMOUR), text="Hello", parts=[("encrypted.asc", "application/pgp-encrypted")], part_notes=["sealed: PGP"]),
    case("pgp-clear-signed", from_mia("", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nmy words\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\n"), text="my words", parts=[], notes=["signed with PGP"]),
    case("uuencoded-part", whole("", parts(part("text/plain", "w"), part('application/pdf; name="a.pdf"', b"begin 644 a.pdf\n%)5!$1BT \n`\nend\n", "Content-Transfer-Encoding: x-uuencode"))), contents=[b"%PDF-"]),
    case("base64-damaged-file", whole("", parts(part("text/plain", "w"), part('image/png; name="a.png"', base64.b64encode(PNG)[:-3], "Content-Transfer-Encoding: base64"))), parts=[("a.png", "image/png")], part_notes=["its base64 is damaged, read as far as it goes"]),
    case("content-id-kept", whole("", parts(part("text/html", '<img src="cid:x@y">'), part("image/png", PNG, "Content-ID: <x@y>"), kind="related")), html_has='data-src="part:0"'),
    case("contact-card", attached("text/vcard", b"BEGIN:VCARD\nEND:VCARD\n", 'filename="mia.vcf"'), parts=[("mia.vcf", "text/vcard")]),
    case("external-body", whole("", parts(part("text/plain", "w"), part('message/external-body; access-type=URL; URL="http://x.example/"', "Content-Type: image/png\n"))), text="w", parts=[("file.txt", "text/plain")]),
    case("partial", from_mia('Content-Type: message/partial; number=1; total=2; id="x"', "Subject: whole\n\nhalf\n"), parts=[("file.txt", "text/plain")], text=""),
    case("unsafe-page", from_mia("Content-Type: text/html", '<meta http-equiv=refresh content="0;url=x"><base href=x><style>p{}</style><p style="position:fixed;top:0;color:red" onclick=x>hi</p><script>x</script><form action=x><input></form><svg onload=x></svg><math><mi></math><iframe src=x></iframe><a href="javascript:x">j</a><a href="data:text/html,x">d</a><img src=http://t.example/p.gif onerror=x><object data=x></object>'), html_lacks=["<script", "onclick", "onerror", "onload", "position", "<form", "<input", "<meta", "<base", "<svg", "<math", "<iframe", "javascript:", "data:text", " src=", "<object"], html_has='data-src="http://t.example/p.gif"'),
    case("link", from_mia("Content-Type: text/html", '<a href="https://x.example/">x</a>'), html_has='rel="noopener noreferrer nofollow"'),
    case("pgp-armour-twice", from_mia("", f"one\n{ARMOUR}two\n{ARMOUR}three\n"), text="one\n\ntwo\n\nthree", parts=[("encrypted.asc", "application/pgp-encrypted")] * 2),
    case("pgp-armour-never-closed", from_mia("", "one\n-----BEGIN PGP MESSAGE-----\nabc\n"), text="one", contents=[b"-----BEGIN PGP MESSAGE-----\nabc\n"]),
    case("parts-in-parts-forty-deep", from_mia("Content-Type: multipart/mixed; boundary=b0", "--b0\n" + "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1, 40)) + "\nthe words\n"), text="the words", parts=[]),
    case("pgp-armour-very-often", from_mia("", f"one\n{ARMOUR * 50}"), text="one", parts=[("encrypted.asc", "application/pgp-encrypted")] * 20),
]  # fmt: skip
