"""Unit tests import what Ansible imports, and run main() for real."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from module_runner import PROJECT, prepare_imports

prepare_imports()
sys.path.insert(0, str(PROJECT))  # lab.keyspace, plugins.filter

from ansible.module_utils.testing import patch_module_args

# The same examples each time, however busy the machine is: a red run is a change's doing. To look for new examples:
# HYPOTHESIS_PROFILE=default.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture
def run_module(capsys):
    """run_module(module, check_mode=False, **params) returns what the module prints, as a dictionary."""

    def run(module, check_mode: bool = False, **params) -> dict:
        arguments = {**params, "_ansible_check_mode": check_mode, "_ansible_diff": True}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return run
