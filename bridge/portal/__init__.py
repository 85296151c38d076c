"""The client portal: the Portal protocol, its HTTP client, typed errors."""
