//! Serves compiled flags: OFREP with its event stream, flagd's gRPC and HTTP-JSON, and the tallies of who got what.
