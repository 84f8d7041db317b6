"""What is shown of an address that has a user name and a password in it: neither.

fetch() drops both without a word. Request takes the URL as it is, where the Fetch standard would have it throw a
TypeError, and what is sent on is written with ``kj::Url::HTTP_PROXY_REQUEST``, which leaves out user name, password and
fragment; no ``Authorization`` header is made of them, and no compatibility flag changes that (workerd:
src/workerd/api/http.c++, ``Request::constructor`` and ``fetchImplNoOutputLock``; capnproto: c++/src/kj/compat/url.c++,
``Url::toString``; workerd issue 194, open). So they have no say in where traffic goes, and no error, hint, line of
output or representation has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ada_url import URL

from vpcroute.errors import printable

__all__ = ["HIDDEN", "shown", "without_credentials"]

#: What stands in the place of user name and password.
HIDDEN: Final = "***"

_BEFORE_AUTHORITY: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[/\\]{2,}|https?:[/\\]*", re.IGNORECASE | re.ASCII)
_WITH_AUTHORITY: Final = ("http:", "https:")


def without_credentials(address: str) -> str:
    """`address` with :data:`HIDDEN` for what is a user name and password in it, or may have been meant as such.

    Of a URL that fetch() takes, these are what the URL parser says they are. Of any other text, whatever stands between
    the scheme and the last ``@``.
    """
    if "@" not in address:
        return address
    try:
        url = URL(address)
    except ValueError:
        url = None
    if url is not None and url.protocol in _WITH_AUTHORITY:
        if not url.username and not url.password:
            return address
        url.username = url.password = ""
        scheme, _, rest = url.href.partition("//")
        return f"{scheme}//{HIDDEN}@{rest}"
    begun = _BEFORE_AUTHORITY.match(address)
    return (begun[0] if begun else "") + HIDDEN + address[address.rindex("@") :]


def shown(address: object) -> str:
    """An address as it is shown in errors: safe to print, cut, without credentials; of a mapping host and port."""
    if isinstance(address, Mapping):
        address = f"{address.get('hostname')}:{address.get('port')}"
    return printable(without_credentials(str(address)))
