"""What is drawn from: few of everything, the simple ones first, and each kind with something odd in it."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address, ip_network
from typing import Final

from vpcroute.announcements import VirtualNetwork, VpcService
from vpcroute.egress import ClientDevice, MeshNode, OnRamp, Tunnel
from vpcroute.fields import IPAddress
from vpcroute.ranges import IPNetwork, ReservedKind

__all__ = [
    "COLOS",
    "DEVICES",
    "DEVICE_ADDRESSES",
    "LABELS",
    "LANDMARKS",
    "MESH_NODES",
    "ONRAMPS",
    "ORDINARY",
    "REGIONS",
    "SERVICES",
    "SUBNETS",
    "TUNNELS",
    "VIRTUAL_NETWORKS",
]

TUNNELS: Final = (Tunnel("tunnel-1", "eu"), Tunnel("tunnel-2", "us"), Tunnel("tunnel-3"))
#: One has the name of a tunnel.
MESH_NODES: Final = (MeshNode("node-1", "eu"), MeshNode("node-2", "lab"))
DEVICES: Final = (ClientDevice("device-1", "laptop"), ClientDevice("device-2"))
#: The last one stands for a next hop that no on-ramp has.
ONRAMPS: Final = (
    OnRamp(kind="gre", name="gre", id="onramp-1"),
    OnRamp(kind="ipsec", name="ipsec", id="onramp-2"),
    OnRamp(kind="cni", name="cni", id="onramp-3"),
    OnRamp(kind="unknown", name="10.99.0.1"),
)
VIRTUAL_NETWORKS: Final = (
    VirtualNetwork("vnet-default", "default", is_default=True),
    VirtualNetwork("vnet-staging", "staging"),
    VirtualNetwork("vnet-prod", "prod"),
)
SERVICES: Final = (
    VpcService("service-1", "web", via=TUNNELS[0], ipv4="10.0.0.1", http_port=8080),
    VpcService("service-2", "dual", via=TUNNELS[1], ipv4="10.0.0.1", ipv6="fd00::1"),
    VpcService("service-3", "named", via=TUNNELS[1], hostname="a.b", https_port=8443),
    VpcService("service-4", "database", via=TUNNELS[2], type="tcp", ipv4="10.0.0.1", tcp_port=5432),
)
REGIONS: Final = ("APAC", "ENAM")
COLOS: Final = ("ams01", "den01")
LABELS: Final = ("a", "b")

#: Ranges at and around which something else begins: private and special ones, those of Cloudflare, whole families.
LANDMARKS: Final[tuple[IPNetwork, ...]] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8 fd00::/8 "
        "0.0.0.0/0 0.0.0.0/1 128.0.0.0/1 0.0.0.0/7 1.2.0.0/16 1.2.3.0/24 1.2.3.4/32 100.64.0.0/10 100.64.0.0/12 "
        "100.96.0.0/11 100.96.0.0/12 100.96.0.7/32 100.112.0.0/15 100.112.0.0/16 126.0.0.0/7 127.0.0.0/8 127.0.0.1/32 "
        "169.254.0.0/15 169.254.0.0/16 172.16.0.0/12 172.0.0.0/11 172.64.0.0/13 172.64.128.0/19 172.64.128.0/20 "
        "192.0.0.0/23 192.168.0.0/16 198.41.0.0/24 203.0.113.0/24 224.0.0.0/3 240.0.0.0/4 255.255.255.255/32 "
        "::/0 ::/1 ::/127 ::fffe:0:0/95 2000::/3 2001::/16 2001:db8::/32 2606:4700::/32 2606:4700:cf0::/47 "
        "2606:4700:cf1:1000::/63 2606:4700:cf1:1000::/64 2a00::/16 2a00:1::/32 2a00:1::1/128 fc00::/7 fe80::/9 "
        "fe80::/10 ff00::/8"
    ).split()
)
#: Inside and outside of the range for devices.
DEVICE_ADDRESSES: Final[tuple[IPAddress, ...]] = tuple(
    ip_address(text)
    for text in "100.96.0.7 100.96.0.8 10.0.0.1 10.1.0.0 127.0.0.1 fd00::1 2606:4700:cf1:1000::7 fe80::1".split()
)
#: Addresses that have nothing to do with the prefixes: private, public, of both families.
ORDINARY: Final[tuple[IPAddress, ...]] = tuple(map(ip_address, ("10.200.3.3", "93.184.216.34", "2a00::99")))
#: What accounts have set in place of Cloudflare's reserved ranges.
SUBNETS: Final[tuple[tuple[tuple[ReservedKind, IPNetwork], ...], ...]] = (
    (),
    (("device", IPv4Network("10.1.0.0/24")),),
    (("device", IPv4Network("10.0.0.0/30")), ("device", IPv4Network("100.96.0.0/13"))),
    (("token", IPv4Network("10.128.0.0/17")), ("private_lb", IPv4Network("10.0.1.0/32"))),
    (("source", IPv4Network("100.80.0.0/12")),),
)
