"""The OpenID issuer: its keys over HTTP, and what its tokens say once they verify."""
