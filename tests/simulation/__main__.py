"""`python -m tests.simulation --seeds 100 --from 1`: fresh worlds, one after the other, until one is red."""

import argparse
import sys
import time
import traceback

from tests.simulation.run import run_world


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--mode", choices=("safety", "liveness", "both"), default="both")
    parser.add_argument("--keep-going", action="store_true", help="count red seeds instead of stopping at the first")
    parser.add_argument("--verbose", action="store_true")
    asked = parser.parse_args()
    modes = ("safety", "liveness") if asked.mode == "both" else (asked.mode,)
    began, worlds, contacts, hours, red = time.monotonic(), 0, 0, 0.0, 0
    for seed in range(asked.first, asked.first + asked.seeds):
        for mode in modes:
            try:
                result = run_world(seed, mode)
            except Exception as problem:
                red += 1
                print(f"RED seed {seed} {mode}: {problem}", flush=True)
                if not asked.keep_going:
                    traceback.print_exc()
                    return 1
                continue
            worlds, contacts, hours = worlds + 1, contacts + result.contacts, hours + result.hours
            if asked.verbose:
                print(f"{mode} {result}", flush=True)
        if sys.stderr.isatty() or (seed - asked.first) % 50 == 49:
            spent = time.monotonic() - began
            rate = worlds / spent * 3600
            print(
                f"seed {seed}: {worlds} worlds, {contacts} contacts, {hours:.0f} hours in {spent:.0f} s, "
                f"{rate:.0f} worlds/h, {red} red",
                file=sys.stderr,
                flush=True,
            )
    spent = time.monotonic() - began
    print(f"{worlds} worlds, {contacts} contacts, {hours:.0f} simulated hours, {red} red, {spent:.1f} s")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
