"""The seeded mail templates, in French and English."""

from actors.engagement.templates.rendering import Rendered, Template, category_of, render, render_short

__all__ = ["Rendered", "Template", "category_of", "render", "render_short"]
