"""The customer portal's pages: what the holder of a payment link sees. Plain HTML, no script, French and English."""

from runtime.bridge.portal.pages import Portal

__all__ = ["Portal"]
