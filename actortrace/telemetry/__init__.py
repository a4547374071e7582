"""OpenTelemetry at the mailbox: context, spans and their edges."""
