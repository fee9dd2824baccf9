"""Every role says what it takes, once: argument_specs.yml and defaults/main.yml agree, in names, values and types."""

from pathlib import Path

import pytest
import yaml

ROLES = sorted((Path(__file__).resolve().parents[2] / "roles").iterdir())
TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict, "path": str}


def load(path: Path) -> dict:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def options(role: Path) -> dict:
    return load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def nested(described: dict, path: str = ""):
    for name, option in described.items():
        yield path + name, option
        yield from nested(option.get("options", {}), f"{path}{name}.")


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_the_ones_that_the_specification_names(role):
    named = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert load(role / "defaults/main.yml") == named


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_input_is_required_or_has_a_default_of_its_type(role):
    for name, option in options(role).items():
        assert name.startswith(f"{role.name}_"), f"{name} does not carry the name of its role"
        assert option.get("required", False) != ("default" in option), f"{name} needs either required or a default"
        if "default" in option:
            assert type(option["default"]) is TYPES[option["type"]], f"the default of {name} is not of its type"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_input_is_described(role):
    for name, option in nested(options(role)):
        assert option.get("description"), f"{role.name}: {name} has no description"
        assert option.get("type") in TYPES, f"{role.name}: {name} has no type"
        assert "elements" in option or option["type"] != "list", f"{role.name}: elements of {name} have no type"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_what_is_not_an_input_is_marked_as_internal(role):
    assert [name for name in load(role / "vars/main.yml") if not name.startswith(f"__{role.name}_")] == []
