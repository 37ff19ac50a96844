"""Where a server may listen. Imports nothing heavy, so that a bad address is told at once."""

import socket
import sys
from ipaddress import ip_address

from index.errors import FootnoteError
from ui.auth import Users


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_free_port(host: str, port: int) -> None:
    """Raises FootnoteError when nothing can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise FootnoteError(
                f"Footnote cannot listen on {host}, port {port} ({getattr(error, 'strerror', None) or error}); "
                "stop the program that uses it or choose another with --port."
            ) from error


def warn_if_open(host: str, users: Users | None) -> None:
    """Say on standard error when others than this machine's users can get in."""
    if users is None and not is_loopback(host):
        sentence = f"anyone who can reach {host} can read, add and remove documents; --auth FILE asks for passwords."
        print(f"footnote: {sentence}", file=sys.stderr)
