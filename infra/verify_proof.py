"""Checks a proof of liabilities, offline, with the standard library only.

    python -m infra.verify_proof FILE [--public-key HEX]

FILE is what ``GET /api/v2/user/reserve_proof?currency=BTC`` answered, the whole answer or its ``data``. With
--public-key (as published at ``/api/v2/btc/reserve_root``) the signature must be by that very key.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from chalicelib.core.money import to_decimal
from chalicelib.core.reserves import Invalid, check


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one file; 0 if it proves what it says."""
    parser = argparse.ArgumentParser(prog="python -m infra.verify_proof", description="Check a proof of liabilities.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--public-key", help="the published key, in hex")
    chosen = parser.parse_args(arguments)
    try:
        content = json.loads(chosen.file.read_bytes())
        proof = content["data"] if isinstance(content, dict) and "data" in content else content
        said = check(proof)
        if chosen.public_key and proof["public_key"] != chosen.public_key:
            raise Invalid("signed by another key than the published one")
    except (OSError, ValueError) as error:
        print(f"INVALID: {error}", file=sys.stderr)
        return 1
    balance, total = to_decimal(int(proof["leaf"]["balance"])), to_decimal(int(said["sum"]))
    print(
        f"valid: {proof['leaf']['uid']} is owed {balance:f} {said['asset']}, one of {said['count']} accounts, "
        f"to which {total:f} are owed in all, at {said['at']} ms\n"
        f"signed by {proof['public_key']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
