"""Every fault that backups have to stand, by its name: a trial of a world, at a place from 0 to 1."""

from __future__ import annotations

import cluster_trials
import dump_trials
import store_trials
from striking import Trial

TRIALS: dict[str, Trial] = {
    **dump_trials.FAULTS,
    **store_trials.FAULTS,
    **cluster_trials.FAULTS,
}
