"""Who hands over to whom, and what forbids it, judged by what each host says of its own cluster."""

from __future__ import annotations


def switchover(seen: dict[str, dict], new: str) -> dict:
    """The host that gives up the role of the primary for NEW; empty when NEW has it already.

    A switchover that was interrupted is gone on with: its primary is stopped in order, and nobody was promoted yet.
    """
    states = {host: answer.get("state", "unknown") for host, answer in seen.items()}
    primaries = [host for host, state in states.items() if state == "primary"]
    stopped = [host for host, state in states.items() if state == "stopped" and seen[host]["shut_down"]]
    old = next((host for host in primaries + ([] if primaries else stopped) if host != new), "")
    return {"old": old if primaries != [new] else "", "problem": problem_of(seen, states, primaries, stopped, old, new)}


def problem_of(seen: dict, states: dict, primaries: list[str], stopped: list[str], old: str, new: str) -> str:
    standbys = [host for host, state in states.items() if state == "standby"]
    if new not in seen:
        named = ", ".join(standbys) or "none"
        return f"Name the standby that is to become the primary: -e new_primary=NAME. Standbys are: {named}."
    if len(primaries) > 1:
        return f"{' and '.join(primaries)} are both primaries. Nothing was changed; docs/failover.md says what to do."
    if primaries == [new]:
        return ""
    if states[new] != "standby":
        return f"{new} is {states[new]} and no standby that runs. Nothing was changed. Run site.yml first."
    if not old or (not primaries and len(stopped) > 1):
        return f"No primary was found that could hand over to {new}. If it is lost, use promote_standby.yml."
    short = less_of(seen[old].get("settings") or {}, seen[new].get("settings") or {})
    if short:
        return (
            f"{old} has less of {', '.join(short)} than {new}, and could not follow it. Nothing was changed. Run site.yml "
            "-e postgresql_config_restart=true first."
        )
    return ""


def less_of(follower: dict[str, int], leader: dict[str, int]) -> list[str]:
    return [name for name, value in sorted(leader.items()) if follower and follower.get(name, 0) < value]


class FilterModule:
    def filters(self) -> dict:
        return {"switchover": switchover}
