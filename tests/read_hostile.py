"""Reads each hostile file in a process of its own; prints the seconds, the megabytes and what came of it as JSON."""

import json
import os
import resource
import sys

from tests.hostile import CASES
from tests.mutations import read


def measure(name: str) -> tuple[float, float, int]:
    """The processor time, the peak memory and the status of a process that reads the file."""
    data = CASES[name]()
    process = os.fork()
    if not process:
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
        status = 2
        try:
            status = int(not read(name, data))
        finally:
            os._exit(status)
    _, status, used = os.wait4(process, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    read("warm.html", b"<p>up</p>")
    json.dump({name: measure(name) for name in sys.argv[1:] or CASES}, sys.stdout)
