"""Whether a cluster is lost, and whose data are given up when it is brought back, by what each host says of its own."""

from __future__ import annotations

SAYS_SO = "Nothing was changed."


def loss(seen: dict[str, dict], host: str) -> dict:
    """The host that gets the data, whose data are given up, and what forbids it.

    SEEN holds the answers of C(pg_cluster_info) by host. HOST may be empty where there is only one.
    """
    answers = {name: {"state": "unknown", **(answer or {})} for name, answer in seen.items()}
    chosen = host or (next(iter(answers)) if len(answers) == 1 else "")
    if chosen not in answers:
        return verdict(
            "", "", f"Name the host that is to have the data: -e new_host=NAME. Hosts are: {', '.join(answers)}."
        )
    others = [name for name in answers if name != chosen and answers[name]["state"] != "absent"]
    # Nobody knows what a host without an answer has; one that is stopped has data.
    return verdict(chosen, ",".join(others) or chosen, forbidden(chosen, answers))


def verdict(host: str, lost: str, problem: str) -> dict:
    return {"host": host, "lost": lost, "problem": problem}


def forbidden(chosen: str, answers: dict[str, dict]) -> str:
    for name, answer in answers.items():
        if answer["state"] == "primary":
            return f"{name} lives and is the primary, so nothing is lost. {SAYS_SO} site.yml completes what is not complete."
        if answer["state"] == "standby" or (answer["state"] == "unanswering" and answer["standby_when_started"]):
            return f"{name} lives and is a standby, which has more than the archive. {SAYS_SO} Promote it with promote_standby.yml."
        if answer["state"] == "unanswering":
            return f"{name} runs as a primary and does not answer. {SAYS_SO} If it is to be given up, stop it first."
    if answers[chosen]["state"] == "unknown":
        return f"{chosen} did not say what is there. {SAYS_SO} It has to be reached, to be given the data."
    return ""


class FilterModule:
    def filters(self) -> dict:
        return {"loss": loss}
