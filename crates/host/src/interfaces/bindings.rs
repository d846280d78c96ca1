//! The Rust side of `wit/world.wit`, as Wasmtime generates it.
//!
//! A host function returns the guest's own error as its `Err`; nothing but a broken handle, which only a fault of the
//! host can make, ends the instance.

wasmtime::component::bindgen!({
    path: "wit",
    world: "jetway:host/host",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "spin:key-value/key-value.store": super::key_value::OpenStore,
        "spin:redis/redis.connection": crate::backends::redis::Connection,
        "spin:sqlite/sqlite.connection": crate::backends::sqlite::Connection,
        "wasi:keyvalue/store.bucket": super::key_value::OpenBucket,
        "wasi:keyvalue/atomics.cas": super::key_value::OpenSwap,
    },
    trappable_error_type: {
        "spin:key-value/key-value.error" => spin::key_value::key_value::Error,
        "spin:redis/redis.error" => spin::redis::redis::Error,
        "spin:sqlite/sqlite.error" => spin::sqlite::sqlite::Error,
        "spin:variables/variables.error" => spin::variables::variables::Error,
        "wasi:keyvalue/store.error" => wasi::keyvalue::store::Error,
        "wasi:keyvalue/atomics.cas-error" => wasi::keyvalue::atomics::CasError,
    },
});
