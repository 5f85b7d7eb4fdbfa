//! One delivery: resolve, dial, drive, explain, settle.
