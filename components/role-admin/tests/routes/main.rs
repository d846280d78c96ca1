//! The routes of this component, over a real SQLite file.

mod app;
mod bootstrap;
mod doors;
mod roles;
mod users;
