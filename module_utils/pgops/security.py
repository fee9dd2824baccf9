"""What a security item is: a fact, judged by a rule, with a remedy; and how an operator may waive one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import PgopsError
from .health_server import Answer

VERDICTS = ("fail", "waived", "not_applicable", "pass")  # in the order that people want to read them
SETTINGS_FILE = "threadr_security_settings (group_vars/postgresql/security.yml)"
SHOWN_NAMES = 5


class NotRead(Exception):
    """A fact that should be known and could not be read. What is not proven does not pass."""


class NotHere(Exception):
    """A fact that cannot exist where the module runs."""


@dataclass(frozen=True)
class Unread:
    """Stands where a fact of the host would be; says why it is missing."""

    reason: str


@dataclass(frozen=True)
class Judgement:
    verdict: str
    measured: str
    sentence: str = ""


@dataclass(frozen=True)
class Wanted:
    """What only the operator knows of this server."""

    login_roles: tuple[str, ...] | None = None
    superusers: tuple[str, ...] = ("postgres",)
    package_sources: tuple[str, ...] = ()
    fips: bool = False
    base_backup_days: int = 8


@dataclass(frozen=True)
class Facts:
    """Answers of the server by question, facts of its host by name, and what is wanted."""

    answers: dict[str, Answer]
    host_facts: dict[str, Any] = field(default_factory=dict)
    wanted: Wanted = Wanted()
    elsewhere: str | None = None

    def rows(self, question: str) -> list[dict]:
        answer = self.answers[question]
        if answer.failure is not None:
            raise NotRead(f"The server does not tell: {answer.failure} Ask as a superuser, or grant what is missing.")
        return answer.rows

    def row(self, question: str) -> dict:
        rows = self.rows(question)
        return rows[0] if rows else {}

    def setting(self, name: str) -> str:
        found = next((row["setting"] for row in self.rows("settings") if row["name"] == name), None)
        if found is None:
            raise NotRead(f"The server does not show {name} to this role. Ask as a member of pg_read_all_settings.")
        return found

    def has_setting(self, name: str) -> bool:
        return any(row["name"] == name for row in self.rows("settings"))

    def words(self, name: str) -> list[str]:
        """A setting that is a list, such as C(shared_preload_libraries)."""
        return [word.strip().strip('"').lower() for word in self.setting(name).split(",") if word.strip()]

    def host(self, name: str) -> Any:
        if self.elsewhere is not None:
            raise NotHere(f"{self.elsewhere} Run the audit on the server's own host.")
        found = self.host_facts[name]
        if isinstance(found, Unread):
            raise NotRead(found.reason)
        return found


@dataclass(frozen=True)
class Item:
    """C(id) is the section of the CIS benchmark, or HOUSE and a number for what this project demands beyond it."""

    id: str
    title: str
    rule: Callable[[Facts], Judgement]


def passed(measured: str) -> Judgement:
    return Judgement("pass", measured)


def failed(measured: str, remedy: str) -> Judgement:
    return Judgement("fail", measured, remedy)


def inapplicable(measured: str, reason: str) -> Judgement:
    return Judgement("not_applicable", measured, reason)


def listed(names: Iterable[str], none: str = "none") -> str:
    """The first names, and how many more there are."""
    ordered = list(names)
    more = f" and {len(ordered) - SHOWN_NAMES} more" if len(ordered) > SHOWN_NAMES else ""
    return (", ".join(ordered[:SHOWN_NAMES]) or none) + more


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def none_of(found: Iterable[str], remedy: str, none: str = "none") -> Judgement:
    """Passes when nothing was found; otherwise what was found is what was measured."""
    names = list(found)
    return failed(listed(names), remedy) if names else passed(none)


def set_to(name: str, value: str) -> str:
    return f"Set {name} to {value} in {SETTINGS_FILE} and run playbooks/site.yml."


def rule_of(name: str, accepts: Callable[[str], bool], value: str) -> Callable[[Facts], Judgement]:
    """A rule about one setting: VALUE is what the remedy says to set."""

    def rule(facts: Facts) -> Judgement:
        found = facts.setting(name)
        return passed(found) if accepts(found) else failed(found or "empty", set_to(name, value))

    return rule


def one_of(name: str, *values: str) -> Callable[[Facts], Judgement]:
    return rule_of(name, lambda found: found in values, values[0])


def judge(item: Item, facts: Facts) -> Judgement:
    try:
        return item.rule(facts)
    except NotHere as reason:
        return inapplicable("not here", str(reason))
    except NotRead as reason:
        return failed("unreadable", str(reason))


def check_waivers(waivers: dict, known: Iterable[str]) -> dict[str, str]:
    """Waivers by id, each with its reason; those that nobody could defend are refused."""
    names = set(known)
    for name, reason in waivers.items():
        if name not in names:
            raise PgopsError(
                f"The waiver for {name} names no item of this audit. Write the id as the table shows it, as in CIS 3.2."
            )
        if not isinstance(reason, str) or not reason.strip():
            raise PgopsError(f"The waiver for {name} gives no reason. Say why, for whoever reads the audit next year.")
    return {name: reason.strip() for name, reason in waivers.items()}


def waived(judgement: Judgement, reason: str | None) -> Judgement:
    if reason is None or judgement.verdict != "fail":
        return judgement
    return Judgement("waived", judgement.measured, f"Waived: {reason}")


def report(items: Iterable[Item], facts: Facts, waivers: dict) -> dict:
    catalogue = list(items)
    reasons = check_waivers(waivers, (item.id for item in catalogue))
    rows = [(item, waived(judge(item, facts), reasons.get(item.id))) for item in catalogue]
    judged = [{"id": item.id, "title": item.title, **asdict(judgement)} for item, judgement in rows]
    failing = [row for row in judged if row["verdict"] == "fail"]
    return {
        "changed": False,
        "healthy": not failing,
        "items": judged,
        "counts": {verdict: sum(row["verdict"] == verdict for row in judged) for verdict in VERDICTS},
        "problems": [f"{row['id']} {row['title']}: {row['measured']}. {row['sentence']}" for row in failing],
        "superfluous_waivers": [
            f"{row['id']} is {row['verdict']} without its waiver ({reasons[row['id']]}). Remove it."
            for row in judged
            if row["id"] in reasons and row["verdict"] != "waived"
        ],
    }
