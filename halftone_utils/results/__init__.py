"""Result files: one schema, one tidy table, intervals; and what people read."""
