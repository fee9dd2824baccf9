"""requirements.yml, the collections that pyproject.toml brings and the execution environment, held against each other."""

from importlib.metadata import version
from pathlib import Path

import ansible_collections
import pytest
import tomllib
import yaml
from packaging.specifiers import SpecifierSet

PROJECT = Path(__file__).resolve().parents[2]
WANTED = {c["name"]: c["version"] for c in yaml.safe_load((PROJECT / "requirements.yml").read_text())["collections"]}


def manifest(name: str) -> Path:
    return Path(next(iter(ansible_collections.__path__)), *name.split("."), "MANIFEST.json")


@pytest.mark.parametrize("name", sorted(WANTED))
def test_the_installed_collection_is_within_the_range(name):
    found = yaml.safe_load(manifest(name).read_text())["collection_info"]["version"]
    assert found in SpecifierSet(WANTED[name])


def test_every_range_ends_before_the_next_major_version():
    for name, wanted in WANTED.items():
        lower, upper = sorted(wanted.split(","), reverse=True)
        assert (lower[:2], upper[:1]) == (">=", "<"), name
        major = int(lower[2:].split(".")[0])
        assert upper == f"<{major + 1}.0.0", name


def test_the_distribution_that_brings_them_is_the_one_locked():
    locked = [line for line in (PROJECT / "requirements.txt").read_text().splitlines() if line.startswith("ansible==")]
    assert locked == [f"ansible=={version('ansible')} \\"]


def test_the_execution_environment_has_what_a_controller_needs():
    declared = yaml.safe_load((PROJECT / "execution-environment.yml").read_text())["dependencies"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    # Its collections come from Galaxy, which is what the distribution "ansible" stands for elsewhere.
    needed = [package for package in project["project"]["dependencies"] if not package.startswith("ansible~=")]
    assert sorted([declared["ansible_core"]["package_pip"], *declared["python"]]) == sorted(needed)
    assert declared["ansible_runner"]["package_pip"] in project["dependency-groups"]["dev"]
    assert declared["galaxy"] == "requirements.yml"
