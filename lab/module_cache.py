"""Keeps what Python compiles of a module that Ansible sends, as Python does of a file that stays.

A module comes as an archive of sources, Ansible's own among them, and each task would compile them anew: two fifths of what a
task takes. Only the lab's containers have this; their Python imports it at its start.
"""

import _imp
import hashlib
import marshal
import os
import sys
import zipimport

DIRECTORY = f"/var/tmp/python-modules-{os.geteuid()}-{sys.implementation.cache_tag}"
IMPORTER = vars(zipimport)
compile_source = IMPORTER["_compile_source"]


def compile_once(path, source):
    kept = os.path.join(DIRECTORY, hashlib.sha256(source).hexdigest())
    try:
        with open(kept, "rb") as file:
            code = marshal.load(file)
    except (OSError, ValueError, EOFError, TypeError):
        code = compile_source(path, source)
        keep(kept, code)
    # For tracebacks: the archive lies elsewhere each time.
    _imp._fix_co_filename(code, path)
    return code


def keep(kept, code):
    """Whoever reads it at this moment finds nothing, or all of it. Where there is no room it is not kept."""
    fresh = f"{kept}.{os.getpid()}"
    try:
        os.makedirs(DIRECTORY, mode=0o700, exist_ok=True)
        with open(fresh, "wb") as file:
            marshal.dump(code, file)
        os.replace(fresh, kept)
    except OSError:
        pass


IMPORTER["_compile_source"] = compile_once
