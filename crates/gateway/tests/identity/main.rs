//! The identity side of the library on a real SQLite file: what its users meet, its races, and what happens when things
//! break.

mod accounts;
mod events;
mod keys;
mod migrations;
mod roles;
mod sessions;
mod world;
