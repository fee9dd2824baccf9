"""How a run makes room for others: it waits when the source answers slowly."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 5.0


@dataclass
class Guard:
    """Pauses double while answers take longer than C(max_latency_ms), and halve when they do not; 0 is no limit."""

    max_latency_ms: int = 0
    pause_s: float = 0.0
    slowed_batches: int = 0

    def pause_after(self, latency_ms: float) -> float:
        """Seconds to wait before the source is asked for more."""
        if latency_ms > self.max_latency_ms:
            self.slowed_batches += 1
            self.pause_s = min(max(2 * self.pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        else:
            self.pause_s = self.pause_s / 2 if self.pause_s > FIRST_PAUSE_S else 0.0
        return self.pause_s
