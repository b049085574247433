"""The server over real sockets on loopback."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from dnslib import QTYPE, RCODE, DNSHeader, DNSQuestion, DNSRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from minisets.dns.feed import zone_of
from minisets.dns.server import DnsServer
from minisets.dns.upstream import Resolver
from minisets.dns.zone import Zone
from minisets.errors import MinisetsError
from tests.dns.resolver import FakeResolver, answers, ask, ask_by_tcp, send
from tests.dns.zones import NGINX, SETTINGS, endpoint, service, slice_of, web
from tests.waiting import until

AT_ONCE, LONG = timedelta(seconds=20), timedelta(minutes=1)
Serve = Callable[..., DnsServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:

        def start(zone: Zone | None = None, *upstream: Resolver) -> DnsServer:
            server = DnsServer("127.0.0.1", 0, upstream, zone or web())
            stack.callback(server.stop)
            return server.start()

        yield start


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For resolvers and idle connections: far longer than what comes at once takes on any machine."""
    monkeypatch.setattr("minisets.dns.upstream.WITHIN", LONG)
    monkeypatch.setattr("minisets.dns.server._TCP_IDLE", LONG)


def crowd(size: int) -> Zone:
    """A zone whose service has so many pods."""
    pods = [endpoint(f"10.213.64.{number + 1}", f"web-{number}") for number in range(size)]
    return zone_of([service("nginx")], [slice_of("nginx", *pods)], SETTINGS, 1)


def connected(server: DnsServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=AT_ONCE.total_seconds())


def test_a_pods_name_is_answered_with_authority_and_a_short_life(serve: Serve) -> None:
    reply = ask(serve().port, f"web-1.{NGINX}")
    assert answers(reply) == [f"web-1.{NGINX}. 5 IN A 10.213.64.2"]
    assert (reply.header.aa, reply.header.ra, reply.header.rcode) == (1, 1, RCODE.NOERROR)


def test_a_service_is_answered_with_all_its_pods_in_turns(serve: Serve) -> None:
    port = serve().port
    firsts = {answers(ask(port, NGINX))[0] for _ in range(64)}
    assert firsts == {f"{NGINX}. 5 IN A 10.213.64.1", f"{NGINX}. 5 IN A 10.213.64.2"}


def test_a_name_that_is_not_there_comes_with_how_long_to_remember_it(serve: Serve) -> None:
    reply = ask(serve().port, f"web-9.{NGINX}")
    assert (reply.header.rcode, reply.header.aa, reply.rr) == (RCODE.NXDOMAIN, 1, [])
    (authority,) = reply.auth
    assert (QTYPE[authority.rtype], authority.ttl, authority.rdata.times[4]) == ("SOA", 5, 5)


def test_an_ipv6_question_is_nodata(serve: Serve) -> None:
    reply = ask(serve().port, f"web-0.{NGINX}", "AAAA")
    assert (reply.header.rcode, reply.header.aa, reply.rr) == (RCODE.NOERROR, 1, [])


def test_the_question_comes_back_in_the_case_in_which_it_was_asked(serve: Serve) -> None:
    reply = ask(serve().port, f"WEB-1.{NGINX}")
    assert str(reply.q.qname) == f"WEB-1.{NGINX}."
    assert reply.header.rcode == RCODE.NOERROR


def test_a_new_zone_is_answered_from_at_once(serve: Serve) -> None:
    server = serve()
    server.publish(zone_of([], [], SETTINGS, 8))
    assert ask(server.port, f"web-1.{NGINX}").header.rcode == RCODE.NXDOMAIN


def test_a_question_for_servers_brings_their_addresses(serve: Serve) -> None:
    reply = ask(serve().port, f"_web._tcp.{NGINX}", "SRV")
    assert sorted(answers(reply)) == [
        f"_web._tcp.{NGINX}. 5 IN SRV 0 50 80 web-0.{NGINX}.",
        f"_web._tcp.{NGINX}. 5 IN SRV 0 50 80 web-1.{NGINX}.",
    ]
    assert sorted(str(extra.rdata) for extra in reply.ar) == ["10.213.64.1", "10.213.64.2"]


def test_before_the_first_zone_every_question_fails_and_goes_nowhere() -> None:
    """Nobody knows yet which names are ours; NXDOMAIN, or Docker's answer, would be remembered."""
    with FakeResolver() as elsewhere:
        server = DnsServer("127.0.0.1", 0, (elsewhere.resolver,)).start()
        try:
            for name in (f"web-1.{NGINX}", "web-1", "web-1.minisets", "example.com"):
                assert ask(server.port, name).header.rcode == RCODE.SERVFAIL
            server.publish(web())
            assert answers(ask(server.port, f"web-1.{NGINX}"))
        finally:
            server.stop()
    assert elsewhere.asked == []


# --- sizes ---


def test_a_long_answer_is_cut_and_comes_whole_by_tcp(serve: Serve) -> None:
    server = serve(crowd(100))
    cut = ask(server.port, NGINX)
    assert (cut.header.tc, cut.header.aa, len(cut.rr)) == (1, 1, 0)
    assert str(cut.q.qname) == f"{NGINX}."
    with connected(server) as connection:
        whole = ask_by_tcp(connection, NGINX)
    assert (whole.header.tc, len(whole.rr)) == (0, 100)


def test_a_client_that_takes_more_gets_more(serve: Serve) -> None:
    """40 addresses: more than 512 bytes, less than 1232."""
    server = serve(crowd(40))
    assert ask(server.port, NGINX).header.tc == 1
    reply = ask(server.port, NGINX, edns=4096)
    assert (reply.header.tc, len(reply.rr)) == (0, 40)
    assert [QTYPE[extra.rtype] for extra in reply.ar] == ["OPT"]


def test_nobody_gets_more_by_udp_than_passes_everywhere(serve: Serve) -> None:
    assert ask(serve(crowd(100)).port, NGINX, edns=65000).header.tc == 1


def test_several_questions_go_over_one_connection(serve: Serve) -> None:
    with connected(serve()) as connection:
        assert len(ask_by_tcp(connection, NGINX).rr) == 2
        assert ask_by_tcp(connection, f"web-9.{NGINX}").header.rcode == RCODE.NXDOMAIN


# --- elsewhere ---


@pytest.mark.usefixtures("long_waits")
def test_other_names_are_asked_of_the_machines_resolver(serve: Serve) -> None:
    with FakeResolver() as elsewhere:
        reply = ask(serve(None, elsewhere.resolver).port, "example.com")
    assert answers(reply) == ["example.com. 60 IN A 192.0.2.1"]
    assert reply.header.aa == 0
    assert elsewhere.asked == ["example.com. A"]


@pytest.mark.usefixtures("long_waits")
def test_other_names_are_asked_by_tcp_when_they_came_by_tcp(serve: Serve) -> None:
    with FakeResolver() as elsewhere, connected(serve(None, elsewhere.resolver)) as connection:
        assert answers(ask_by_tcp(connection, "example.com")) == ["example.com. 60 IN A 192.0.2.1"]


def test_our_names_never_leave(serve: Serve) -> None:
    with FakeResolver() as elsewhere:
        port = serve(None, elsewhere.resolver).port
        for name in ("web-0", "web-0.minisets", f"web-9.{NGINX}", "9.64.213.10.in-addr.arpa"):
            assert ask(port, name).header.rcode == RCODE.NXDOMAIN
    assert elsewhere.asked == []


@pytest.mark.usefixtures("long_waits")
def test_the_next_resolver_is_asked_when_one_refuses(serve: Serve) -> None:
    with FakeResolver() as gone:
        nobody = gone.resolver
    with FakeResolver() as elsewhere:
        reply = ask(serve(None, nobody, elsewhere.resolver).port, "example.com")
    assert answers(reply) == ["example.com. 60 IN A 192.0.2.1"]


def test_without_a_resolver_other_names_fail(serve: Serve) -> None:
    assert ask(serve().port, "example.com").header.rcode == RCODE.SERVFAIL


def test_a_silent_resolver_is_given_up(serve: Serve) -> None:
    with FakeResolver(silent=True) as elsewhere:
        assert ask(serve(None, elsewhere.resolver).port, "example.com").header.rcode == RCODE.SERVFAIL


@pytest.mark.usefixtures("long_waits")
def test_a_silent_resolver_does_not_hold_up_our_own_names(serve: Serve) -> None:
    with FakeResolver(silent=True) as elsewhere, contextlib.ExitStack() as stack:
        server = serve(None, elsewhere.resolver)
        flood = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        for number in range(60):
            packet = bytes(DNSRecord.question(f"host-{number}.example.com").pack())
            flood.sendto(packet, ("127.0.0.1", server.port))
        began = time.monotonic()
        assert answers(ask(server.port, f"web-1.{NGINX}"))
        assert time.monotonic() - began < AT_ONCE.total_seconds()


@pytest.mark.usefixtures("long_waits")
def test_more_forwarded_questions_than_can_wait_are_refused_at_once(serve: Serve) -> None:
    with FakeResolver(silent=True) as elsewhere, contextlib.ExitStack() as stack:
        server = serve(None, elsewhere.resolver)
        flood = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        flood.settimeout(AT_ONCE.total_seconds())
        for number in range(200):
            packet = bytes(DNSRecord.question(f"host-{number}.example.com").pack())
            flood.sendto(packet, ("127.0.0.1", server.port))
        assert DNSRecord.parse(flood.recv(512)).header.rcode == RCODE.SERVFAIL


@pytest.mark.usefixtures("long_waits")
def test_an_alias_to_elsewhere_comes_with_the_address_there(serve: Serve) -> None:
    """The resolver in a C library doesn't follow an alias that stands alone."""
    zone = zone_of([service("db", type="ExternalName", externalName="db.example.com")], [], SETTINGS, 1)
    with FakeResolver() as elsewhere:
        reply = ask(serve(zone, elsewhere.resolver).port, "db.default.svc.cluster.local")
    assert answers(reply) == [
        "db.default.svc.cluster.local. 5 IN CNAME db.example.com.",
        "db.example.com. 60 IN A 192.0.2.1",
    ]
    assert (reply.header.aa, reply.header.rcode) == (1, RCODE.NOERROR)


def test_an_alias_stands_before_what_it_leads_to(serve: Serve) -> None:
    pods = slice_of("nginx", endpoint("10.213.64.1"), endpoint("10.213.64.2"), endpoint("10.213.64.3"))
    aliased = service("db", type="ExternalName", externalName=NGINX)
    port = serve(zone_of([aliased, service("nginx")], [pods], SETTINGS, 1)).port
    for _ in range(16):
        reply = ask(port, "db.default.svc.cluster.local")
        assert [QTYPE[record.rtype] for record in reply.rr] == ["CNAME", "A", "A", "A"]


# --- too many ---


def test_more_connections_than_the_process_can_hold_are_closed_at_once(serve: Serve) -> None:
    server = serve()
    with contextlib.ExitStack() as stack:
        for _ in range(128):
            stack.enter_context(connected(server))
        with connected(server) as refused:
            assert refused.recv(1) == b""
        assert answers(ask(server.port, f"web-1.{NGINX}"))


def test_questions_are_answered_though_no_thread_can_be_had_for_connections(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve()
    server._connections.shutdown()  # as when the container's limit of processes is reached
    with connected(server):
        until(lambda: "DNS questions were lost" in caplog.text, "the refused connection")
        assert answers(ask(server.port, f"web-1.{NGINX}"))


# --- strange packets ---


def test_garbage_gets_no_reply_and_ends_nothing(serve: Serve) -> None:
    server = serve()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for packet in (b"", b"x", b"\0" * 11, b"\xff" * 40, b"\0\0\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"):
            asking.sendto(packet, ("127.0.0.1", server.port))
        asking.setblocking(False)
        assert answers(ask(server.port, f"web-1.{NGINX}"))


def test_no_packet_ends_the_server(serve: Serve) -> None:
    server = serve()

    @settings(max_examples=150)
    @given(packet=st.binary(max_size=80), flags=st.integers(0, 0xFFFF))
    def take(packet: bytes, flags: int) -> None:
        garbled = struct.pack("!HHHHHH", 7, flags, 1, 0, 0, packet[0] % 3 if packet else 0) + packet
        server._answer_udp(garbled, ("127.0.0.1", 9))
        server._answer_udp(packet, ("127.0.0.1", 9))

    take()
    assert answers(ask(server.port, f"web-1.{NGINX}"))


def test_a_reply_gets_no_reply(serve: Serve) -> None:
    """Two servers that answer each other's failures would never end."""
    server = serve()
    reply = DNSRecord.question(f"web-1.{NGINX}").reply()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.sendto(bytes(reply.pack()), ("127.0.0.1", server.port))
        asking.sendto(bytes(DNSRecord.question("web-9").pack()), ("127.0.0.1", server.port))
        assert DNSRecord.parse(asking.recv(512)).q.qname == "web-9"


def test_two_questions_in_one_packet_are_a_mistake(serve: Serve) -> None:
    packet = DNSRecord(DNSHeader(), questions=[DNSQuestion("a"), DNSQuestion("b")]).pack()
    assert DNSRecord.parse(send(serve().port, bytes(packet))).header.rcode == RCODE.FORMERR


def test_another_operation_than_a_question_is_not_implemented(serve: Serve) -> None:
    packet = DNSRecord(DNSHeader(opcode=5), q=DNSQuestion(NGINX)).pack()
    assert DNSRecord.parse(send(serve().port, bytes(packet))).header.rcode == RCODE.NOTIMP


def test_another_class_than_the_internets_is_refused(serve: Serve) -> None:
    packet = DNSRecord(q=DNSQuestion("version.bind", QTYPE.TXT, 3)).pack()
    assert DNSRecord.parse(send(serve().port, bytes(packet))).header.rcode == RCODE.REFUSED


def test_an_unknown_type_is_nodata(serve: Serve) -> None:
    packet = DNSRecord(q=DNSQuestion(f"web-0.{NGINX}", 4711)).pack()
    reply = DNSRecord.parse(send(serve().port, bytes(packet)))
    assert (reply.header.rcode, reply.rr) == (RCODE.NOERROR, [])


# --- beginning and end ---


def test_an_address_in_use_is_said_in_one_line(serve: Serve) -> None:
    port = serve().port
    with pytest.raises(MinisetsError, match=rf"listen on 127\.0\.0\.1:{port}: Address already in use"):
        DnsServer("127.0.0.1", port, ())


@pytest.mark.usefixtures("long_waits")
def test_stopping_does_not_wait_for_a_silent_resolver_nor_an_idle_connection(serve: Serve) -> None:
    with FakeResolver(silent=True) as elsewhere:
        server = serve(None, elsewhere.resolver, elsewhere.resolver, elsewhere.resolver)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, connected(server) as idle:
            assert answers(ask_by_tcp(idle, f"web-0.{NGINX}"))
            for _ in range(3):
                packet = bytes(DNSRecord.question("example.com").pack())
                asking.sendto(packet, ("127.0.0.1", server.port))
            assert answers(ask(server.port, f"web-1.{NGINX}"))
            began = time.monotonic()
            server.stop()
            assert time.monotonic() - began < AT_ONCE.total_seconds()
            assert idle.recv(1) == b""


def test_stopping_twice_and_before_the_start_is_no_mistake() -> None:
    server = DnsServer("127.0.0.1", 0, ())
    server.stop()
    server.stop()


def test_a_port_is_free_again_after_the_end(serve: Serve) -> None:
    server = serve()
    port = server.port
    with connected(server) as connection:
        ask_by_tcp(connection, NGINX)
        server.stop()
    DnsServer("127.0.0.1", port, ()).stop()
