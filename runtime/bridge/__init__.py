"""The HTTP bridge: routes made from the message registry, a live feed, webhooks. It holds no state and no business rule."""
