"""Long jobs: journals that survive a kill, worker processes, interruptions."""
