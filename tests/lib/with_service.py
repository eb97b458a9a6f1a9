# SPDX-License-Identifier: Apache-2.0
"""Run a program that tests a service which it does not start itself.

usage: with_service.py SERVICE LOG COMMAND [ARGUMENT...]

Starts SERVICE on a free port, runs the command with the URL as its last argument,
and stops the service. LOG gets the stderr of the service. Exit status 0 if the
command succeeded and the service neither complained nor failed.
"""

import subprocess
import sys
from pathlib import Path

from service import Service


def main() -> int:
    program, log, *command = sys.argv[1:]
    with Service(program, Path(log), "-log-level=info") as service:
        status = subprocess.run([*command, service.url]).returncode
        faults = [*service.stop(), *service.complaints()]
    for fault in faults:
        print(fault)
    return status or int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
