"""What the talk of 2018 reports, and which cells its table has (data/talk.toml)."""

from halftone_utils.engine.files import DATA, read_toml

_FILE = read_toml(DATA / "talk.toml")
SIZES: tuple[int, ...] = tuple(_FILE["sizes"])
ARCHITECTURES: tuple[str, ...] = tuple(_FILE["architectures"])
PROTOCOLS = tuple((row["train_on"], row["shown"]) for row in _FILE["protocols"])
# (architecture, trained on, shown) -> accuracy at 32x32 in percent
TALK: dict[tuple[str, str, str], float] = {
    (architecture, row["train_on"], row["shown"]): accuracy
    for row in _FILE["protocols"]
    for architecture, accuracy in row["at_32"].items()
}
