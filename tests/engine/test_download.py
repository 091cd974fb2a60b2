"""Downloads: whole, resumed, refused, broken off and ended, from a site on this machine."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine.data.download as download
from engine.data.download import RemoteFile, downloading
from engine.data.idx import Mnist
from engine.data.published import PUBLISHED, at_hand, fetching, place
from engine.data.source import SOURCES
from engine.errors import Cancelled, DownloadError, FileError
from engine.events import Progress, Result
from tests.engine.data_files import mnist_files
from tests.site import Site, publish, serving

CONTENT = os.urandom(3 * 2**20)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def cut_off(site: Site, file: RemoteFile, folder: Path, count: int = 2**20) -> None:
    """Leave a part of the file, as a connection that broke does."""
    site.cut = count
    with pytest.raises(DownloadError, match="the connection ended early"):
        list(downloading([file], folder))
    site.cut = None
    assert (folder / "a.bin.part").stat().st_size == count


def test_files_come_whole_with_their_progress(site: Site, tmp_path: Path) -> None:
    files = [site.remote("a.bin", CONTENT), site.remote("b.bin", b"more", method="md5")]
    events = list(downloading(files, tmp_path / "new" / "folder"))
    assert (tmp_path / "new/folder/a.bin").read_bytes() == CONTENT
    assert names(tmp_path / "new/folder") == ["a.bin", "b.bin"]
    done = [event.done for event in events]
    assert done == sorted(done)
    assert {event.total for event in events} == {len(CONTENT) + 4}
    assert events[-1] == Progress("Downloading b.bin: 3.1 MB of 3.1 MB", len(CONTENT) + 4, len(CONTENT) + 4)
    assert len(set(done)) > 5


def test_what_is_there_is_not_asked_for(site: Site, tmp_path: Path) -> None:
    files = [site.remote("a.bin", CONTENT), site.remote("b.bin", b"more")]
    list(downloading(files[:1], tmp_path))
    assert [event.total for event in downloading(files, tmp_path)][-1] == 4
    assert list(downloading(files, tmp_path)) == []
    assert [name for name, _ in site.asked] == ["a.bin", "b.bin"]


def test_a_download_goes_on_where_it_broke_off(site: Site, tmp_path: Path) -> None:
    file = site.remote("a.bin", CONTENT)
    cut_off(site, file, tmp_path)
    list(downloading([file], tmp_path))
    assert site.asked == [("a.bin", ""), ("a.bin", f"bytes={2**20}-")]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("why", ["no ranges", "another version"])
def test_it_starts_over_where_the_site_sends_all(site: Site, tmp_path: Path, why: str) -> None:
    file = site.remote("a.bin", CONTENT)
    cut_off(site, file, tmp_path)
    site.ranges, site.tag = why != "no ranges", '"1"' if why == "no ranges" else '"2"'
    list(downloading([file], tmp_path))
    assert site.asked[1] == ("a.bin", f"bytes={2**20}-")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_part_that_is_all_of_it_needs_no_site(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    (tmp_path / "a.bin.part.tag").write_text('"1"')
    list(downloading([site.remote("a.bin", CONTENT)], tmp_path))
    assert (names(tmp_path), site.asked) == (["a.bin"], [])


def test_a_part_that_is_longer_than_the_file_is_dropped(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    (tmp_path / "a.bin.part.tag").write_text('"1"')
    list(downloading([site.remote("a.bin", CONTENT)], tmp_path))
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert [asked for _, asked in site.asked] == [f"bytes={len(CONTENT) + 4}-", ""]


def test_a_part_of_unknown_version_is_dropped(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"of another day")
    list(downloading([site.remote("a.bin", CONTENT)], tmp_path))
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert site.asked == [("a.bin", "")]


@pytest.mark.parametrize("begun", [False, True])
def test_a_file_of_another_hash_is_removed_and_told(site: Site, tmp_path: Path, begun: bool) -> None:
    file = site.remote("a.bin", CONTENT, digest="ab" * 32)
    if begun:
        cut_off(site, file, tmp_path)
    match = r"a\.bin: is not the file that it should be: its SHA256 is .*, not abab.*has been removed"
    with pytest.raises(DownloadError, match=match):
        list(downloading([file], tmp_path))
    assert names(tmp_path) == []


def test_a_site_that_sends_without_end_is_stopped(site: Site, tmp_path: Path) -> None:
    url = site.remote("a.bin", CONTENT).url
    with pytest.raises(DownloadError, match=r"is more than the 1\.0 MB that it should be"):
        list(downloading([RemoteFile(url, 10**6, "00")], tmp_path))
    assert names(tmp_path) == []


def test_a_file_that_is_not_there_is_told(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"none\.bin: the site answers 404 Not Found"):
        list(downloading([RemoteFile(f"{site.url}/none.bin", 5, "00")], tmp_path))
    assert not (tmp_path / "none.bin").exists()


def test_a_site_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.bin"
        with pytest.raises(DownloadError, match="cannot be reached: Connection refused"):
            list(downloading([RemoteFile(url, 5, "00")], tmp_path))


@pytest.mark.parametrize("url", ["http://example.org/a", "ftp://127.0.0.1/a", "file:///etc/passwd"])
def test_only_safe_addresses_are_asked(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="is no https address"):
        list(downloading([RemoteFile(url, 5, "00")], tmp_path))


def test_a_site_leads_to_no_unsafe_address(site: Site, tmp_path: Path) -> None:
    file = site.remote("a.bin", CONTENT)
    site.moved = {"a.bin": f"{site.url}/b.bin"}
    site.files["b.bin"] = CONTENT
    list(downloading([file], tmp_path))
    site.moved["c.bin"] = "http://192.0.2.1/c.bin"
    with pytest.raises(DownloadError, match=r"192\.0\.2\.1/c\.bin: is no https address"):
        list(downloading([site.remote("c.bin", CONTENT)], tmp_path))


def test_a_cancelled_download_ends_at_once_and_goes_on_later(site: Site, tmp_path: Path) -> None:
    file = site.remote("a.bin", CONTENT)
    site.silent.clear()
    events = downloading([file], tmp_path)
    while next(events).done < len(CONTENT) // 2:
        pass
    next(events)  # nothing comes, and still there is an event
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        events.throw(Cancelled())
    assert time.monotonic() - begun < 1
    site.silent.set()
    assert names(tmp_path) == ["a.bin.part", "a.bin.part.tag"]
    list(downloading([file], tmp_path))
    assert site.asked[-1] == ("a.bin", f"bytes={len(CONTENT) // 2}-")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_no_room_on_the_disk_is_told_before(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(FileError, match=r"too little room on the disk: 3\.1 MB are needed, 1\.0 MB free"):
        list(downloading([site.remote("a.bin", CONTENT)], tmp_path))
    assert site.asked == []


def test_a_disk_that_fills_up_is_told(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add, count = download._Part.add, [0]

    def full(part: Any, piece: bytes) -> None:
        count[0] += 1
        if count[0] > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        add(part, piece)

    monkeypatch.setattr(download._Part, "add", full)
    with pytest.raises(FileError, match=r"a\.bin: could not be written: No space left on device"):
        list(downloading([site.remote("a.bin", CONTENT)], tmp_path))
    assert names(tmp_path) == ["a.bin.part", "a.bin.part.tag"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="could not be written"):
        list(downloading([RemoteFile("https://127.0.0.1/a", 5, "00")], tmp_path / "file" / "folder"))


def test_a_published_set_is_fetched_and_read(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {path.name: path.read_bytes() for path in mnist_files(tmp_path / "files").values()}
    publish(site, monkeypatch, "mnist", files)
    assert at_hand("mnist") is None
    *_, end = fetching("mnist")
    assert isinstance(end, Result)
    assert end.value == place("mnist") == tmp_path / "cache" / "datasets" / "mnist"
    source = at_hand("mnist")
    assert isinstance(source, Mnist)
    assert source.load().size == 200
    (place("mnist") / "t10k-labels-idx1-ubyte.gz").unlink()
    assert at_hand("mnist") is None


def test_what_is_published_has_a_source_and_can_be_checked() -> None:
    for name, found in PUBLISHED.items():
        assert "path" in SOURCES[name].model_fields
        assert found.chosen in ("", *(file.name for file in found.files))
        for file in found.files:
            assert file.url.startswith("https://")
            assert len(file.digest) == {"sha256": 64, "md5": 32}[file.method]
