"""The one rule by which a configuration is written and hashed: defaults are left out."""

import json
from dataclasses import MISSING, asdict, field, fields
from typing import Any


def always(default: Any) -> Any:
    """A field whose default is written all the same: it was hashed before it had one."""
    return field(default=default, metadata={"always": True})


def config_of(settings: Any) -> dict[str, Any]:
    """The fields of a dataclass instance as JSON, without those that are at their defaults.

    So a new field with a default changes the hash of nothing that exists.
    """
    kept = {
        f.name
        for f in fields(settings)
        if f.metadata.get("always")
        or f.default is MISSING
        or getattr(settings, f.name) != f.default
    }
    return json.loads(json.dumps({k: v for k, v in asdict(settings).items() if k in kept}))


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """What differs between two JSON values, a phrase each: "recipe.batch (64, not 128)"."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return [] if one == other else [f"{where} ({one!r}, not {other!r})"]
    return [
        part
        for key in dict.fromkeys((*one, *other))
        for part in differences(one.get(key), other.get(key), f"{where}.{key}".lstrip("."))
    ]
