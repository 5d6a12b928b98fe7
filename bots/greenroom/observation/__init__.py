"""What others may see of a running bot: whether it is well, its figures, its traces."""
