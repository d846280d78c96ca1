//! The routes of this component, over a real SQLite file.

mod app;
mod doors;
mod me;
mod signin;
mod signout;
