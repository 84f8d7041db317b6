"""What Cloudflare Gateway does with a Worker's request: the account's own policies, evaluated offline."""
