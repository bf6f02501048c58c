"""What bad input does: nothing, to anybody else."""
