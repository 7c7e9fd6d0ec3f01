"""The sandbox: a local emulator of the telephone network, so that demo and tests need no account with anybody.

It speaks the provider's REST and webhook protocol (signed) for SMS, WhatsApp and voice, and gives simulated phones with
a web page and an API. `core.Sandbox` is free of I/O; `server` puts it on a socket. What it does not emulate it refuses
with words.
"""
