"""What people and programs speak to: one folder per dialect, and the edge that the dialects share."""
