"""An environment file as systemd reads it (and a shell, and dotenv): its text, what may be shown of it, how it is kept."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
from pathlib import Path

from .errors import PgopsError
from .kept_files import protected, read_text, unprotected, write

HEADER = "# Managed by Ansible: what is changed here is overwritten.\n"
DIRECTORY_MODE = 0o750
BARE = re.compile(r"[A-Za-z0-9_./:+-]+")
# Between double quotes systemd and a shell take the backslash away before these, and only these.
ESCAPED = re.compile(r'(["\\$`])')
LINE = re.compile(r'(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"]*))\s*')
PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")


def rendered(variables: dict[str, str]) -> str:
    return HEADER + "".join(f"{name}={quoted(name, value)}\n" for name, value in sorted(variables.items()))


def quoted(name: str, value: str) -> str:
    if not value.isprintable():
        raise PgopsError(
            f"The value of {name} has a line break or another character that an environment file cannot hold."
        )
    return value if BARE.fullmatch(value) else '"' + ESCAPED.sub(r"\\\1", value) + '"'


def parsed(text: str) -> dict[str, str]:
    """The variables of an environment file that C(rendered) has made, or somebody in its manner."""
    variables = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", ";")):
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise PgopsError(f"Line {number} is not NAME=VALUE.")
        value = found["bare"] if found["quoted"] is None else re.sub(r'\\(["\\$`])', r"\1", found["quoted"])
        variables[found["name"]] = value
    return variables


def read_variables(path: Path) -> dict[str, str]:
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PgopsError(f"There is no {path}. Run site.yml, whose role threadr_application writes it.") from None
    except PermissionError:
        raise PgopsError(
            f"{account()} may not read {path}. Set threadr_application_user and threadr_application_group to what the "
            "application runs as, and run site.yml."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PgopsError(f"{path} cannot be read: {error}. Run site.yml, which writes it.") from None
    except PgopsError as error:
        raise PgopsError(f"{path} is no environment file. {error} Run site.yml, which writes it.") from None


def account() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def shown(text: str, secret: list[str]) -> str:
    """TEXT without what is secret: passwords in URLs, and other values of the variables named."""
    lines = []
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name in secret:
            value = PASSWORD.sub(r"\1***@", value) if PASSWORD.search(value) else "***"
        lines.append(f"{name}{equals}{value}\n")
    return "".join(lines)


def differences(name: str, before: str | None, after: str, secret: list[str]) -> dict[str, str]:
    """For the diff. Where only a secret changes, a line says so, because nothing else could be seen."""
    old, new = shown(before or "", secret), shown(after, secret)
    if old == new and before != after:
        new += "# another secret, which is not shown\n"
    return {"before_header": name, "after_header": name, "before": old, "after": new}


def require_place(directory: Path, group: str, group_pending: bool) -> None:
    """What would stop the run stops the dry run as well."""
    if not directory.is_absolute() or (directory.exists() and not directory.is_dir()):
        raise PgopsError(
            f"{directory} is no directory, nor can it be made. Set the variable that names it to another path."
        )
    try:
        grp.getgrnam(group)
    except KeyError:
        if not group_pending:
            raise PgopsError(
                f"There is no group {group} on this host. Make it, or set the variable that names it to another."
            ) from None


def missing_protection(directory: Path, names: list[str], group: str) -> list[str]:
    """What lies there with another owner, group or mode; C(.) is the directory itself."""
    if not directory.exists():
        return ["."]
    own = [] if protected(directory, group, DIRECTORY_MODE) else ["."]
    return own + unprotected(directory, names, group)


def present(directory: Path, names: list[str]) -> dict[str, str | None]:
    return {name: read_text(directory / name) for name in names}


def keep(directory: Path, files: dict[str, str], changed: list[str], group: str) -> None:
    try:
        if "." in changed:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.chown(directory, "root", group)
            directory.chmod(DIRECTORY_MODE)
        for name, content in files.items():
            if name in changed:
                write(directory / name, content, group)
    except OSError as error:
        raise PgopsError(
            f"{directory} cannot be written: {error}. Run this as root, and see to the file system."
        ) from None
