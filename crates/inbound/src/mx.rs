//! The MX house.
