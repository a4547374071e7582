"""Random programs of actors, and an oracle that knows what their traces must look like."""
