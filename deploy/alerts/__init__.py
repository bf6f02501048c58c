"""What an operator is told: objectives, recording rules and alerts, as code."""
