"""Actors, messages and mailboxes. Knows Pykka; knows nothing of OpenTelemetry or OTP."""
