"""nginx and HAProxy before the service, as docs/deploy.md configures them."""
