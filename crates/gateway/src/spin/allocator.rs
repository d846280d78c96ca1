//! The allocator of the components. Every header of a message is some allocations, and that of the target's C library, which
//! saves memory where it can, took a seventh of a request's time in the component.

use rlsf::GlobalTlsf;

#[global_allocator]
static ALLOCATOR: GlobalTlsf = GlobalTlsf::new();
