"""Supervision in the manner of Erlang/OTP, as mixins over the core's actor."""
