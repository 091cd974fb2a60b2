"""A site on this machine that plays those from which data sets are downloaded."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine.data import published
from engine.data.download import RemoteFile


class Site:
    """Files by name, how they are served, and what was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.tag = '"1"'
        self.cut: int | None = None
        """How many bytes of an answer are sent before the connection ends."""
        self.moved: dict[str, str] = {}
        self.silent = threading.Event()
        """Set: the site answers; cleared: it keeps its callers waiting after the first bytes."""
        self.silent.set()
        self.asked: list[tuple[str, str]] = []
        """Name and range of each request."""
        self.url = ""

    def remote(
        self, name: str, content: bytes | None = None, digest: str = "", method: str = "sha256"
    ) -> RemoteFile:
        """A file of this site, as a table of downloads has it."""
        content = self.files[name] if content is None else content
        self.files.setdefault(name, content)
        digest = digest or hashlib.new(method, content).hexdigest()
        return RemoteFile(f"{self.url}/{name}", len(content), digest, method)  # type: ignore[arg-type]


@contextmanager
def serving() -> Generator[Site]:
    """A site on a free port."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(site, self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.silent.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(site: Site, request: BaseHTTPRequestHandler) -> None:
    name = request.path.lstrip("/")
    site.asked.append((name, request.headers.get("Range", "")))
    if name in site.moved:
        request.send_response(302)
        request.send_header("Location", site.moved[name])
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    if name not in site.files:
        request.send_error(404)
        return
    content, start = site.files[name], 0
    wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    if wanted and site.ranges and request.headers.get("If-Range") == site.tag:
        start = int(wanted[1])
        if start >= len(content):
            request.send_error(416)
            return
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    request.send_header("Content-Length", str(len(content) - start))
    request.send_header("ETag", site.tag)
    request.end_headers()
    body = content[start:]
    if not site.silent.is_set():
        request.wfile.write(body[: len(body) // 2])
        request.wfile.flush()
        site.silent.wait(20)
        body = body[len(body) // 2 :]
    request.wfile.write(body if site.cut is None else body[: site.cut])
    if site.cut is not None:
        request.close_connection = True


def publish(site: Site, monkeypatch: pytest.MonkeyPatch, name: str, files: dict[str, bytes]) -> None:
    """Let the site stand in for that of a data set."""
    found = published.Published(
        tuple(site.remote(file, content) for file, content in files.items()), published.PUBLISHED[name].chosen
    )
    monkeypatch.setitem(published.PUBLISHED, name, found)
