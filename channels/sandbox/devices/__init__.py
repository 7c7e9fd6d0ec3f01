"""Devices with one button at the sandbox: they press, show a code, sign once they are paired, and read what stands."""
