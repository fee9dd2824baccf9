"""Networks of a firewall, case by case."""

import pytest

from plugins.filter.firewall import firewall_faults, hba_networks, networks_of

NO_NETWORK = "of port 5432 is no network, such as 192.0.2.0/24 or 2001:db8::/32"


@pytest.mark.parametrize(
    ("rules", "networks"),
    [
        pytest.param([{"type": "local", "method": "peer"}], [], id="the-socket"),
        pytest.param([{"address": "127.0.0.1/32", "method": "md5"}, {"address": "::1/128", "method": "md5"}], [], id="loopback"),
        pytest.param([{"address": "samehost", "method": "scram-sha-256"}], [], id="the-host-itself"),
        pytest.param([{"address": "localhost", "method": "peer"}, {"address": "127.0.0.1/8", "method": "peer"}], [], id="loopback-by-other-words"),
        pytest.param([{"address": "10.0.0.0/8", "method": "reject"}], [], id="refused-anyway"),
        pytest.param(
            [{"address": "192.0.2.0/24", "method": "scram-sha-256"}, {"address": "2001:db8::/32", "method": "cert"},
             {"address": "192.0.2.0/24", "method": "cert"}],
            ["192.0.2.0/24", "2001:db8::/32"], id="each-once",
        ),
        pytest.param([{"address": "samenet", "method": "scram-sha-256"}], ["samenet"], id="a-word-is-left-for-the-faults"),
    ],
)  # fmt: skip
def test_the_networks_that_authentication_lets_in(rules, networks):
    assert hba_networks(rules) == networks


@pytest.mark.parametrize(
    ("services", "faults"),
    [
        pytest.param([{"port": 5432, "networks": ["192.0.2.0/24", "192.0.2.7", "2001:db8::1"]}], [], id="fine"),
        pytest.param([{"port": 5432, "networks": []}], [], id="nobody-but-this-host"),
        pytest.param([{"port": 5432, "networks": ["samenet"]}], [f"samenet {NO_NETWORK}"], id="a-word"),
        pytest.param([{"port": 5432, "networks": ["192.0.2.7/24"]}], [f"192.0.2.7/24 {NO_NETWORK}"], id="host-bits"),
        pytest.param([{"port": 5432, "networks": []}] * 2, ["port 5432 stands there twice"], id="twice"),
        pytest.param([{"port": 65536, "networks": []}], ["65536 is no port, from 1 to 65535"], id="no-port"),
    ],
)  # fmt: skip
def test_what_no_firewall_could_keep(services, faults):
    assert firewall_faults(services) == faults


@pytest.mark.parametrize(
    ("version", "expected"),
    [(4, ["10.0.0.0/8", "192.0.2.0/24"]), (6, ["2001:db8::/32"])],
)
def test_networks_by_family_without_overlaps(version, expected):
    given = ["192.0.2.0/25", "2001:db8::/32", "10.1.2.3", "192.0.2.128/25", "10.0.0.0/8", "2001:db8::7"]
    assert networks_of(given, version) == expected
