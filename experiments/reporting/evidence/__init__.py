"""What the runs say: rows collected, clips judged, differences with intervals, verdicts on claims."""
