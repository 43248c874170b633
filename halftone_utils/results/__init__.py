"""Result files: one schema, one tidy table, intervals; what the talk and people say."""

import lazy_loader

# here, a module is imported when it is first used: who reads results waits for no compiler
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["claims", "intervals", "people", "store", "table", "talk"]
)
