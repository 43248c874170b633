"""What a reader of the study may skip: convolutions, checkpoints, hardware, files, refusals."""
