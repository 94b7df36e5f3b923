"""`make bench`: everything that README's performance tables are made of, measured in one run."""

import asyncio
import sys

from benchmarks import requests


def main() -> None:
    """Run the benchmarks; an argument gives the number of requests per figure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    requests.show(asyncio.run(requests.run(count)))


if __name__ == "__main__":
    main()
