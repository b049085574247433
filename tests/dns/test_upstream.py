"""Which resolvers the machine has, and asking them."""

from pathlib import Path

from minisets.dns.upstream import Resolver, Upstream, resolvers


def test_the_resolvers_are_those_of_the_file_in_order(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# text\nsearch example.com\nnameserver 192.0.2.1\nnameserver\nnameserver 192.0.2.2\n")
    assert resolvers(file) == (Resolver("192.0.2.1", 53), Resolver("192.0.2.2", 53))


def test_ourselves_ipv6_and_repetitions_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.213.0.1\nnameserver fd00::1\nnameserver 192.0.2.1\nnameserver 192.0.2.1\n")
    assert resolvers(file, without="10.213.0.1") == (Resolver("192.0.2.1"),)


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert resolvers(tmp_path / "missing") == ()


def test_after_the_close_nobody_is_asked() -> None:
    upstream = Upstream([Resolver("127.0.0.1", 9)])
    upstream.close()
    assert upstream.ask(b"\0\1", stream=False) is None
    assert upstream.ask(b"\0\1", stream=True) is None
    upstream.release()
