import os
import socket

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", "2001:db8::1"])
def test_nothing_leaves_the_machine(host: str, outbound: list[str]) -> None:
    with pytest.raises(RuntimeError, match="outside this machine"):
        socket.create_connection((host, 80), timeout=0.1)
    with socket.socket() as client:
        for connect in (client.connect, client.connect_ex):
            with pytest.raises(RuntimeError, match="outside this machine"):
                connect((host, 80))
    assert outbound == [host] * 3
    outbound.clear()


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        server.accept()[0].close()
        assert client.getpeername() == server.getsockname()


def test_the_hub_is_off() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
