"""What may happen to an object store while dumps and physical backups go there: both are tried each time."""

from __future__ import annotations

from functools import partial

from backups import Running
from object_store import FOLDER, SETTINGS
from striking import LIMIT_S, Trial, World, sentence

# Packets of connections that there are, too.
DOWN = "table inet store { chain input { type filter hook input priority 0; tcp dport 443 reject with tcp reset; }; }"
# It answers for a tenth of a second, again and again.
SLOW = """
while :; do
  kill -STOP {pids}; sleep {pause:.2f}
  kill -CONT {pids}; sleep 0.1
done
"""
INCREMENTAL = {"repository": 2, "type": "incr", "archive_timeout_s": LIMIT_S}


class Sender:
    """One way to the store."""

    def __init__(self, world: World) -> None:
        self.world, self.host = world, world.host

    def new(self) -> None:
        """See that there is something to send."""

    def begin(self, **wrong) -> Running:
        """Send, with WRONG settings for the store."""
        raise NotImplementedError

    def there(self) -> list[str]:
        """What the store has: by its own words, or by those of pgBackRest."""
        raise NotImplementedError

    def require_whole(self, name: str) -> None:
        """What counts there can be read back."""
        raise NotImplementedError

    def require_next_run(self, before: list[str]) -> None:
        answer = self.begin().answer(LIMIT_S)
        assert answer and not answer.get("failed"), answer
        found = self.there()
        assert set(before) < set(found), f"{found} after {before}"


class Dumps(Sender):
    def new(self) -> None:
        self.world.shop.back_up(keep_count=1)

    def begin(self, **wrong) -> Running:
        if authority := wrong.pop("authority", ""):
            wrong["ca"] = self.host.run("cat", f"{FOLDER}/{authority}.crt").stdout
        return self.world.shop.in_background("pg_backup_offsite", self.world.shop.offsite_params(**wrong))

    def there(self) -> list[str]:
        return self.world.shop.whole()

    def require_whole(self, name: str) -> None:
        shop, elsewhere = self.world.shop, f"{self.world.shop.directory}_fetched"
        shop.succeed("pg_backup_offsite", shop.offsite_params(directory=elsewhere, state="fetched", backup=name))
        self.host.run("rm", "-r", elsewhere)


class Physical(Sender):
    def begin(self, **wrong) -> Running:
        self.world.configure(**wrong)
        return self.world.archive.in_background("pgbackrest_backup", **INCREMENTAL)

    def there(self) -> list[str]:
        self.world.configure()
        found = self.world.archive.module("pgbackrest_info")["backups"]
        return sorted(one["label"] for one in found if one["repository"] == 2)

    def require_whole(self, name: str) -> None:
        assert self.world.archive.module("pgbackrest_info", verify=True)["problems"] == [], name


def senders(world: World) -> list[Sender]:
    return [Dumps(world), Physical(world)]


def refused(world: World, _place: float, words: str, **wrong) -> None:
    """What the store does not take is told by the first request already: there is no place to strike at."""
    for sender in senders(world):
        sender.new()
        before = sender.there()
        said = sentence(sender.begin(**wrong).answer(LIMIT_S))
        assert words in said and SETTINGS["secret"] not in said, said
        assert sender.there() == before
        sender.require_next_run(before)
    world.await_archive()


def down(world: World, place: float) -> None:
    host = world.host
    for sender in senders(world):
        before = [[""]]

        def begin(sender=sender, before=before) -> Running:
            sender.new()
            before[0] = sender.there()
            return sender.begin()

        said = sentence(
            world.strike(
                type(sender).__name__,
                begin,
                place,
                lambda _: host.run("nft", "-f", "-", stdin=DOWN),
                lambda: host.run("nft", "delete", "table", "inet", "store"),
            )
        )
        assert SETTINGS["secret"] not in said
        found = sender.there()
        # It may have been down only after the last word: what counts there by then has to be whole.
        for one in found:
            if one not in before[0]:
                sender.require_whole(one)
        assert set(before[0]) <= set(found), f"{found} instead of {before[0]}, after: {said}"
        sender.require_next_run(before[0])
    world.await_archive()


def slow(world: World, place: float) -> None:
    """It stops for up to a second, again and again: what is sent takes longer, and arrives."""
    host = world.host
    pids = " ".join(host.run("pgrep", "-f", "[o]bject_store_server").stdout.split())
    for sender in senders(world):
        sender.new()
        before = sender.there()
        loop = SLOW.format(pids=pids, pause=0.2 + 0.8 * place)
        host.run("systemd-run", "--quiet", "--collect", "--unit=slow-store", "bash", "-c", loop)
        try:
            answer = sender.begin().answer(LIMIT_S)
        finally:
            host.run("systemctl", "stop", "slow-store")
            world.archive.store.signal("CONT")
        assert answer and answer.get("changed"), answer
        assert set(before) < set(sender.there())
    world.await_archive()
    assert world.archive.module("pgbackrest_info", verify=True)["problems"] == []


FAULTS: dict[str, Trial] = {
    "store_down": down,
    "store_slow": slow,
    "store_wrong_key": partial(refused, words="The store does not know this key", key="another"),
    "store_wrong_secret": partial(refused, words="The secret is not that of the key", secret="another"),
    "store_bucket_missing": partial(refused, words="There is no such bucket", bucket="nowhere"),
    "store_not_trusted": partial(refused, words="Its authority is not trusted here", authority="other"),
}
