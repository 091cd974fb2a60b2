from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import AppSettings


def test_recent_files_come_latest_first_once_and_only_while_they_exist(tmp_path: Path) -> None:
    paths = [tmp_path / f"p{i}.loom" for i in range(12)]
    for path in paths:
        path.touch()
    settings = AppSettings(tmp_path)
    for path in (*paths, paths[5]):
        settings.add_recent(path)
    assert settings.recent[:3] == [paths[5], paths[11], paths[10]]
    assert len(settings.recent) == 10
    paths[5].unlink()
    settings.save()
    assert AppSettings(tmp_path).recent[0] == paths[11]
    settings.clear_recent()
    assert settings.recent == []


@pytest.mark.qt_log_ignore("QVariant::load", extend=True)
@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe garbage \x80" * 50,
        b"[window]\ngeometry=@Variant(\\0\\0\\0\\x7f broken)\ncolumns=12\n",
        b"appearance=purple\nrecent=@Invalid()\nlast_folder=/nowhere\n[flags]\npalette=perhaps\n",
    ],
)
def test_damaged_settings_are_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "layerloom.ini").write_bytes(content)
    settings = AppSettings(tmp_path)
    assert settings.appearance == "system"
    assert settings.state("geometry") is None
    assert settings.recent == []
    assert settings.last_folder == Path.home()
    assert settings.flag("palette", True)


def test_settings_work_where_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = AppSettings(tmp_path / "file" / "below")
    settings.appearance = "dark"
    assert settings.appearance == "dark"
