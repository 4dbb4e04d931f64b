"""Files of ours are closed to others of the machine, whatever stood there before."""

import os
import stat
from pathlib import Path

import pytest

from syndication.infra import private_files
from syndication.ops import doctor
from tests.conftest import settings_for


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_and_what_is_made_in_it_is_closed(tmp_path: Path) -> None:
    private_files.process()
    folder = tmp_path / "a" / "data"
    private_files.folder(folder)
    (folder / "file").write_text("x")
    (folder / "within").mkdir()
    assert (mode(folder), mode(folder / "file"), mode(folder / "within")) == (0o700, 0o600, 0o700)


def test_a_folder_that_is_open_is_closed_with_what_lies_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "pictures").mkdir(parents=True)
    (folder / "syndication.sqlite").write_text("x")
    outside = tmp_path / "outside"
    outside.write_text("x")
    (folder / "link").symlink_to(outside)
    for one in (folder, folder / "pictures"):
        one.chmod(0o777)
    for one in (folder / "syndication.sqlite", outside):
        one.chmod(0o644)
    private_files.folder(folder)
    assert (mode(folder), mode(folder / "pictures")) == (0o700, 0o700)
    assert mode(folder / "syndication.sqlite") == 0o600
    assert mode(outside) == 0o644, "what a link leads to is not ours"


def test_a_place_that_others_use_too_is_left_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    private_files.folder(shared)
    assert mode(shared) == 0o1777
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    private_files.folder(Path())
    assert mode(here) == 0o755
    cfg = settings_for(tmp_path, data_dir=shared)
    (found,) = doctor._looked("data", doctor._LOOKS["data"], cfg)
    assert found.verdict == "warn"
    assert f"chmod 700 {shared}" in found.advice


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_folder_is_left(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(0o755)
    os.chown(theirs, 12345, 12345)
    private_files.folder(theirs)
    assert mode(theirs) == 0o755
