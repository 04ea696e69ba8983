"""The only way out: one guarded HTTP call.

A call reaches an allowed public https host, or this machine where the environment allows it, and nothing else: the
address is judged as text first and as a resolved address at the moment of connecting, so that a name that changes
its mind in between gains nothing. It follows no redirect, reads no proxy setting, keeps no cookie, and ends after a
fixed time with a bounded answer.
"""

import contextlib
import json
import socket
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

import requests
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError

from linking.clients import traffic
from linking.clients.traffic import Service
from linking.clients.vendor_urls import address_flaw, is_loopback_address, is_public_address

CONNECT_TIMEOUT_S = 3.05  # a little over the 3 s after which TCP sends its first packet again
READ_TIMEOUT_S = 10.0
DEADLINE_S = 60.0  # for the whole call: a read timeout alone never ends an answer of one byte a second
MAX_BODY_BYTES = 10_000_000  # after decompression
_CHUNK_BYTES = 65_536
_JSON = "application/json"
_HEADERS = {"User-Agent": "zdbridge", "Accept": "application/json", "Accept-Encoding": "gzip"}

Query = Sequence[tuple[str, str]]


class OutboundError(Exception):
    """A call that brought no answer; the message names the host at most, never a credential.

    `was_sent`: whether any of the request left this machine, so that it may have been carried out.
    """

    def __init__(self, message: str, *, was_sent: bool = True) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class AddressRefused(OutboundError):
    """The address may not be called: a person has to change it."""


class NetworkFault(OutboundError):
    """The other side could not be reached or broke off; later it may work."""


class AnswerTooSlow(OutboundError):
    """The answer was not there when the call's time was up."""


class AnswerTooLarge(OutboundError):
    """The answer was larger than any answer can be."""


_OUTCOMES: dict[type[OutboundError], str] = {AddressRefused: "refused", AnswerTooSlow: "slow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status: `body` is decompressed, `headers` ignore case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Outbound:
    """Calls below one base address, over one kept-open connection. Not to be shared by threads.

    Args:
        base_url: `https://acme.zendesk.com/api/v2/chat`; a last slash does not matter.
        hosts: the hosts allowed, as `core.vendor_urls.address_flaw` takes them.
        allow_loopback: whether `http://` on this machine is allowed.
        deadline_s: the time a whole call may take.
        service: whom the calls are counted for.

    Raises: AddressRefused.
    """

    def __init__(
        self,
        *,
        base_url: str,
        hosts: Sequence[str],
        allow_loopback: bool,
        deadline_s: float = DEADLINE_S,
        service: Service = Service.OTHER,
    ) -> None:
        flaw = address_flaw(base_url, allow_loopback=allow_loopback, hosts=hosts)
        if flaw:
            raise AddressRefused(_(flaw), was_sent=False)
        self._base_url = base_url.rstrip("/")
        self._deadline_s, self._service = deadline_s, service
        self._session = _session()

    def get(self, *, path: str, query: Query = (), headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a GET of `path` (begins with a slash, its parts percent-encoded by the caller).

        Raises: AddressRefused, NetworkFault, AnswerTooSlow, AnswerTooLarge.
        """
        return self._call(method="GET", path=path, query=query, headers=headers)

    def post(self, *, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a POST of a URL-encoded `form`; raises as `get` does."""
        return self._call(method="POST", path=path, headers=headers, data=dict(form))

    def post_json(self, *, path: str, value: Mapping[str, object], query: Query = ()) -> Answer:
        """Return the answer to a POST of `value` as JSON; raises as `get` does."""
        body = json.dumps(value).encode()
        return self._call(method="POST", path=path, query=query, headers={"Content-Type": _JSON}, data=body)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _call(
        self,
        *,
        method: str,
        path: str,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        data: dict[str, str] | bytes | None = None,
    ) -> Answer:
        if not path.startswith("/"):
            raise ValueError("A path begins with a slash.")
        try:
            with _deadline(seconds=self._deadline_s) as deadline:
                try:
                    answer = self._send(method=method, path=path, query=query, headers=headers, data=data)
                except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
                    raise _translate(error=error, is_over=deadline.is_over) from error
        except OutboundError as error:
            traffic.note_failure(self._service, outcome=_OUTCOMES.get(type(error), "network"))
            raise
        date, age = answer.headers.get("Date", ""), answer.headers.get("Age", "")
        traffic.note_answer(self._service, status=answer.status, date=date, age=age)
        return answer

    def _send(
        self,
        *,
        method: str,
        path: str,
        query: Query,
        headers: Mapping[str, str] | None,
        data: dict[str, str] | bytes | None,
    ) -> Answer:
        with self._session.request(
            method,
            self._base_url + path,
            params=list(query),
            data=data,
            headers=dict(headers or {}),
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Answer(
                status=response.status_code,
                headers=CaseInsensitiveDict(response.headers),
                body=_body_of_refusal(response) if method == "GET" and response.status_code >= 400 else _body(response),
            )


class _Deadline:
    """Ends one call when its time is up, by shutting its socket down under the reader."""

    def __init__(self, *, seconds: float) -> None:
        self.is_over = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None

    def watch(self, sock: socket.socket | None) -> None:
        with self._lock:
            self._socket = sock

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # already closed by the other side
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _ThisThread(threading.local):
    deadline: _Deadline | None = None
    refusal: str = ""
    is_sent: bool = False


_this_thread = _ThisThread()


@contextlib.contextmanager
def _deadline(*, seconds: float) -> Iterator[_Deadline]:
    deadline = _Deadline(seconds=seconds)
    _this_thread.deadline, _this_thread.refusal, _this_thread.is_sent = deadline, "", False
    deadline.start()
    try:
        yield deadline
        if deadline.is_over:
            # The socket was shut down while an answer without a length was read: what came is only its beginning.
            raise AnswerTooSlow(_("The answer took longer than %(seconds)s s.") % {"seconds": f"{seconds:g}"})
    finally:
        deadline.cancel()
        _this_thread.deadline = None


class _Guarded(HTTPConnection):
    """A connection that resolves once, judges every address found and connects only to one that passed."""

    def _new_conn(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OSError(f"{self.host} cannot be resolved.") from error
        if not found or not all(self._may_reach(str(place[4][0])) for place in found):
            sentence = _("%(host)s leads to an address that may not be called.")
            _this_thread.refusal = sentence % {"host": self.host}
            raise OSError(_this_thread.refusal)
        return _connect(found=found, timeout=self.timeout, options=self.socket_options)

    def _may_reach(self, address: str) -> bool:
        # Plain http is for this machine only; the text of the address was judged before.
        return is_loopback_address(address)

    def send(self, data: Any) -> None:
        """Send a piece of the request as http.client does, and note that from here on it may be carried out."""
        if self.sock is None:
            self.connect()
        _this_thread.is_sent = True
        super().send(data)

    def getresponse(self) -> Any:
        """Return the answer's head as urllib3 does, under the call's deadline."""
        if _this_thread.deadline is not None:
            _this_thread.deadline.watch(self.sock)
        return super().getresponse()


class _GuardedTLS(_Guarded, HTTPSConnection):
    def _may_reach(self, address: str) -> bool:
        return is_public_address(address)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TLSPool}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers = CaseInsensitiveDict(_HEADERS)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", _GuardedAdapter(max_retries=0))
    session.mount("http://", _GuardedAdapter(max_retries=0))
    return session


def _connect(*, found: Sequence[Any], timeout: Any, options: Any) -> socket.socket:
    problem: OSError | None = None
    for family, kind, protocol, _name, place in found:
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            sock.settimeout(cast("float | None", timeout))
            sock.connect(place)
            return sock
        except OSError as error:
            sock.close()
            problem = error
    raise problem or OSError("no address to connect to")


def _body_of_refusal(response: requests.Response) -> bytes:
    """Return the body of an answer whose status says enough, "" where it is broken or too large.

    What a gateway writes below a 429 must not make a fault of the pause it asks for.
    """
    try:
        return _body(response)
    except (OutboundError, HTTPError):
        return b""


def _body(response: requests.Response) -> bytes:
    """Return the body, unpacked here: the library takes a packed one that ends too early for a whole one."""
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise NetworkFault(_("The answer has an unexpected encoding."))
    chunks = response.raw.stream(_CHUNK_BYTES, decode_content=False)
    body = bytearray()
    for chunk in _unpack(chunks) if coding.endswith("gzip") else chunks:
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise AnswerTooLarge(_("The answer is larger than %(number)s bytes.") % {"number": MAX_BODY_BYTES})
    return bytes(body)


def _unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a gzip body holds, a bounded piece at a time. Raises: NetworkFault when it is not whole."""
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    is_empty = True
    try:
        for chunk in chunks:
            is_empty, rest = False, chunk
            while rest and not unpacker.eof:
                yield unpacker.decompress(rest, _CHUNK_BYTES)
                rest = unpacker.unconsumed_tail
    except zlib.error as error:
        raise NetworkFault(_("The answer cannot be decompressed.")) from error
    if not unpacker.eof and not is_empty:
        raise NetworkFault(_("The answer ended too early."))


def _translate(*, error: Exception, is_over: bool) -> OutboundError:
    # The library's own messages can quote the whole address; only the kind of error goes on.
    if _this_thread.refusal:
        return AddressRefused(_this_thread.refusal, was_sent=False)
    was_sent = _this_thread.is_sent
    if is_over or isinstance(error, requests.Timeout | ReadTimeoutError | TimeoutError):
        return AnswerTooSlow(_("The answer did not come in time."), was_sent=was_sent)
    sentence = _("The connection failed (%(error)s).") % {"error": type(error).__name__}
    return NetworkFault(sentence, was_sent=was_sent)
