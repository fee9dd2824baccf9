"""What a module documents is what it takes: names, types, defaults; and Ansible can read it."""

import importlib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (PROJECT / "library").glob("*.py"))


def documentation(module: str) -> dict:
    return yaml.safe_load(importlib.import_module(f"library.{module}").DOCUMENTATION)


def shared(fragment: str) -> dict:
    found = importlib.import_module(f"plugins.doc_fragments.{fragment}").ModuleDocFragment
    return yaml.safe_load(found.DOCUMENTATION).get("options", {})


def documented(module: str) -> dict:
    text = documentation(module)
    options = dict(text.get("options", {}))
    for fragment in text.get("extends_documentation_fragment", []):
        options |= shared(fragment)
    return options


class Taken(Exception):
    """Raised with the argument specification, when a module begins."""


def argument_spec(module: str, monkeypatch) -> dict:
    def begin(argument_spec: dict, **_):
        raise Taken(argument_spec)

    loaded = importlib.import_module(f"library.{module}")
    monkeypatch.setattr(loaded, "AnsibleModule", begin)
    with pytest.raises(Taken) as taken:
        loaded.main()
    return taken.value.args[0]


@pytest.mark.parametrize("module", MODULES)
def test_options_are_documented_as_they_are(module, monkeypatch):
    options, taken = documented(module), argument_spec(module, monkeypatch)
    assert options.keys() == taken.keys()
    for name, option in taken.items():
        for what in ("type", "default", "elements"):
            assert options[name].get(what) == option.get(what), (name, what)
        assert options[name].get("required", False) == option.get("required", False), name
        assert sorted(options[name].get("choices", [])) == sorted(option.get("choices", [])), name


@pytest.mark.parametrize("module", MODULES)
def test_returns_and_examples_can_be_read(module):
    loaded = importlib.import_module(f"library.{module}")
    assert documentation(module)["module"] == module
    assert yaml.safe_load(loaded.EXAMPLES)
    assert all("description" in value for value in yaml.safe_load(loaded.RETURN).values())
