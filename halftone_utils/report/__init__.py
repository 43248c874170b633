"""From results to pages: tables, sentences, HTML, the report itself."""

import lazy_loader

# here, a module is imported when it is first used: who reads results waits for no compiler
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["attack_tables", "build", "captcha_tables", "sentences", "tables", "web"]
)
