"""Where the node's own page is, which has the alerts and the herd at a glance."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def address_of(api: str, console: str) -> str:
    """Return the address of the page for a browser: that of the API, which serves it.

    Where the API is reached on the console's own machine, another machine finds it there by the console's host.

    Args:
        api: Address of the API as the console reaches it.
        console: Address of the console as the browser reaches it; empty if that is not known.

    >>> address_of("http://127.0.0.1:8000", "http://192.168.1.5:8501/models")
    'http://192.168.1.5:8000/'
    """
    served, seen = urlsplit(api), urlsplit(console).hostname
    if seen is not None and _is_here(served.hostname or ""):
        host = f"[{seen}]" if ":" in seen else seen
        served = served._replace(netloc=host if served.port is None else f"{host}:{served.port}")
    return served.geturl().rstrip("/") + "/"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
