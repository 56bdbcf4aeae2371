//! A node with a disk: what it asks its host for, what it recovers, and what it may not forget.

mod effects;
mod failing;
mod recovery;
mod scripted;
mod swap;
mod testing;
