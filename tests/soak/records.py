"""What a pod of the soak writes into its claim, and what becomes of it. Pure.

    born      who came first: an id of this life of the data, made once, never overwritten
    journal   one line a record: pod, life, writer, number, pod's uid, time, sha256 of all these

A record is acknowledged once the soak has read its whole line in the volume; from then on every byte up to
its end must stay. Nothing syncs: no operation stops the machine, so what the kernel has taken is written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

FOLDER = "/data"
BORN, JOURNAL = "born", "journal"

# Why `ln`: it makes the whole file appear at once, and refuses where one is. Why one `echo`: one write.
WRITER = """
cd /data || exit 1
writer=$(cat /proc/sys/kernel/random/uuid) name=$(hostname) number=0
echo "$writer $name $(date +%s)" > born.$writer
ln born.$writer born 2>/dev/null
rm born.$writer
read -r life others < born || exit 1
while :; do
  number=$((number + 1))
  record="$name $life $writer $number $POD_UID $(date +%s)"
  sum=$(printf %s "$record" | sha256sum)
  echo "$record ${sum%% *}" >> journal || exit 1
  sleep 0.3
done
"""
ENDS_AT_ONCE = "trap 'exit 0' TERM\n"


@dataclass(frozen=True)
class Contents:
    """What lies in a volume."""

    born: bytes = b""
    journal: bytes = b""


@dataclass
class Journal:
    """What was acknowledged of one life of a claim's data; pod: whose, since: its first second."""

    pod: str
    since: float
    life: str = ""
    acknowledged: int = 0
    digest: str = sha256().hexdigest()
    records: int = 0
    writers: dict[str, int] = field(default_factory=dict)
    by_pod: Counter[str] = field(default_factory=Counter)

    def read(self, found: Contents) -> list[str]:
        """Verify what was acknowledged, acknowledge what is new; what is wrong, in sentences."""
        kept = found.journal[: self.acknowledged]
        if sha256(kept).hexdigest() != self.digest:
            there = f"{len(kept)} are there, and they differ"
            return [f"of {self.acknowledged} acknowledged bytes ({self.records} records) {there}"]
        if wrong := self._read_born(found.born):
            return [wrong]
        fresh, newline, _ = found.journal[self.acknowledged :].rpartition(b"\n")
        for line in fresh.decode(errors="replace").splitlines() if newline else ():
            if wrong := self._read_record(line):
                return [f"{wrong}: {line!r}"]
        self.acknowledged += len(fresh) + len(newline)
        self.digest = sha256(found.journal[: self.acknowledged]).hexdigest()
        return []

    def _read_born(self, born: bytes) -> str:
        if not born:
            return f"the id of its life, {self.life}, is gone" if self.life else ""
        life, pod, time = [*born.decode(errors="replace").split(), "", "", "0"][:3]
        if self.life not in ("", life):
            return f"its life was {self.life}, now it is {life}, begun by {pod}"
        if pod != self.pod or int(time) < int(self.since):
            return f"a volume that {pod} began at {time} is shown to {self.pod}, of {self.since:.0f}"
        self.life = life
        return ""

    def _read_record(self, line: str) -> str:
        record, _, found = line.rpartition(" ")
        if sha256(record.encode()).hexdigest() != found:
            return "a record's checksum is wrong"
        pod, life, writer, number, pod_uid, time = record.split(" ")
        if pod != self.pod:
            return f"a record of {pod}"
        if life != self.life or int(time) < int(self.since):
            return f"a record of another life than {self.life or 'none'} of {self.since:.0f}"
        if int(number) != self.writers.get(writer, 0) + 1:
            return f"record {number} of its writer follows {self.writers.get(writer, 0)}"
        self.writers[writer] = int(number)
        self.by_pod[pod_uid] += 1
        self.records += 1
        return ""
