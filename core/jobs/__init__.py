"""Work that takes long: records that survive a kill, worker processes, interruptions."""
