//! Tests of the engine for code, without files.
