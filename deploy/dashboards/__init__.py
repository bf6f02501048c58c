"""What an operator sees: the boards, as code."""
