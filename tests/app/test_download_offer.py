"""Published sets are downloaded at a click, or by a command; the site is one on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from typer.testing import CliRunner

from app.cli import cli
from app.panels.data import DataPanel
from app.window import MainWindow
from engine.data.builtin import Digits
from engine.data.idx import Mnist
from engine.data.published import place
from engine.errors import DownloadError
from tests.app.test_data_panel import choose, type_path
from tests.engine.data_files import mnist_files
from tests.site import Site, publish, serving


@pytest.fixture
def panel(window: MainWindow) -> DataPanel:
    window.actions_["show_data"].trigger()
    return window.work.data


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that has an MNIST of 200 and 60 digits."""
    files = {path.name: path.read_bytes() for path in mnist_files(tmp_path / "origin").values()}
    with serving() as found:
        publish(found, monkeypatch, "mnist", files)
        yield found


def fetch(qtbot: QtBot, panel: DataPanel) -> None:
    qtbot.mouseClick(panel.files.download.button, Qt.MouseButton.LeftButton)


def idle(qtbot: QtBot, panel: DataPanel) -> None:
    qtbot.waitUntil(lambda: not panel.files.download._job.busy, timeout=20_000)


def test_a_set_is_downloaded_at_a_click_and_seen(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, site: Site
) -> None:
    before = window.document.project
    assert not panel.files.download.isVisible()
    choose(panel, "mnist")
    assert panel.files.download.isVisible()
    assert panel.files.download.words.text().startswith("4 files, ")
    assert panel.files.download.words.text().endswith(" kB, from 127.0.0.1")
    assert panel.files.download.button.text().startswith("Download (")
    assert site.asked == []  # not before the click
    fetch(qtbot, panel)
    assert panel.files.download.cancel.isVisible()
    qtbot.waitUntil(panel.look.grid.isVisible, timeout=20_000)
    assert window.document.project.data.source == Mnist(path=str(place("mnist")))
    assert not panel.files.download.isVisible()
    assert panel.look.grid._labels[:3] == ["0", "1", "2"]
    window.document.undo_stack.undo()
    assert window.document.project.data.source == Mnist()
    window.document.undo_stack.undo()
    assert window.document.project == before


def test_what_was_downloaded_is_there_the_next_time(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, site: Site, tmp_path: Path
) -> None:
    choose(panel, "mnist")
    fetch(qtbot, panel)
    idle(qtbot, panel)
    choose(panel, "digits")
    assert not panel.files.download.isVisible()
    choose(panel, "mnist")
    assert window.document.project.data.source == Mnist(path=str(place("mnist")))
    type_path(panel, tmp_path / "gone")
    assert panel.files.download.button.text() == "Use the downloaded files"
    asked = len(site.asked)
    fetch(qtbot, panel)
    idle(qtbot, panel)
    assert window.document.project.data.source == Mnist(path=str(place("mnist")))
    assert len(site.asked) == asked


def test_a_download_is_cancelled_and_goes_on(
    qtbot: QtBot, window: MainWindow, panel: DataPanel, site: Site
) -> None:
    choose(panel, "mnist")
    site.silent.clear()
    fetch(qtbot, panel)
    qtbot.waitUntil(lambda: panel.files.download.bar.value() > 0, timeout=20_000)
    assert " kB of " in panel.files.download.words.text()
    qtbot.mouseClick(panel.files.download.cancel, Qt.MouseButton.LeftButton)
    idle(qtbot, panel)
    assert window.document.project.data.source == Mnist()
    assert panel.files.download.button.isVisible()
    site.silent.set()
    fetch(qtbot, panel)
    qtbot.waitUntil(panel.look.grid.isVisible, timeout=20_000)
    assert site.asked[1][1].startswith("bytes=")


def test_another_source_ends_the_download(qtbot: QtBot, window: MainWindow, panel: DataPanel, site: Site) -> None:
    choose(panel, "mnist")
    site.silent.clear()
    fetch(qtbot, panel)
    qtbot.waitUntil(lambda: panel.files.download.bar.value() > 0, timeout=20_000)
    choose(panel, "digits")
    idle(qtbot, panel)
    assert window.document.project.data.source == Digits()
    assert not panel.files.download.isVisible()


def test_a_download_that_fails_says_why_and_can_be_tried_again(qtbot: QtBot, panel: DataPanel, site: Site) -> None:
    content = site.files.pop("t10k-images-idx3-ubyte.gz")
    choose(panel, "mnist")
    fetch(qtbot, panel)
    idle(qtbot, panel)
    assert panel.files.download.fault.isVisible()
    assert panel.files.download.fault.text().endswith("t10k-images-idx3-ubyte.gz: the site answers 404 Not Found.")
    site.files["t10k-images-idx3-ubyte.gz"] = content
    fetch(qtbot, panel)
    qtbot.waitUntil(panel.look.grid.isVisible, timeout=20_000)


def test_the_command_downloads_and_names_the_place(site: Site, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["data", "download", "mnist", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["path"] == str(place("mnist"))
    asked = len(site.asked)
    done = CliRunner().invoke(cli, ["data", "download", "mnist"])
    assert f"MNIST digits: {place('mnist')}" in done.stdout
    assert len(site.asked) == asked


def test_the_command_tells_what_it_cannot_do(site: Site) -> None:
    done = CliRunner().invoke(cli, ["data", "download", "imagenet"])
    assert done.exit_code == 2
    assert "is none of mnist, fashion_mnist, cifar10" in " ".join(done.stderr.replace("│", "").split())
    site.files.clear()
    done = CliRunner().invoke(cli, ["data", "download", "mnist"])
    assert isinstance(done.exception, DownloadError)  # which the program ends with, in a sentence
