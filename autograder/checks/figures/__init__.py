"""Judge figures by what they show, one file a kind."""
