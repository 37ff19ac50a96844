"""What hostile files cost another user: `python -m tests.measure_hostile`, to be run by hand on a quiet machine.

Starts the real chat on a port of this machine, asks a question again and again, and meanwhile has another client add
one hostile file after the other. Prints, for each: its size, how long adding it took and how it ended, the slowest
answer meanwhile beside the slowest of an idle server, and the most memory of the server with its workers. Then a page
that is slow to draw is shown in one browser while another asks. Takes about four minutes.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx

from tests import hostile

DOCUMENTS = Path(__file__).parents[1] / "eval" / "gold" / "documents"
QUESTION = {"question": "How long is the compressor under warranty?"}
FILES: dict[str, Callable[[], bytes]] = {
    "many_cells.xlsx": hostile.many_cells_xlsx,
    "self_drawing.pdf": hostile.self_drawing_pdf,
    "nested_forms.pdf": hostile.nested_forms_pdf,
    "style_chain.docx": hostile.style_chain_docx,
    "field_codes.docx": hostile.field_codes_docx,
    "far_cells.xlsx": hostile.far_cells_xlsx,
    "slow_to_draw.pdf": hostile.slow_to_draw_pdf,
}


def family(pid: int) -> list[int]:
    """The process and all below it."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = [pid]
    for each in found:
        found += [child for child, parent in pairs if parent == each]
    return found


def memory(pid: int) -> int:
    """MB in memory of the process and all below it."""
    kilobytes = 0
    for each in family(pid):
        with suppress(OSError, AttributeError):
            status = Path(f"/proc/{each}/status").read_text()
            kilobytes += int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]
    return kilobytes // 1024


def ask(http: httpx.Client) -> float:
    """Seconds to an answer."""
    began = time.perf_counter()
    http.post("/api/ask", json=QUESTION).raise_for_status()
    return time.perf_counter() - began


def measure(http: httpx.Client, pid: int, work: Callable[[], None]) -> tuple[float, float, int]:
    """Seconds of the work, of the slowest answer meanwhile, and the most memory."""
    thread = threading.Thread(target=work, daemon=True)
    began, slowest, most = time.perf_counter(), 0.0, 0
    thread.start()
    while thread.is_alive():
        slowest = max(slowest, ask(http))
        most = max(most, memory(pid))
        time.sleep(0.1)
    return time.perf_counter() - began, slowest, most


def add(address: str, name: str, data: bytes, ended: dict[str, str]) -> None:
    """Add a file and note how it ended."""
    reply = httpx.post(f"{address}/api/documents", files={"files": (name, data)}, timeout=120)
    ended[name] = "added" if reply.is_success else f"{reply.status_code} {reply.json().get('error', '')}"


def show_slow_page(address: str) -> None:
    """Have a browser show the page that is slow to draw, and wait until it does or says why not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("textbox").first.fill("When does the ferry leave?")
        page.keyboard.press("Enter")
        page.locator(".source-text, .source-pages").first.wait_for(timeout=60_000)
        browser.close()


def main() -> None:
    """Run it all and print a table."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        code = "import sys; from ui.cli import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "chat", str(DOCUMENTS), "--library", f"{folder}/library"]
        server = subprocess.Popen([*command, "--port", str(port), "--no-browser"], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout
            server.stdout.readline()
            with httpx.Client(base_url=address, timeout=120) as http:
                ask(http)
                idle = max(ask(http) for _ in range(20))
                print(f"idle: slowest of 20 answers {idle:.2f} s, memory {memory(server.pid)} MB")
                ended: dict[str, str] = {}
                for name, make in FILES.items():
                    data = make()
                    seconds, slowest, most = measure(
                        http,
                        server.pid,
                        lambda name=name, data=data: add(address, name, data, ended),  # type: ignore[misc]
                    )
                    row = {"file": name, "bytes": len(data), "seconds": round(seconds, 1), "ended": ended[name]}
                    print(json.dumps({**row, "slowest answer": round(slowest, 2), "most MB": most}), flush=True)
                seconds, slowest, most = measure(http, server.pid, lambda: show_slow_page(address))
                row = {"drawing slow_to_draw.pdf": round(seconds, 1), "slowest answer": round(slowest, 2)}
                print(json.dumps({**row, "most MB": most}))
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
