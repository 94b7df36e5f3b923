"""emerchantpay (Genesis gateway): its XML dialect, its notifications, and a simulator of its side."""
