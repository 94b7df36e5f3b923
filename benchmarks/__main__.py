"""`make bench`: everything that README's performance tables are made of, measured in one run."""

import argparse
import asyncio

from benchmarks import clients, flow, requests, whole

_PARTS = {
    "requests": lambda count: requests.run(count),
    "flow": lambda _: flow.run(),
    "clients": lambda _: clients.run(),
    "whole": lambda _: whole.run(),
}


def main() -> None:
    """Run the benchmarks, all by default."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], help="what to measure")
    parser.add_argument("--requests", type=int, default=4000, help="requests per figure")
    chosen = parser.parse_args()
    for part in chosen.parts or _PARTS:
        asyncio.run(_PARTS[part](chosen.requests))


if __name__ == "__main__":
    main()
