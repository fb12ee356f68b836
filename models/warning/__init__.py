"""Early warning: weekly series, detectors, candidates, severity, routing and the rules of review."""
