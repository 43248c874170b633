"""How fast the halftone engine is, beside what people would use instead: `make bench`."""
