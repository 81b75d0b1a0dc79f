"""A frozen set described and exported: card, metadata, statistics, pages, archives."""
