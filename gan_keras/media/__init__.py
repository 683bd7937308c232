"""Pictures, clips, sounds, plots and files: what writes and reads them."""
