"""CAPTCHAs: schemes, the ladder of attacks on them, and the solvers."""
