"""What a promotion gives up, and whether whoever asks for it has said so, judged by what each host says of its cluster."""

from __future__ import annotations


def failover(seen: dict[str, dict], standby: str, confirm: str) -> dict:
    """Hosts that may hold writes which STANDBY has not, as victims with a reason each; and what forbids the promotion."""
    states = {host: answer.get("state", "unknown") for host, answer in seen.items()}
    if standby not in seen:
        named = ", ".join(host for host, state in states.items() if state == "standby") or "none"
        return verdict({}, f"Name the standby that is to be promoted: -e standby=NAME. Standbys are: {named}.")
    victims = {host: reason_of(host, seen[host], standby, seen[standby]) for host in seen if host != standby}
    victims = {host: reason for host, reason in victims.items() if reason}
    living = [host for host in victims if states[host] in ("primary", "unanswering")]
    if states[standby] == "primary":
        return verdict(
            {}, f"{standby} and {' and '.join(living)} are both primaries. Nothing was changed." if living else ""
        )
    if states[standby] != "standby":
        return verdict(victims, f"{standby} is {states[standby]} and no standby that runs. Nothing was changed.")
    ahead = more_advanced(seen, standby)
    if ahead:
        return verdict(victims, f"{ahead} has more WAL than {standby}. Nothing was changed. Promote {ahead} instead.")
    if victims and confirm not in victims:
        return verdict(
            victims,
            f"{' '.join(victims.values())} Nothing was changed. If it is to be given up, say so with -e confirm={next(iter(victims))}.",
        )
    unnamed = [host for host in living if host != confirm]
    return verdict(
        victims, f"{' and '.join(unnamed)} lives and was not confirmed. Nothing was changed." if unnamed else ""
    )


def verdict(victims: dict[str, str], problem: str) -> dict:
    return {"victims": victims, "problem": problem}


def reason_of(host: str, answer: dict, standby: str, other: dict) -> str:
    """Why writes of this host could be lost, or why nobody knows; empty for one that has none of its own."""
    state = answer.get("state", "unknown")
    if state == "primary":
        return f"{host} lives and is the primary: what {standby} has not received of it would be lost."
    if state == "unanswering" and not answer["standby_when_started"]:
        return f"{host} runs as a primary and does not answer: what {standby} has not received of it would be lost."
    if state == "unknown":
        return f"{host} did not say what is there: it may be a primary that lives, which has to be stopped by other means first."
    if state == "stopped" and not answer["standby_when_started"]:
        return (
            f"{host} was the primary and does not run: its last checkpoint is at {answer['lsn']}, {standby} has WAL up to "
            f"{other.get('lsn') or 'nothing'}, and what {host} wrote beyond that would be lost."
        )
    return ""


def more_advanced(seen: dict[str, dict], standby: str) -> str:
    """Another standby that has received more, if there is one."""
    others = {host: answer for host, answer in seen.items() if host != standby and answer.get("state") == "standby"}
    best = max(others, key=lambda host: place(others[host]), default="")
    return best if best and place(others[best]) > place(seen[standby]) else ""


def place(answer: dict) -> tuple[int, int]:
    """A later timeline is further on, whatever its LSN."""
    high, _, low = answer["lsn"].partition("/")
    return answer["timeline"], (int(high, 16) << 32) + int(low, 16) if low else 0


class FilterModule:
    def filters(self) -> dict:
        return {"failover": failover}
