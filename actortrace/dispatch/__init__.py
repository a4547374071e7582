"""Who runs an actor's turns."""
