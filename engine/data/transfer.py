"""One answer of a site, read in a thread of its own, so that whoever waits for it can stop waiting at any time."""

from __future__ import annotations

import http.client
import ipaddress
import queue
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from engine.errors import DownloadError

_PIECE = 2**18
_AHEAD = 16
"""Pieces that are read before they are asked for."""
_PATIENCE = 30.0
"""Seconds that a site may be silent."""
_MOMENT = 0.1
"""Seconds until one that waits is told that nothing came."""
_AGENT = {"User-Agent": "layerloom", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Answer:
    """How a site answers: from which byte on it sends, and what it calls this version of the file."""

    start: int
    tag: str


class Transfer:
    """What a site sends of a file, from a byte on if it can.

    An iterator of the `Answer`, then of pieces; empty pieces come while nothing comes. Raises `DownloadError`.
    """

    def __init__(self, url: str, start: int = 0, tag: str = "") -> None:
        check_safe(url)
        self._url, self._start, self._tag = url, start, tag
        self._pieces: queue.Queue[Answer | bytes | Exception | None] = queue.Queue(_AHEAD)
        self._going = True
        threading.Thread(target=self._read, name="download", daemon=True).start()

    def close(self) -> None:
        """Read no more."""
        self._going = False

    def __iter__(self) -> Iterator[Answer | bytes]:
        while True:
            try:
                piece = self._pieces.get(timeout=_MOMENT)
            except queue.Empty:
                yield b""
                continue
            if piece is None:
                return
            if isinstance(piece, Exception):
                raise _told(self._url, piece) from piece
            yield piece

    # In the thread

    def _read(self) -> None:
        try:
            with self._open() as response:
                partial = response.status == HTTPStatus.PARTIAL_CONTENT
                if partial and _first(response) != self._start:
                    raise http.client.HTTPException("another part is sent than was asked for")
                self._put(Answer(self._start if partial else 0, _version(response)))
                promised, came = response.length, 0
                while self._going and (piece := response.read1(_PIECE)):
                    came += len(piece)
                    self._put(piece)
            if promised is not None and came < promised:
                raise http.client.IncompleteRead(b"", promised - came)
            self._put(None)
        except Exception as error:
            self._put(error)

    def _open(self) -> http.client.HTTPResponse:
        """Ask for the rest, or for all where the site has no such rest."""
        rest = {"Range": f"bytes={self._start}-", "If-Range": self._tag} if self._start and self._tag else {}
        try:
            return _opener(self._url).open(_request(self._url, rest), timeout=_PATIENCE)
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not rest:
                raise
        return _opener(self._url).open(_request(self._url), timeout=_PATIENCE)

    def _put(self, piece: Answer | bytes | Exception | None) -> None:
        while self._going:
            try:
                self._pieces.put(piece, timeout=_MOMENT)
            except queue.Full:
                continue
            return


def check_safe(url: str) -> None:
    """Refuse an address over which others could change what comes; raises `DownloadError`."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
        raise DownloadError(url, "is no https address; only over https nobody else can change what comes.")


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        check_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> urllib.request.OpenerDirector:
    here = [urllib.request.ProxyHandler({})] if _is_here(urlsplit(url).hostname or "") else []
    return urllib.request.build_opener(_SafeRedirects, *here)


def _request(url: str, more: dict[str, str] | None = None) -> urllib.request.Request:
    return urllib.request.Request(url, headers={**_AGENT, **(more or {})})


def _first(response: http.client.HTTPResponse) -> int | None:
    """The byte that a part of a file begins with, if the site tells."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _version(response: http.client.HTTPResponse) -> str:
    """What tells this version of a file from others; a weak tag does not."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _told(url: str, error: Exception) -> Exception:
    """An error of the net as a sentence."""
    if isinstance(error, DownloadError):
        return error
    if isinstance(error, urllib.error.HTTPError):
        return DownloadError(url, f"the site answers {error.code} {error.reason}.")
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return DownloadError(url, f"the certificate of the site is not valid: {error.verify_message}.")
    if isinstance(error, http.client.IncompleteRead | ConnectionResetError):
        return DownloadError(url, "the connection ended early. Download again: it goes on from where it ended.")
    if isinstance(error, TimeoutError):
        return DownloadError(
            url, "the site does not answer. Download again later: it goes on from where it ended."
        )
    if isinstance(error, OSError):
        cause = error.strerror or str(error)
        return DownloadError(url, f"the site cannot be reached: {cause}. Is there a connection to the internet?")
    return DownloadError(url, f"what the site answers cannot be understood: {error}.")
