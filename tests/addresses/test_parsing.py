"""The same text, read by each system: tables of what ingress-nginx, the cloud provider, kube-proxy and nginx accept."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksess.addresses import AddressSet, PortSet, set_of
from aksess.addresses.parsing import (
    azure_network,
    cloud_provider_network,
    go_network,
    ingress_nginx_list,
    kube_proxy_network,
    nginx_network,
)
from aksess.errors import ParseError

READERS = {
    "go": go_network,
    "cloud": cloud_provider_network,
    "proxy": kube_proxy_network,
    "nginx": nginx_network,
}
REFUSED = None

# text, then what each reader makes of it (None: refused)
TABLE = [
    ("10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"),
    ("10.1.2.3/8", "10.0.0.0/8", REFUSED, "10.0.0.0/8", "10.0.0.0/8"),  # host bits
    ("1.2.3.4", "1.2.3.4/32", REFUSED, REFUSED, "1.2.3.4/32"),  # bare address
    ("::1", "::1/128", REFUSED, REFUSED, "::1/128"),
    ("2001:db8::/32", "2001:db8::/32", "2001:db8::/32", "2001:db8::/32", "2001:db8::/32"),
    ("::ffff:10.0.0.0/104", "10.0.0.0/8", "::ffff:10.0.0.0/104", "10.0.0.0/8", "::ffff:10.0.0.0/104"),
    ("::ffff:0:0/96", "0.0.0.0/0", "::ffff:0.0.0.0/96", "0.0.0.0/0", "::ffff:0.0.0.0/96"),
    ("10.0.0.0/08", "10.0.0.0/8", REFUSED, "10.0.0.0/8", "10.0.0.0/8"),  # leading zero in the length
    ("010.0.0.1/32", REFUSED, REFUSED, "10.0.0.1/32", "10.0.0.1/32"),  # leading zero in an octet
    (" 10.0.0.0/8 ", REFUSED, REFUSED, "10.0.0.0/8", REFUSED),  # blanks
    ("10.0.0.0/33", REFUSED, REFUSED, REFUSED, REFUSED),
    ("2001:db8::/129", REFUSED, REFUSED, REFUSED, REFUSED),
    ("300.1.1.1", REFUSED, REFUSED, REFUSED, REFUSED),
    ("21.10.178/24", REFUSED, REFUSED, REFUSED, REFUSED),
    ("10.0.0.0/255.0.0.0", REFUSED, REFUSED, REFUSED, REFUSED),
    ("fe80::1%eth0", REFUSED, REFUSED, REFUSED, REFUSED),
    ("fe80::1%eth0/64", REFUSED, REFUSED, REFUSED, REFUSED),
    ("10.0.0.0-10.0.0.9", REFUSED, REFUSED, REFUSED, REFUSED),
    ("!10.0.0.0/8", REFUSED, REFUSED, REFUSED, REFUSED),
    ("example.com", REFUSED, REFUSED, REFUSED, REFUSED),
    ("10.0.0.0/", REFUSED, REFUSED, REFUSED, REFUSED),
    ("10.0.0.0/+8", REFUSED, REFUSED, REFUSED, REFUSED),
    ("10.0.0.0/-1", REFUSED, REFUSED, REFUSED, REFUSED),
    ("10.0.0.0/٨", REFUSED, REFUSED, REFUSED, REFUSED),  # a digit, but not an ASCII one
    ("10.0.0.0/99999999999999999999", REFUSED, REFUSED, REFUSED, REFUSED),
    ("255.255.255.255", "255.255.255.255/32", REFUSED, REFUSED, REFUSED),  # INADDR_NONE of nginx
    ("", REFUSED, REFUSED, REFUSED, REFUSED),
    ("a\0b", REFUSED, REFUSED, REFUSED, REFUSED),
]


@pytest.mark.parametrize("reader", list(READERS))
@pytest.mark.parametrize("row", TABLE, ids=[repr(row[0]) for row in TABLE])
def test_each_reader_in_its_own_way(row: tuple[str | None, ...], reader: str) -> None:
    """Go net/ip.go, netip.go; cloud-provider-azure iputil; kubernetes/utils net/parse.go; nginx ngx_inet.c."""
    text = row[0]
    assert text is not None
    expected = row[1 + list(READERS).index(reader)]
    if expected is None:
        with pytest.raises(ParseError):
            READERS[reader](text)
    else:
        assert str(READERS[reader](text)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.0.0.0/8, 1.2.3.4", ["10.0.0.0/8", "1.2.3.4/32"]),
        ("10.0.0.0/8,\n\t10.0.0.0/8", ["10.0.0.0/8"]),
        ("81.2.69.77/25,\n198.51.100.9,\n", None),  # the trailing comma spoils it all
        ("10.0.0.0/8 11.0.0.0/8", None),
        ("10.0.0.0/8;11.0.0.0/8", None),
        ("10.0.0.0/8,,11.0.0.0/8", None),
        ("all", None),
        ("unix:", None),
        ("", None),
        ("   ", None),
    ],
)
def test_annotation_lists_of_ingress_nginx(value: str, expected: list[str] | None) -> None:
    """kubernetes/ingress-nginx internal/net/ipnet.go ParseIPNets: one bad element and nothing is parsed."""
    if expected is None:
        with pytest.raises(ParseError):
            ingress_nginx_list(value)
    else:
        assert set_of(ingress_nginx_list(value)) == AddressSet.of(*expected)


def test_unix_is_no_address_for_nginx() -> None:
    assert nginx_network("unix:") is None


@given(st.text(max_size=30) | st.from_regex(r"[0-9a-f.:/]{1,20}", fullmatch=True))
def test_no_reader_ever_does_anything_but_read_or_refuse(text: str) -> None:
    for reader in READERS.values():
        try:
            network = reader(text)
        except ParseError:
            continue
        assert network is None or network.start % (1 << ((32 if network.family == 4 else 128) - network.length)) == 0
    azure_network(text)


@given(st.ip_addresses(), st.integers(0, 128))
def test_plain_cidrs_agree_with_ipaddress(address: ipaddress.IPv4Address, length: int) -> None:
    bits = address.max_prefixlen
    text = f"{address}/{min(length, bits)}"
    ours = go_network(text)
    theirs = ipaddress.ip_network(text, strict=False)
    if address.version == 6 and theirs.subnet_of(ipaddress.ip_network("::ffff:0:0/96")):
        return  # Go folds these, `ipaddress` does not
    assert (ours.family, ours.start, ours.length) == (address.version, int(theirs.network_address), theirs.prefixlen)


@pytest.mark.parametrize(
    ("texts", "inside", "outside"),
    [
        (["443"], [443], [442, 444]),
        (["8000-8100"], [8000, 8100], [7999, 8101]),
        (["*"], [0, 65535], []),
        (["80", "443"], [80, 443], [81]),
        (["0-65535"], [0, 65535], []),
    ],
)
def test_port_forms_of_azure(texts: list[str], inside: list[int], outside: list[int]) -> None:
    ports = PortSet.parse(texts)
    assert all(port in ports for port in inside)
    assert not any(port in ports for port in outside)


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "70000", "5-4", "1,2", "٤", "1-2-3"])
def test_absurd_ports_are_refused(text: str) -> None:
    with pytest.raises(ParseError):
        PortSet.parse([text])
