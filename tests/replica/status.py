# SPDX-License-Identifier: Apache-2.0
"""Print what instances of one topic say of themselves, and whether they show the
same: each is asked for the rockets at the highest position of all.

usage: status.py [--token-file=FILE] [--ca-file=FILE] URL...
"""

import argparse
import hashlib
import json
import ssl
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

SECONDS = 3


@dataclass(frozen=True)
class Access:
    """What it takes to ask instances that have tokens or TLS."""

    fields: dict[str, str]
    tls: Optional[ssl.SSLContext]


def get(url: str, access: Access, position: Optional[int] = None) -> tuple[int, bytes, str]:
    """Status, body and ETag; status 0 if there is no answer."""
    request = urllib.request.Request(url, headers=access.fields)
    if position is not None:
        request.add_header("Lunar-After", str(position))
    try:
        with urllib.request.urlopen(request, timeout=SECONDS, context=access.tls) as answer:
            return answer.status, answer.read(), answer.headers.get("ETag", "")
    except urllib.error.HTTPError as error:
        return error.code, error.read(), ""
    except OSError:
        return 0, b"", ""


def health_of(url: str, access: Access) -> dict[str, Any]:
    """An empty one if there is no answer."""
    status, body, _ = get(url + "/health", access)
    try:
        found: dict[str, Any] = json.loads(body) if status else {}
    except ValueError:
        found = {}
    return found


def read_flags() -> tuple[list[str], Access]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--token-file", type=Path)
    parser.add_argument("--ca-file", type=Path)
    parser.add_argument("urls", nargs="+")
    flags = parser.parse_args()
    fields = {"Authorization": f"Bearer {flags.token_file.read_text().strip()}"} \
        if flags.token_file else {}
    tls = ssl.create_default_context(cafile=flags.ca_file) if flags.ca_file else None
    return flags.urls, Access(fields, tls)


def main() -> int:
    urls, access = read_flags()
    with ThreadPoolExecutor(len(urls)) as pool:
        healths = list(pool.map(lambda url: health_of(url, access), urls))
        positions = [health.get("replica", {}).get("position") for health in healths]
        highest = max((position for position in positions if position is not None), default=0)
        ready = list(pool.map(lambda url: get(url + "/health/ready", access)[0] == 200, urls))
        shown = list(pool.map(lambda url: get(url + "/rockets", access, highest), urls))
    print(f"\n{'instance':24}{'state':12}{'position':>12}{'lag':>9}{'rockets':>10}  rockets at {highest}")
    sums = []
    for url, health, is_ready, (status, body, tag) in zip(urls, healths, ready, shown):
        replica = health.get("replica", {})
        state = "ready" if is_ready else "halted" if replica.get("halted") else \
            "not ready" if health else "no answer"
        if status == 200:
            sums.append((tag, hashlib.sha256(body).hexdigest()[:12]))
            count, digest = str(len(json.loads(body))), sums[-1][1]
        else:
            count, digest = "-", "-"
        print(f"{url:24}{state:12}{replica.get('position', '-'):>12}"
              f"{replica.get('lagSeconds', '-'):>9}{count:>10}  {digest}")
        if replica.get("halted"):
            print(f"  {replica['halted']}")
    if not sums:
        print("no instance answers")
    elif len({digest for _, digest in sums}) == 1:
        print(f"{len(sums)} of {len(urls)} answer, and show the same")
    elif len({tag for tag, _ in sums}) > 1:
        print("messages arrive: ask again when none do")
    else:
        print("THEY DIFFER")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
