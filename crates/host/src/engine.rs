//! The Wasmtime engine, set up as Spin sets it up.
//!
//! One engine runs all components of a process. Its clock (the epoch) ticks every ten milliseconds for as long as the
//! engine lives, so that a store with a deadline cannot compute beyond it.

use std::time::Duration;

use anyhow::Context as _;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The time between two ticks of the epoch.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

/// The most component instances that may be alive at once.
const MAX_INSTANCES: u32 = 1_000;

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

/// Makes the engine and starts its clock.
pub fn engine() -> anyhow::Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    if address_space_is_large() {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    }
    let engine = Engine::new(&config)
        .map_err(anyhow::Error::from)
        .context("cannot start Wasmtime")?;
    tick(&engine)?;
    Ok(engine)
}

/// Memory for instances is reserved once and reused, which spares system calls on each instantiation. A component may
/// be composed of many: the limits within one component leave room for a long chain of middleware.
fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(4 * MAX_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(2 * MAX_INSTANCES)
        .total_stacks(MAX_INSTANCES)
        .table_elements(100_000)
        .max_component_instance_size(10 * MIB)
        .max_core_instance_size(10 * MIB)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .max_memory_size(4 * GIB)
        .linear_memory_keep_resident(2 * MIB)
        .table_keep_resident(MIB / 2);
    pool
}

/// Whether the pool's reservation, some terabytes of addresses without memory behind them, fits. It does not on
/// machines with 39-bit addresses, nor under a tight `ulimit -v`; instances are then allocated one by one.
fn address_space_is_large() -> bool {
    const BITS: u32 = 42;
    const WASM_PAGE_BITS: u32 = 16;
    let mut config = Config::new();
    config.wasm_memory64(true);
    config.memory_reservation(1 << BITS);
    Engine::new(&config).is_ok_and(|engine| {
        let mut store = wasmtime::Store::new(&engine, ());
        let empty_but_wide = wasmtime::MemoryType::new64(0, Some(1 << (BITS - WASM_PAGE_BITS)));
        wasmtime::Memory::new(&mut store, empty_but_wide).is_ok()
    })
}

/// Advances the epoch from a thread of its own: a busy guest may hold every thread of the runtime.
fn tick(engine: &Engine) -> anyhow::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("epoch".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(EPOCH_TICK);
            }
        })
        .context("cannot start the clock of the engine")?;
    Ok(())
}
