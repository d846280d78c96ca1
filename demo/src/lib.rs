//! Demo services.
