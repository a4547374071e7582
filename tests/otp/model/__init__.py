"""A model of OTP's supervision trees, which shares no code with what is held against it."""
