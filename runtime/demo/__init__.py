"""`crm demo`: two billing periods of a small telecom company, played on the real engine in simulated time."""
