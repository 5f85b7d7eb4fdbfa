//! The submission house.
