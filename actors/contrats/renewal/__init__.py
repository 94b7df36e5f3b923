"""The end of a term: the client is told, somebody refuses, or a new term begins."""
