"""Many people at once: a real `footnote chat` on this machine, each client asking, waiting a little and asking again.

    python -m tests.load_chat --clients 32 --seconds 120

Every client has an address of its own in 127.0.0.0/8, so the server tells them apart (Linux). Prints the times of each
client, then of all: how many questions were answered, refused (429 and 503) and failed, the worst p95 against the
median of all, and the server's memory. It ends by itself after these seconds and the answers that are still due.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

FOOTNOTE = [sys.executable, "-c", "import sys; from ui.cli import main; sys.exit(main())"]
DOCUMENTS = "eval/gold/documents"
QUESTIONS = [
    "Which city will host EXPO 2017?",
    "How long is the compressor under warranty?",
    "How much does the HP-260 weigh when empty?",
    "Who led the Kazakh team in the talks below ministerial level?",
    "What is the price of crude oil in Norway?",
    "How many days of notice does the lease ask for?",
]
TIMEOUT = 180.0
MOST_CLIENTS, MOST_SECONDS = 200, 600


class Client:
    """Somebody who asks, and how long each answer took."""

    def __init__(self, number: int, url: str, pause: float) -> None:
        self.seconds: list[float] = []
        self.statuses: Counter[int | str] = Counter()
        self._random, self._pause, self._url = random.Random(number), pause, url
        self._address = f"127.0.{1 + number // 250}.{1 + number % 250}"

    def ask_until(self, end: float) -> None:
        """Ask, think for a moment, and ask again, until the end."""
        transport = httpx.HTTPTransport(local_address=self._address)
        with httpx.Client(base_url=self._url, transport=transport, timeout=TIMEOUT) as http:
            while time.monotonic() < end:
                began = time.monotonic()
                status: int | str
                try:
                    response = http.post("/api/ask", json={"question": self._random.choice(QUESTIONS)})
                    status = response.status_code
                except httpx.HTTPError as error:
                    response, status = None, type(error).__name__
                self.statuses[status] += 1
                if status == 200:
                    self.seconds.append(time.monotonic() - began)
                elif response is not None and "retry-after" in response.headers:
                    time.sleep(float(response.headers["retry-after"]))
                time.sleep(self._random.uniform(0, 2 * self._pause))


def percentile(seconds: list[float], share: float) -> float:
    """The time within which this share of them was; nan for none."""
    return sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else float("nan")


def megabytes(process: int) -> float:
    """What a process has in memory."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> int:
    """Run it; the exit code is 1 when a question failed or somebody waited over three times the median."""
    parser = argparse.ArgumentParser(prog="python -m tests.load_chat", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two questions, on average")
    parser.add_argument("--port", type=int, default=7908)
    args = parser.parse_args()
    if not (1 <= args.clients <= MOST_CLIENTS and 1 <= args.seconds <= MOST_SECONDS):
        parser.error(f"expected up to {MOST_CLIENTS} clients and {MOST_SECONDS} seconds")
    with tempfile.TemporaryDirectory() as folder:
        command = ["chat", DOCUMENTS, "--library", folder, "--port", str(args.port), "--no-browser"]
        with subprocess.Popen([*FOOTNOTE, *command], stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                if not server.stdout.readline().startswith("Footnote is at"):
                    return 2
                clients = [Client(n, f"http://127.0.0.1:{args.port}", args.pause) for n in range(args.clients)]
                return _run(clients, args.seconds, server.pid)
            finally:
                server.terminate()


def _run(clients: list[Client], seconds: float, server: int) -> int:
    before = megabytes(server)
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=client.ask_until, args=(end,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [second for client in clients for second in client.seconds]
    statuses = sum((client.statuses for client in clients), Counter[int | str]())
    for number, client in enumerate(clients, start=1):
        p50, p95 = percentile(client.seconds, 0.5), percentile(client.seconds, 0.95)
        print(f"client {number:3}  answers {len(client.seconds):4}  p50 {p50:6.2f} s  p95 {p95:6.2f} s")
    median = statistics.median(everything) if everything else float("nan")
    worst = max(percentile(client.seconds, 0.95) for client in clients)
    refused = statuses[429] + statuses[503]
    failed = statuses.total() - statuses[200] - refused
    print(f"all: {len(everything)} answers, {refused} refused, {failed} failed {dict(statuses)}")
    print(f"median {median:.2f} s, p95 {percentile(everything, 0.95):.2f} s, worst client's p95 {worst:.2f} s")
    print(f"memory {before:.0f} MB before, {megabytes(server):.0f} MB after")
    return 0 if not failed and not refused and worst <= 3 * median else 1


if __name__ == "__main__":
    sys.exit(main())
