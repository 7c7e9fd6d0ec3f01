"""Writes a corpus of rightly signed webhooks, each different, and a wrk script that sends each once.

    python corpus.py http://127.0.0.1:8099/durable OUT_FOLDER [--kind text|call] [--count 200000] [--people 20000] [--token TOKEN] [--to NUMBER]

Incoming texts, or incoming calls. Each person comes several times, so most belong to somebody already known. OUT_FOLDER
gets requests.tsv and post.lua.
"""

import argparse
import base64
import hashlib
import hmac
import random
from pathlib import Path
from urllib.parse import urlencode, urlsplit

WORDS = "thermostat bill order heating cold code E42 again please call me after three letter refund late broken still waiting invoice login".split()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", choices=("text", "call"), default="text")
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--token", default="sandbox-auth-token")
    parser.add_argument("--account", default="AC" + "0" * 32)
    parser.add_argument("--to", default="+14155550100")
    args = parser.parse_args()
    chance = random.Random(1)
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "requests.tsv").open("w") as out:
        for n in range(args.count):
            fields = text(n, chance, args) if args.kind == "text" else call(n, chance, args)
            signed = args.url + "".join(k + v for k, v in sorted(fields.items()))
            signature = base64.b64encode(hmac.new(args.token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
            out.write(f"{signature}\t{urlencode(fields)}\n")
    (args.out / "post.lua").write_text(f'''
local items, n = {{}}, 0
for line in io.lines("{args.out.resolve()}/requests.tsv") do items[#items + 1] = line end
request = function()
  n = n + 1
  if n > #items then n = 1 end
  local signature, body = items[n]:match("([^\\t]+)\\t(.+)")
  return wrk.format("POST", "{urlsplit(args.url).path}", {{["Content-Type"] = "application/x-www-form-urlencoded", ["X-Twilio-Signature"] = signature}}, body)
end
''')


def text(n: int, chance: random.Random, args: argparse.Namespace) -> dict[str, str]:
    sid = f"SM{n:032x}"
    return {
        "AccountSid": args.account,
        "ApiVersion": "2010-04-01",
        "Body": " ".join(chance.choices(WORDS, k=12)),
        "From": f"+1415{2_000_000 + chance.randrange(args.people)}",
        "FromCity": "SAN FRANCISCO",
        "FromCountry": "US",
        "FromState": "CA",
        "FromZip": "94103",
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": args.to,
        "ToCity": "",
        "ToCountry": "US",
        "ToState": "CA",
        "ToZip": "",
    }


def call(n: int, chance: random.Random, args: argparse.Namespace) -> dict[str, str]:
    number = f"+1415{2_000_000 + chance.randrange(args.people)}"
    return {
        "AccountSid": args.account,
        "ApiVersion": "2010-04-01",
        "CallSid": f"CA{n:032x}",
        "CallStatus": "ringing",
        "CallToken": '{"parentCallInfoToken":"none"}',
        "Called": args.to,
        "CalledCity": "",
        "CalledCountry": "US",
        "CalledState": "CA",
        "CalledZip": "",
        "Caller": number,
        "CallerCity": "SAN FRANCISCO",
        "CallerCountry": "US",
        "CallerState": "CA",
        "CallerZip": "94103",
        "Direction": "inbound",
        "From": number,
        "FromCity": "SAN FRANCISCO",
        "FromCountry": "US",
        "FromState": "CA",
        "FromZip": "94103",
        "StirVerstat": "TN-Validation-Passed-A",
        "To": args.to,
        "ToCity": "",
        "ToCountry": "US",
        "ToState": "CA",
        "ToZip": "",
    }


if __name__ == "__main__":
    main()
