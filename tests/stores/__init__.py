"""What is behind the store ports: each store there is, held to what the ports promise."""
