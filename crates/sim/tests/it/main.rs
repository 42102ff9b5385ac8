//! The simulation's own tests.

use timeline::conformance;

#[test]
fn the_store_in_memory_is_a_store() {
    conformance::run(|| Box::new(sim::MemoryStore::default()));
}
