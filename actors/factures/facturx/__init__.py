"""Factur-X: one document as CII XML (EN 16931) inside a PDF/A-3b."""
