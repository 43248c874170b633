"""Data: digits, the frozen points, halftone sets on disk, photographs."""
