"""Run one module's real main() with the options on standard input, as JSON: {"params": {...}, "check_mode": false}.

Executed inside the lab's container, by its Python and with its drivers, the way Ansible would. Needs ansible-core's
package folder and this project's root, both mounted there.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def prepare_imports(project: Path = PROJECT) -> None:
    """Make module_utils/ and library/ importable under the names that Ansible gives them."""
    import ansible.module_utils

    path = str(project / "module_utils")
    if path not in ansible.module_utils.__path__:
        ansible.module_utils.__path__.append(path)
    if str(project / "library") not in sys.path:
        sys.path.append(str(project / "library"))


def main() -> None:
    request = json.load(sys.stdin)
    prepare_imports()
    from ansible.module_utils.testing import patch_module_args

    arguments = {
        **request["params"],
        "_ansible_check_mode": request.get("check_mode", False),
        "_ansible_diff": True,
        "_ansible_remote_tmp": "/tmp",
        "_ansible_keep_remote_files": False,
    }
    with patch_module_args(arguments):
        importlib.import_module(sys.argv[1]).main()


if __name__ == "__main__":
    main()
