"""What clients see of the use cases, over real sockets."""
