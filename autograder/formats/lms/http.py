"""Calls of a web service over HTTPS, bounded in size, time and number of tries.

The token goes to the platform's own host alone, in a header or in the body and never in an address; nothing here shows
it. What is only read is asked for again when the platform is busy or does not answer. Whoever changes something learns
whether it is certain that nothing was done (`Unsure` says that it is not), and has to look before it tries again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec

from autograder import __version__
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.formats.lms.replies import (
    Denied,
    Reply,
    Secret,
    TooLarge,
    Unsure,
    is_local,
    number_in,
    origin_of,
    said_in,
    seconds_in,
    without_nulls,
)
from autograder.submissions.records import MIB

if TYPE_CHECKING:
    import requests

__all__ = ["Client"]

_CONNECT, _READ = 10, 60
"""Seconds until there is a connection, and until the next bytes come."""
_WHOLE = 600
"""Seconds that one answer may take."""
_TRIES = 5
_LOST = 3
"""So many things in a row cannot be read before the whole site is taken for broken, and not one thing in it."""
_LONGEST_WAIT = 120
"""Seconds; a platform that asks for more patience is left alone until the next call of the command."""
_LOW = 60.0
"""Canvas counts down what is left of a quota of some hundreds that fills again by ten a second."""
_REDIRECTS = 5
_PAGES = 2_000
_JSON = 64 * MIB
_BUSY = (429, 500, 502, 503, 504)
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*?\brel="?next"?', re.IGNORECASE)

Decoded = TypeVar("Decoded")
Fields = Sequence[tuple[str, str]]


class Client:
    """The web service of one site.

    Args:
        site: its address.
        platform: what to call it.
        secret: the token, to be kept out of sentences.
        headers: what proves who asks; sent to the site's own host alone.

    Raises:
        UsageError: the package that makes the connections is not installed.
    """

    def __init__(self, site: str, platform: str, secret: Secret, headers: Mapping[str, str] | None = None) -> None:
        self.site, self.platform, self.secret = site.rstrip("/"), platform, secret
        self.host = urlsplit(site).netloc
        self._origin = origin_of(site)
        self._headers = dict(headers or {})
        self._session = _session(platform)
        self._lost = 0  # things in a row that could not be read

    def get(self, address: str, what: str, *, most: int = _JSON) -> Reply:
        """Read something; asked for again where the platform is busy or the connection fails.

        Args:
            address: of the whole, or what follows the site's.
            what: is read, for sentences.
            most: bytes that are taken.

        Raises:
            Denied, TooLarge, UsageError: see the classes; the sentence says what to do.
        """
        return self._patiently("GET", self._whole(address), what, most=most)

    def read(self, address: str, fields: Fields, what: str, *, most: int = _JSON) -> Reply:
        """The same by POST, for what has the token among its fields; never sent to another host."""
        return self._patiently("POST", self._whole(address), what, fields=fields, most=most)

    def pages(self, address: str, what: str, type: type[Decoded]) -> Iterator[Decoded]:
        """Every page of a list, by the `Link` headers.

        Raises:
            UsageError: there are more pages than any course has, or one leads to another host.
        """
        following: str | None = self._whole(address)
        seen: set[str] = set()
        while following is not None:
            if len(seen) == _PAGES or following in seen:
                raise UsageError(f"{self.host} gives more than {len(seen):,} pages of {what}, or one twice; stopped.")
            if origin_of(following) != self._origin:
                raise UsageError(f"{self.host} says that {what} continue on another host, which is not followed.")
            seen.add(following)
            reply = self.get(following, what)
            yield self.decoded(reply, what, type)
            found = _NEXT.search(reply.headers.get("link", ""))
            following = self._joined(following, found[1], what) if found else None

    def change(
        self,
        method: str,
        address: str,
        fields: Fields,
        what: str,
        *,
        file: tuple[str, str, bytes] | None = None,
        trusted: bool = True,
    ) -> Reply:
        """Change something; tried again only where it is certain that nothing was done.

        Args:
            method: "POST" or "PUT".
            address: of the whole, or what follows the site's.
            fields: of the form.
            what: is changed, for sentences.
            file: the name of its field, its own name, and its content.
            trusted: whether the address is the site's own; else the answer may be a redirection, which is returned.

        Raises:
            Unsure: nobody knows whether it was done.
            Denied, UsageError: it was not done.
        """
        whole = self._whole(address)
        for number in range(1, _TRIES + 1):
            reply = self._once(method, whole, what, fields=fields, file=file, unsure=True)
            if 300 <= reply.status < 400 and not trusted:
                return reply
            if not self._is_busy(reply):
                self._refuse(reply, what)
                return reply
            if reply.status >= 500:
                raise Unsure(f"{self.host} replies to {what} with an error of its own ({reply.status}).")
            self._wait(reply, number, what)
        raise self._too_busy(reply, what)

    def decoded(self, reply: Reply, what: str, type: type[Decoded]) -> Decoded:
        """What an answer says.

        Raises:
            UsageError: it is not what the documentation of the platform says.
        """
        content = reply.content.removeprefix(b"while(1);")
        try:
            return msgspec.convert(without_nulls(msgspec.json.decode(content)), type, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(
                f"{self.host} replies to {what} with something that {self.platform} does not document "
                f"({self.secret.without(str(error))}); is this the address of a {self.platform} site?"
            ) from None

    def _joined(self, address: str, following: str, what: str) -> str:
        """The address that another one is followed by.

        Raises:
            Denied: it is none.
        """
        try:
            return urljoin(address, following)
        except ValueError:
            raise Denied(self._no_address(what)) from None

    def _no_address(self, what: str) -> str:
        return f"{self.host} refers {what} to something that is not an address."

    def _whole(self, address: str) -> str:
        return address if "://" in address else f"{self.site}{address}"

    def _patiently(self, method: str, address: str, what: str, *, most: int, fields: Fields = ()) -> Reply:
        for number in range(1, _TRIES + 1):
            try:
                reply = self._once(method, address, what, fields=fields, most=most)
            except _Unreachable as error:
                problem: UsageError = error
                if number < _TRIES:
                    time.sleep(2 ** (number - 1))
                continue
            if not self._is_busy(reply):
                self._lost = 0
                self._refuse(reply, what)
                return reply
            problem = self._too_busy(reply, what)
            self._wait(reply, number, what)
        self._lost += 1
        raise (Denied if self._lost < _LOST else UsageError)(str(problem))

    def _once(
        self,
        method: str,
        address: str,
        what: str,
        *,
        fields: Fields = (),
        file: tuple[str, str, bytes] | None = None,
        most: int = _JSON,
        unsure: bool = False,
    ) -> Reply:
        """One request, with the redirections that reading may take."""
        import requests

        for _ in range(_REDIRECTS + 1):
            self._refuse_open(address, what)
            own = origin_of(address) == self._origin
            try:
                answer = self._session.request(
                    method,
                    address,
                    headers={"User-Agent": f"autograder/{__version__}", **(self._headers if own else {})},
                    data=list(fields) or None,
                    files={file[0]: (file[1], file[2])} if file else None,
                    timeout=(_CONNECT, _READ),
                    allow_redirects=False,
                    stream=True,
                )
                with answer:
                    if answer.is_redirect and method == "GET":
                        address = self._joined(address, answer.headers["location"], what)
                        continue
                    content = self._content(answer, most, what)
            except requests.RequestException as error:
                raise self._failed(error, what, unsure=unsure) from None
            except ValueError:  # the library looks at a redirection, too, before it returns it
                raise (Unsure if unsure else Denied)(self._no_address(what)) from None
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if 0 < (number_in(headers.get("x-rate-limit-remaining")) or 0) < _LOW:
                time.sleep(1)  # before the quota is used up
            return Reply(answer.status_code, headers, content)
        raise UsageError(f"{self.host} redirects {what} more than {_REDIRECTS} times, which is not followed.")

    def _content(self, answer: requests.Response, most: int, what: str) -> bytes:
        parts, size, end = [], 0, time.monotonic() + _WHOLE
        for part in answer.iter_content(65536):
            size += len(part)
            if size > most:
                raise TooLarge(f"{self.host} replies to {what} with more than {most / MIB:,.3g} MiB.")
            if time.monotonic() > end:
                raise _Unreachable(f"{self.host} took more than {_WHOLE} s to reply to {what}; run the command again.")
            parts.append(part)
        return b"".join(parts)

    def _refuse_open(self, address: str, what: str) -> None:
        """Refuse a connection that others can listen to, and anything that is no web address."""
        scheme, host, _ = origin_of(address)
        if not host or not (scheme == "https" or (scheme == "http" and is_local(host) and is_local(self._origin[1]))):
            raise Denied(f"{self.host} refers {what} to an address without https, which is not followed.")

    def _failed(self, error: requests.RequestException, what: str, *, unsure: bool) -> UsageError:
        import requests

        again = "run the same command again"
        if isinstance(error, requests.exceptions.SSLError):
            return UsageError(
                f"The certificate of {self.host} cannot be verified, so nothing was sent; if the site uses a private "
                "authority, name its file in the variable REQUESTS_CA_BUNDLE."
            )
        if isinstance(error, requests.exceptions.ConnectTimeout) or "NewConnectionError" in repr(error):
            return _Unreachable(f"{self.host} cannot be reached; check the address and the network, and {again}.")
        if isinstance(error, (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)):
            text = f"{self.host} ended the connection, or did not answer in time ({what}); {again}."
            return Unsure(text) if unsure else _Unreachable(text)
        return UsageError(f"{self.host} does not answer {what} as a web server does ({type(error).__name__}).")

    def _is_busy(self, reply: Reply) -> bool:
        limited = reply.status == 403 and (
            b"rate limit" in reply.content[:1000].lower() or number_in(reply.headers.get("x-rate-limit-remaining")) == 0
        )
        return limited or reply.status in _BUSY

    def _too_busy(self, reply: Reply, what: str) -> UsageError:
        if reply.status >= 500:
            return UsageError(
                f"{self.host} replies to {what} with an error of its own ({reply.status}), {_TRIES} times; run the "
                "same command again later."
            )
        return UsageError(f"{self.host} asks for fewer requests (rate limit); run the same command again later.")

    def _wait(self, reply: Reply, number: int, what: str) -> None:
        """Wait as long as the platform says, or longer each time.

        Raises:
            UsageError: it says too long.
        """
        said = seconds_in(reply.headers.get("retry-after"))
        if said is not None and said > _LONGEST_WAIT:
            raise UsageError(
                f"{self.host} asks to wait for {counted(round(said), 'second')} before {what}; run the same command "
                "again then."
            )
        if number < _TRIES:
            time.sleep(2 ** (number - 1) if said is None else said)

    def _refuse(self, reply: Reply, what: str) -> None:
        if 200 <= reply.status < 300:
            return
        if reply.status == 401:
            raise UsageError(
                f"{self.host} does not accept the token: it is wrong, has expired or was revoked; make a new one in "
                f"{self.platform}."
            )
        if reply.status == 403:
            raise Denied(f"{self.host} does not allow the token's user {what}; use the token of a teacher.")
        if reply.status == 404:
            raise Denied(f"{self.host} does not find {what}; list addresses with `autograder courses {self.site}`.")
        if 300 <= reply.status < 400:
            raise UsageError(f"{self.host} redirects {what}; use the address that your browser shows.")
        raise Denied(f"{self.host} refuses {what} ({reply.status}: {self.secret.without(said_in(reply.content))}).")


class _Unreachable(UsageError):
    """No answer came, and nothing was done that matters; worth another try."""


def _session(platform: str) -> requests.Session:
    try:
        import requests
    except ModuleNotFoundError:
        raise UsageError(
            f"Connecting to {platform} needs requests, which is not installed; pip install "
            f"'autograder-ml[{platform.lower()}]'."
        ) from None
    session = requests.Session()
    session.auth = lambda request: request  # else a password of ~/.netrc would take the token's place
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
