//! Taking over the accounts of the Node stack: its tables as files ([`read`]), each row judged by the gateway's own types
//! ([`rows`]), and what is good written in one transaction ([`import`]).
//!
//! The second run of the same files changes nothing, and no account that is there is ever changed.

mod import;
pub mod read;
mod report;
mod rows;

pub use import::{Options, import};
pub use report::{Counts, Report};
