"""What the tests of studies share."""

import pytest

from halftone_utils.digits import points


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Halftones that a study keeps for the next lie in a folder of the test's."""
    monkeypatch.setattr(points, "CACHE", tmp_path / "cache")
