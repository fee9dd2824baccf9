"""What is read of a cluster's configuration, by which tasks that have nothing to do are left out."""

import grp
import os
import pwd

import pytest
from ansible.module_utils.pgops import configuration

LINE = "include_dir = 'conf.d'"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cluster's folder; this test's account stands for PostgreSQL's."""
    monkeypatch.setattr(
        configuration, "ACCOUNT", (pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name)
    )
    return tmp_path


def test_a_folder_without_a_cluster_has_nothing(tmp_path):
    assert configuration.read_configuration(tmp_path, LINE) == configuration.Configuration(False, False, False)


@pytest.mark.parametrize(
    ("text", "included"),
    [
        pytest.param(f"{LINE}\n", True, id="alone"),
        pytest.param(f"#include_dir = '...'\t# a comment\nport = 5432\n{LINE}\n", True, id="after-the-example"),
        pytest.param(f"{LINE}\n#include_dir = '...'\n", False, id="before-the-example"),
        pytest.param("include_dir 'conf.d'\n", False, id="another-spelling"),
        pytest.param("#include_dir = 'conf.d'\n", False, id="a-comment"),
        pytest.param("include_dir = 'elsewhere'\n", False, id="another-folder"),
        pytest.param("port = 5432\n", False, id="without"),
    ],
)
def test_the_last_line_of_its_kind_counts(tmp_path, text, included):
    (tmp_path / "postgresql.conf").write_text(text)
    found = configuration.read_configuration(tmp_path, LINE)
    assert (found.exists, found.included) == (True, included)


@pytest.mark.parametrize(("mode", "kept"), [(0o755, True), (0o700, False), (0o775, False), (0o1755, False)])
def test_the_folder_beside_it_has_its_mode(folder, mode, kept):
    (folder / "postgresql.conf").touch()
    (folder / "conf.d").mkdir()
    (folder / "conf.d").chmod(mode)
    assert configuration.read_configuration(folder, LINE).drop_ins is kept


def test_a_link_or_a_file_is_no_folder(folder):
    (folder / "postgresql.conf").touch()
    (folder / "elsewhere").mkdir(0o755)
    (folder / "conf.d").symlink_to("elsewhere")
    assert configuration.read_configuration(folder, LINE).drop_ins is False


def test_somebody_elses_folder_is_not_kept(tmp_path):
    (tmp_path / "postgresql.conf").touch()
    (tmp_path / "conf.d").mkdir(0o755)
    assert configuration.read_configuration(tmp_path, LINE).drop_ins is False
