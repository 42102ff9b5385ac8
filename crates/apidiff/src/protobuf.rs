//! Two sets of protobuf files.
