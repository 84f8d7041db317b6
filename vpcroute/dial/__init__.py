"""Connecting the way that an address has: dialers for egress paths, names, and a VPC Network that fetches and connects.

It takes the extra ``dial``.
"""

try:
    import httpx2  # noqa: F401  (only whether they are there)
    import python_socks  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "connecting takes the extra dial: pip install 'vpcroute[dial]'", name=error.name
    ) from error

from vpcroute.dial.blocking import Connection, SyncVpcNetwork
from vpcroute.dial.dialers import Dialers, GatewayDialer
from vpcroute.dial.direct import Dialer, Direct
from vpcroute.dial.failures import DialError
from vpcroute.dial.limits import Limits
from vpcroute.dial.names import Names, ResolverPolicy
from vpcroute.dial.network import VpcNetwork
from vpcroute.dial.proxies import HttpConnect, Socks5
from vpcroute.dial.settings import DialSettings, load_dialers
from vpcroute.dial.ways import Way

__all__ = [
    "Connection",
    "DialError",
    "DialSettings",
    "Dialer",
    "Dialers",
    "Direct",
    "GatewayDialer",
    "HttpConnect",
    "Limits",
    "Names",
    "ResolverPolicy",
    "Socks5",
    "SyncVpcNetwork",
    "VpcNetwork",
    "Way",
    "load_dialers",
]
