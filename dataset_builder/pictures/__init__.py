"""Pictures: decoded, stripped of metadata, stored by content, and compared."""
