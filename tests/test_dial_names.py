"""Names that are resolved before they are dialed: who is asked, what is kept, and that each answer is checked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from dial_peers import Far, Zone, echo, serving
from test_dialers import EU, SAY, US, refused, run, said, table

from vpcroute import RouteError
from vpcroute.dial import Dialers, Direct, GatewayDialer, Limits, Names, ResolverPolicy, VpcNetwork

SERVER = "10.0.0.53:53"
NAME = "app.corp.example"
A, AAAA = (NAME, "A"), (NAME, "AAAA")
SOA = "corp.example 60 IN SOA ns.corp.example. hostmaster.corp.example. 1 3600 600 86400 {minimum}"


def lines(kind: str, *data: str, name: str = NAME, ttl: int = 60) -> list[str]:
    return [f"{name} {ttl} IN {kind} {one}" for one in data]


def policies(*servers: str, suffix: str = "corp.example") -> list[ResolverPolicy]:
    return [ResolverPolicy(suffix, servers or (SERVER,))]


async def resolved(names: Names, port: int, name: str = NAME) -> Any:
    """The addresses of a name as text, or the error; the server is where `port` says."""

    async def reach(*_: Any) -> Any:
        return await Direct().open_host("127.0.0.1", port)

    try:
        found = await names.answers(name, reach)
    except RouteError as error:
        return error
    return found if found is None else [str(one) for one in found]


# What is answered


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({A: lines("A", "10.0.0.1", "10.0.0.2")}, {"10.0.0.1", "10.0.0.2"}),
        ({AAAA: lines("AAAA", "fd00:1::1")}, {"fd00:1::1"}),
        ({A: lines("A", "10.0.0.1"), AAAA: "SERVFAIL"}, {"10.0.0.1"}),
        ({A: lines("A", "10.0.0.1"), AAAA: None}, {"10.0.0.1"}),
        ({A: lines("CNAME", "b.test.") + lines("A", "10.0.0.3", name="b.test")}, {"10.0.0.3"}),
        ({A: "NXDOMAIN", AAAA: "NXDOMAIN"}, "dns_error"),
        ({}, "dns_error"),
        ({A: "SERVFAIL", AAAA: "SERVFAIL"}, "dns_error"),
        ({A: "REFUSED", AAAA: "REFUSED"}, "dns_error"),
        ({A: None, AAAA: None}, "dns_timeout"),
        ({A: lines("CNAME", NAME + "."), AAAA: lines("CNAME", NAME + ".")}, "dns_error"),
        ({A: lines("CNAME", "app.example.org."), AAAA: lines("CNAME", "app.example.org.")}, "dns_error"),
    ],
    ids=[
        *("A", "AAAA", "one fails", "one is silent", "CNAME"),
        *("NXDOMAIN", "empty", "SERVFAIL", "REFUSED", "silent", "loop", "leads out"),
    ],
)
def test_the_addresses_of_a_name(records: Any, expected: Any) -> None:
    async def test() -> Any:
        async with serving(Zone(records)) as port:
            return await resolved(Names(policies(), timeout=1), port)

    found = run(test)
    assert (found.code if isinstance(found, RouteError) else set(found)) == expected
    if isinstance(found, RouteError):
        assert (found.address, str(found).startswith(f"{NAME}: ")) == (NAME, True)


def test_families_take_turns_and_ipv6_comes_first() -> None:
    async def test() -> Any:
        records = {A: lines("A", "10.0.0.1", "10.0.0.2", "10.0.0.3"), AAAA: lines("AAAA", "fd00:1::1", "fd00:1::2")}
        async with serving(Zone(records)) as port:  # type: ignore[arg-type]
            return await resolved(Names(policies()), port)

    found = run(test)
    assert [":" in one for one in found] == [True, False, True, False, False]
    assert len({*found}) == 5


def chain(length: int) -> dict[tuple[str, str], Any]:
    """Aliases that the server does not follow, and an address at their end."""
    names = [NAME, *(f"n{number}.corp.example" for number in range(length))]
    records: dict[tuple[str, str], Any] = {
        (one, kind): lines("CNAME", f"{following}.", name=one)
        for one, following in pairwise(names)
        for kind in ("A", "AAAA")
    }
    return {**records, (names[-1], "A"): lines("A", "10.0.0.9", name=names[-1])}


@pytest.mark.parametrize(("length", "expected"), [(1, ["10.0.0.9"]), (7, ["10.0.0.9"]), (8, "dns_error")])
def test_a_chain_of_aliases_has_an_end(length: int, expected: Any) -> None:
    zone = Zone(chain(length))

    async def test() -> Any:
        async with serving(zone) as port:
            return await resolved(Names(policies()), port)

    found = run(test)
    assert (found.code if isinstance(found, RouteError) else found) == expected
    assert len(zone.asked) <= 16


# Who is asked


def test_the_longest_suffix_decides_by_whole_labels() -> None:
    corp, lab, every = (ResolverPolicy(suffix, SERVER) for suffix in ("Corp.Example.", "*.lab.corp.example", "."))
    expected = {
        "corp.example": corp,
        "a.corp.example": corp,
        "lab.corp.example": lab,
        "a.b.lab.corp.example": lab,
        "xcorp.example": every,
        "example": every,
    }
    names = Names([corp, lab, every])
    assert {name: names.policy(name) for name in expected} == expected
    assert Names([corp]).policy("example") is None


def test_known_addresses_come_before_every_server_and_what_no_policy_is_for_is_left() -> None:
    zone = Zone({A: lines("A", "10.0.0.1")})

    async def test() -> None:
        async with serving(zone) as port:
            names = Names(policies(), hosts={"printer.corp.example": ["10.0.0.9"], NAME.upper(): ["10.0.0.8"]})
            assert await resolved(names, port) == ["10.0.0.8"]
            assert await resolved(names, port, "printer.corp.example") == ["10.0.0.9"]
            assert await resolved(names, port, "api.example.com") is None

    run(test)
    assert zone.asked == []


@pytest.mark.parametrize(
    ("first", "code"),
    [("10.0.0.54:53", None), ("10.0.0.55:53", None), ("192.168.1.1:53", None)],
    ids=["refuses", "black hole", "no route"],
)
def test_the_next_server_is_asked(first: str, code: str | None) -> None:
    zone = Zone({A: lines("A", "10.0.0.1")})

    async def test() -> None:
        async with serving(zone) as port, serving(echo) as service:
            far = Far({SERVER: port, "10.0.0.55:53": None, "10.0.0.1:80": service})
            names = Names([ResolverPolicy("corp.example", [first, SERVER])], timeout=1)
            network = VpcNetwork(table().compile(), Dialers({EU: far}), names=names)
            assert await said(network, f"{NAME}:80") == SAY

    run(test)


def test_a_server_is_reached_by_its_route_or_by_a_dialer_of_its_own() -> None:
    records: dict[tuple[str, str], Any] = {A: lines("A", "10.0.0.1")}

    async def test(dialer: Any, server: str) -> tuple[list[str], list[str]]:
        async with serving(Zone(records)) as port, serving(echo) as service:
            eu, own = (Far({server: port, "10.0.0.1:80": service}) for _ in range(2))
            names = Names([ResolverPolicy("corp.example", [server], dialer=own if dialer else None)])
            assert await said(VpcNetwork(table().compile(), Dialers({EU: eu}), names=names), f"{NAME}:80") == SAY
            return eu.dialed, own.dialed

    both = [SERVER] * 2
    assert run(lambda: test(None, SERVER)) == ([*both, "10.0.0.1:80"], [])
    assert run(lambda: test(True, "127.0.0.1:53")) == (["10.0.0.1:80"], ["127.0.0.1:53"] * 2)


def test_a_server_without_a_route_is_told_with_the_reason() -> None:
    async def test() -> Any:
        names = Names(policies("192.168.1.1"))
        return await refused(VpcNetwork(table().compile(), Dialers({EU: Far({})}), names=names), f"{NAME}:80")

    error = run(test)
    assert error.code == "dns_error"
    assert "192.168.1.1:53" in str(error)
    assert "no route" in str(error)


# What is kept


@pytest.mark.parametrize(
    ("records", "asked"),
    [
        ({A: lines("A", "10.0.0.1"), AAAA: lines("AAAA", "fd00:1::1")}, 2),
        ({A: lines("A", "10.0.0.1", ttl=0), AAAA: lines("AAAA", "fd00:1::1", ttl=0)}, 6),
        ({A: [SOA.format(minimum=60)], AAAA: [SOA.format(minimum=60)]}, 2),
        ({A: [SOA.format(minimum=0)], AAAA: [SOA.format(minimum=0)]}, 6),
        ({A: "SERVFAIL", AAAA: lines("AAAA", "fd00:1::1")}, None),
    ],
    ids=["TTL", "TTL 0", "negative", "negative, minimum 0", "failures are not kept"],
)
def test_answers_are_kept_by_their_ttl(records: Any, asked: int | None) -> None:
    zone = Zone(records)

    async def test() -> None:
        async with serving(zone) as port:
            names = Names(policies())
            found = [await resolved(names, port) for _ in range(3)]
            assert len({str(one) for one in found}) == 1

    run(test)
    if asked is None:
        assert zone.asked.count(A) >= 3
        assert zone.asked.count(AAAA) == 1
    else:
        assert len(zone.asked) == asked


def test_no_ttl_is_believed_for_longer_than_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    records: dict[tuple[str, str], Any] = {
        A: lines("A", "10.0.0.1", ttl=2**31 - 1),
        AAAA: [SOA.format(minimum=2**31 - 1).replace(" 60 ", f" {2**31 - 1} ")],
    }
    zone = Zone(records)

    async def test() -> None:
        nonlocal now
        async with serving(zone) as port:
            names = Names(policies())
            for seconds, expected in ((0, [A, AAAA]), (299, []), (2, [AAAA]), (86_100, [A, AAAA])):
                now += seconds
                zone.asked.clear()
                assert await resolved(names, port) == ["10.0.0.1"]
                assert sorted(zone.asked) == sorted(expected)

    run(test)


def test_who_asks_at_once_asks_once() -> None:
    zone = Zone({A: lines("A", "10.0.0.1", ttl=0)})

    async def test() -> None:
        async with serving(zone) as port:
            names = Names(policies())
            first = asyncio.ensure_future(resolved(names, port))
            others = [asyncio.ensure_future(resolved(names, port)) for _ in range(20)]
            await asyncio.sleep(0)
            first.cancel()
            assert await asyncio.gather(*others) == [["10.0.0.1"]] * 20

    run(test)
    assert sorted(zone.asked) == [A, AAAA]


# What is dialed


def test_each_answer_is_routed_and_the_refused_ones_are_never_dialed() -> None:
    zone = Zone({A: lines("A", "127.0.0.1"), AAAA: lines("AAAA", "fd00:9::1")})

    async def test() -> None:
        async with serving(zone) as port:
            far = Far({SERVER: port})
            network = VpcNetwork(table().compile(), Dialers({EU: far}, gateway=far), names=Names(policies()))
            assert (await refused(network, f"{NAME}:80")).code == "destination_ip_unroutable"
            assert {*far.dialed} == {SERVER}

    run(test)


def test_a_name_that_moves_between_check_and_dial_is_dialed_where_it_was_checked() -> None:
    """DNS rebinding: the first answer is permitted, every later one is not."""
    zone = Zone({A: lines("A", "10.0.0.1", ttl=0)})

    async def test() -> None:
        async with serving(zone) as port, serving(echo) as service:
            far = Far({SERVER: port, "10.0.0.1:80": service})
            network = VpcNetwork(table().compile(), Dialers({EU: far}), names=Names(policies()))
            way = await network.way(f"{NAME}:80")
            zone.records[A] = lines("A", "169.254.169.254", ttl=0)
            _, writer = await way.open()
            assert far.dialed[-1] == "10.0.0.1:80"
            writer.close()
            await writer.wait_closed()
            assert (await refused(network, f"{NAME}:80")).code == "destination_ip_prohibited"

    run(test)


def test_a_hostname_route_hands_the_name_to_its_connector_and_asks_nobody() -> None:
    zone = Zone({})

    async def test() -> None:
        async with serving(zone) as port, serving(echo) as service:
            far = Far({SERVER: port, "db.internal.local:5432": service})
            names = Names(policies(suffix="."), hosts={"db.internal.local": ["10.1.0.1"]})
            network = VpcNetwork(table().compile(), Dialers({EU: far, US: Far({})}), names=names)
            assert await said(network, "db.internal.local:5432") == SAY
            assert far.dialed == ["db.internal.local:5432"]

    run(test)


def test_what_no_policy_is_for_goes_to_gateway() -> None:
    async def test() -> None:
        async with serving(echo) as service:
            far = Far({"api.example.com:443": service})
            gateway = GatewayDialer(far, resolves_names=True)
            network = VpcNetwork(table().compile(), Dialers(gateway=gateway), names=Names(policies()))
            assert await said(network, "api.example.com:443") == SAY

    run(test)


def test_routes_that_change_while_a_name_is_resolved_decide() -> None:
    made = table()

    async def test() -> None:
        async with serving(echo) as service:

            class Slow(Names):
                async def answers(self, *_: Any) -> Any:
                    made.withdraw(made.exact("10.0.0.0/16")[0])
                    return await Names(hosts={NAME: ["10.0.0.1"]}).answers(NAME, None)  # type: ignore[arg-type]

            far = Far({"10.0.0.1:80": service})
            network = VpcNetwork(made, Dialers({EU: far}), names=Slow())
            assert (await refused(network, f"{NAME}:80")).code == "destination_ip_unroutable"
            assert far.dialed == []

    run(test)


# Giving them


@pytest.mark.parametrize(
    ("suffixes", "servers"),
    [
        ([], [SERVER]),
        (["corp.example"], []),
        (["corp..example"], [SERVER]),
        (["10.0.0.1"], [SERVER]),
        (["corp.example"], ["ns.corp.example"]),
        (["corp.example"], ["ns.corp.example:53"]),
        (["corp.example"], ["10.0.0.53:0"]),
        (["corp.example"], ["https://10.0.0.53/"]),
    ],
    ids=str,
)
def test_a_policy_is_checked(suffixes: Iterable[str], servers: Iterable[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (each says its own)
        ResolverPolicy(suffixes, servers)


def test_two_policies_are_not_for_one_suffix() -> None:
    with pytest.raises(ValueError, match=r"two resolver policies are for corp\.example"):
        Names([*policies(), *policies("10.0.0.54")])


def test_a_name_takes_part_in_the_time_limit_of_names_only() -> None:
    zone = Zone({A: None, AAAA: None})

    async def test() -> None:
        async with serving(zone) as port:
            names = Names(policies(), timeout=0.2)
            limits = Limits(connect=30)
            network = VpcNetwork(table().compile(), Dialers({EU: Far({SERVER: port})}), names=names, limits=limits)
            assert (await refused(network, f"{NAME}:80")).code == "dns_timeout"

    run(test)
