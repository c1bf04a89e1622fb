"""Who may ask the server: a browser of this machine that knows the token, and nobody through another name.

As in Jupyter, the first address holds a random token; a cookie takes its place, so that the token stands in no link.
The cookie is not sent with requests that another site starts. A name that is not this machine's is refused, because a
page elsewhere could make its own name point here (DNS rebinding).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType

__all__ = ["HEADERS", "Access", "new_token"]

HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
"""What every answer says: no script or style but the server's own files, no frame, and nothing kept by the browser."""

_NAMES = ("127.0.0.1", "localhost")


def new_token() -> str:
    """A random token of 256 bits, as text for an address."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Access:
    """The token of one server, and the names under which it answers.

    Args:
        token: what the first address holds.
        port: where the server listens.

    Example:
        >>> access = Access("secret", 8765)
        >>> access.is_host("localhost:8765"), access.is_host("example.org:8765")
        (True, False)
    """

    token: str
    port: int

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers share cookies between ports, so the port is in it."""
        return f"autograder_review_{self.port}"

    @property
    def address(self) -> str:
        """The address with the token, for the browser that is opened."""
        return f"http://{_NAMES[0]}:{self.port}/?token={self.token}"

    @property
    def form_key(self) -> str:
        """What every form holds and no page elsewhere knows: the change was asked for on one of these pages."""
        return hmac.digest(self.token.encode(), b"form", "sha256").hex()

    def is_form_key(self, text: str) -> bool:
        """Whether a text is the form's key, in a time that does not depend on it."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.form_key.encode())

    def is_host(self, host: str) -> bool:
        """Whether a Host header names this server."""
        return host.lower() in {f"{name}:{self.port}" for name in _NAMES}

    def is_token(self, text: str) -> bool:
        """Whether a text is the token, in a time that does not depend on it."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def is_known(self, cookies: str) -> bool:
        """Whether a Cookie header holds the token."""
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and self.is_token(found.value)
