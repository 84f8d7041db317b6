"""Where announcements come from: documents, wrangler files, the Cloudflare API, BGP, etcd."""
