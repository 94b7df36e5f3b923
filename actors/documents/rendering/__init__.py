"""Files made here: templates, orders and the worker processes that set them."""
