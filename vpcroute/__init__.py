"""Where a Cloudflare Worker's ``fetch()`` or ``connect()`` goes through a VPC Network binding, and why."""

from vpcroute.address import Target
from vpcroute.announcements import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    SubnetRoute,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.egress import ClientDevice, EcmpGroup, EcmpMember, Egress, Gateway, MeshNode, OnRamp, Tunnel
from vpcroute.errors import InvalidAddress, InvalidDocument, InvalidVantage, RouteConflict, RouteError
from vpcroute.fib import COMPILED
from vpcroute.fib.resolution import Resolution
from vpcroute.fib.resolver import Resolver
from vpcroute.live import LiveResolver
from vpcroute.remarks import Candidate, Finding, Remark, RemarkCode
from vpcroute.table import RouteTable
from vpcroute.vantage import CF1_NETWORK, REGIONS, Vantage

__version__ = "0.1.0"

__all__ = [
    "CF1_NETWORK",
    "COMPILED",
    "REGIONS",
    "Announcement",
    "BgpRoute",
    "Candidate",
    "ClientDevice",
    "DeviceAddress",
    "EcmpGroup",
    "EcmpMember",
    "Egress",
    "Finding",
    "Gateway",
    "HostnameRoute",
    "InvalidAddress",
    "InvalidDocument",
    "InvalidVantage",
    "LiveResolver",
    "MeshNode",
    "OnRamp",
    "Remark",
    "RemarkCode",
    "Resolution",
    "Resolver",
    "RouteConflict",
    "RouteError",
    "RouteTable",
    "SubnetRoute",
    "Target",
    "Tunnel",
    "Vantage",
    "VirtualNetwork",
    "VpcService",
    "WanRoute",
    "__version__",
]
