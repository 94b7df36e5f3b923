"""`make bench`: everything that README's performance tables are made of, measured in one run."""

import argparse
import asyncio

from benchmarks import clients, flow, invoices, lists, money, monthly, requests, whole

_PARTS = ("requests", "flow", "clients", "lists", "invoices", "monthly", "money", "whole")


def main() -> None:
    """Run the benchmarks, all by default."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure: {', '.join(_PARTS)}; all by default")
    parser.add_argument("--requests", type=int, default=4000, help="requests per figure")
    parser.add_argument("--contracts", type=int, default=10_000, help="contracts of the monthly run")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(_PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    runs = {
        "requests": lambda: requests.run(chosen.requests),
        "flow": flow.run,
        "clients": clients.run,
        "lists": lists.run,
        "invoices": invoices.run,
        "monthly": lambda: monthly.run(chosen.contracts),
        "money": money.run,
        "whole": whole.run,
    }
    for part in chosen.parts or _PARTS:
        asyncio.run(runs[part]())


if __name__ == "__main__":
    main()
