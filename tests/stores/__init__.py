"""What is behind the store ports, held to what the ports promise."""
