"""From results to pages: tables, sentences, HTML, the report itself."""
