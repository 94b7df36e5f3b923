"""engagement: mail to clients, notifications to users, key figures."""
