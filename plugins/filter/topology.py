"""Which host of a group is the primary, judged by what each of them says of its own cluster."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display


def topology(seen: dict[str, dict], hosts: list[str]) -> dict:
    """The primary, if there is one, and what stands in the way: of everything, or of one host.

    SEEN holds the answers of C(pg_cluster_info) by host. A host of HOSTS that gave none was not reached, or was left out.
    """
    # One that failed has an answer too, and no state.
    answers = {host: {"state": "unknown", **(seen.get(host) or {})} for host in hosts}
    primaries = [host for host in hosts if answers[host]["state"] == "primary"]
    if len(primaries) > 1:
        return {"primary": "", "problem": two_primaries(primaries, answers), "problems": {}}
    if primaries:
        return {"primary": primaries[0], "problem": "", "problems": strangers(primaries[0], answers)}
    problem, first = without_primary(hosts, answers)
    return {"primary": first, "problem": problem, "problems": {}}


def two_primaries(primaries: list[str], answers: dict[str, dict]) -> str:
    named = " and ".join(f"{host} on timeline {answers[host]['timeline']}" for host in primaries)
    return (
        f"There are {len(primaries)} primaries: {named}. Let no application write, decide which one is to stay, stop "
        "PostgreSQL on the others, and make them standbys again with rebuild_standby.yml; docs/failover.md says how."
    )


def strangers(primary: str, answers: dict[str, dict]) -> dict[str, str]:
    """Hosts that cannot follow the primary as they are, a sentence each."""
    found = {}
    for host, answer in answers.items():
        if host == primary or answer["state"] in ("absent", "unknown"):
            continue
        if answer["system_identifier"] != answers[primary]["system_identifier"]:
            found[host] = (
                f"{host} holds another cluster than the primary {primary}: system identifier {answer['system_identifier']}, "
                f"not {answers[primary]['system_identifier']}. Nothing of it was changed. If it can be given up, remove it "
                "with pg_dropcluster; otherwise take the host out of the group postgresql."
            )
        elif answer["state"] == "stopped" and not answer["standby_when_started"]:
            found[host] = (
                f"{host} does not run, and was a primary on timeline {answer['timeline']}; {primary} is the primary now, on "
                f"timeline {answers[primary]['timeline']}. Make it a standby with rebuild_standby.yml -e standby={host} "
                f"-e confirm={host}."
            )
    return found


def without_primary(hosts: list[str], answers: dict[str, dict]) -> tuple[str, str]:
    """Why there is none, or else which host becomes it: nobody's data are passed over."""
    unknown = [host for host in hosts if answers[host]["state"] == "unknown"]
    with_data = [host for host in hosts if answers[host]["state"] in ("stopped", "standby")]
    if unknown:
        return f"No primary was found, and {' and '.join(unknown)} did not say what is there. {REMEDY}", ""
    if not with_data:
        return "", hosts[0]
    [first, *others] = with_data
    if not others and answers[first]["state"] == "stopped" and not answers[first]["standby_when_started"]:
        return "", first
    named = "; ".join(f"{host} {described(answers[host])}" for host in with_data)
    return f"No primary was found: {named}. {REMEDY}", ""


REMEDY = (
    "Start the one that was the primary (systemctl start postgresql@15-main), or promote a standby with "
    "promote_standby.yml; docs/failover.md says how."
)


def described(answer: dict) -> str:
    if answer["state"] == "standby":
        return f"is a standby at {answer['lsn']} on timeline {answer['timeline']}"
    was = "is a standby that does not run" if answer["standby_when_started"] else "was a primary and does not run"
    return f"{was}, last checkpoint {answer['lsn']} on timeline {answer['timeline']}"


def replication_rules(addresses: dict[str, list[str]], hosts: list[str], role: str) -> list[dict]:
    """Rules of pg_hba.conf that let ROLE in from HOSTS alone: to stream, and for pg_rewind."""
    for host in hosts:
        if not addresses.get(host):
            raise AnsibleFilterError(
                f"No address of {host} is known, from which it could replicate. Let the hosts of the group postgresql know "
                "each other by name, or set threadr_replication_addresses."
            )
    return [
        {"type": "hostssl", "database": database, "user": role, "address": address, "method": "scram-sha-256"}
        for database in ("replication", "postgres")
        for host in hosts
        for address in addresses[host]
    ]


def synchronous_names(wanted: int | str, standbys: list[str]) -> str:
    """The value of synchronous_standby_names; empty for none. Warns where one standby's loss would stop every write."""
    number = int(wanted)
    if number == 0:
        return ""
    if not 0 < number <= len(standbys):
        raise AnsibleFilterError(
            f"threadr_synchronous_standbys is {wanted}, but there are {len(standbys)} standbys: no write would ever end."
        )
    if number == len(standbys):
        Display().warning(
            f"threadr_synchronous_standbys is {number}, and so many standbys there are: the loss of one stops every write."
        )
    quoted = ", ".join(f'"{name}"' for name in standbys)
    return f"ANY {number} ({quoted})"


class FilterModule:
    def filters(self) -> dict:
        return {
            "replication_rules": replication_rules,
            "synchronous_names": synchronous_names,
            "topology": topology,
        }
