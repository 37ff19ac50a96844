"""Where a server may listen, and what it is called. Imports nothing heavy, so that a bad address is told at once."""

import re
import socket
import sys
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from index.errors import FootnoteError
from ui.auth import Users

_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^\[\]:]+))(?::[0-9]*)?")
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def network(address: str) -> str:
    """An address; of IPv6 the network, since a machine has all addresses in it."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) and not ip.ipv4_mapped else str(ip)


def own_names(host: str, allowed: Sequence[str] = ()) -> frozenset[str]:
    """What a server that listens there may be called, in lower case. Raises FootnoteError for a name that is none."""
    for name in allowed:
        if not _NAME.fullmatch(name) and not _is_address(name):
            raise FootnoteError(f"{name!r} is not the name of a host; name one as in: --allow-host docs.example")
    names = {"localhost", "127.0.0.1", "::1", host.strip("[]"), *allowed}
    if not is_loopback(host):
        names.add(socket.gethostname())
    return frozenset(name.lower().strip("[]") for name in names if name)


def called(header: str) -> str:
    """The name in a Host header, without its port; empty where it is not written as one."""
    found = _HOST.fullmatch(header.lower())
    return (found["address"] or found["name"]) if found else ""


def reached_at(server: Sequence[object] | None) -> str:
    """The address of this machine at which a connection came in, as a browser writes it; empty where none is known."""
    try:
        ip = ip_address(str(server[0]).partition("%")[0]) if server else None
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip or "")


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name.strip("[]")))
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
