"""The joined sessions of this node: who they are, how to reach them, when they come and go."""
