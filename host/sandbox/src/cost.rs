//! What is paid for in fuel: instructions, and the work that the host does for a guest.
//!
//! A unit of fuel is about as much time whatever it is used for: at most 0.28 ns on the machine
//! of `docs/figures.md`. So fuel bounds time, and a verdict about fuel is the same on
//! every machine. `cargo bench -p host --bench fuel` measures each price.
//!
//! Two things are not in a price. A load that misses all caches takes fifty times as long as one
//! that does not, and nothing in a module tells them apart. And the first use of a page of
//! memory takes a page fault.

use wasmtime::OperatorCost;

use crate::facts::Facts;
use crate::wasi::fuel::{
    BUFFER_UNITS, CALL_UNITS, COPIED_BYTE_UNITS, NAME_UNITS, RANDOM_BYTE_UNITS, SEARCH_UNITS,
    THREAD_UNITS, UNSYNCED_UNITS,
};

/// The version of this table: it changes with every price.
pub const COST_TABLE: u64 = 4;

/// For each event that a guest handles: the driver finds it, hands it over, and journals it.
pub(crate) const EVENT_UNITS: u64 = 8_000;

/// For each byte of an event or of a snapshot that is handed to a guest.
pub(crate) const INPUT_BYTE_UNITS: u64 = 5;

/// For each byte that a guest returns: the host decodes, copies and journals it.
pub(crate) const OUTPUT_BYTE_UNITS: u64 = 15;

/// For each effect: the driver checks it and performs it.
pub(crate) const EFFECT_UNITS: u64 = 8_000;

/// For each element of a table that is copied from the module.
const TABLE_ELEMENT_UNITS: u8 = 25;

/// The most that a price can be.
pub(crate) const DEAREST: u8 = u8::MAX;

/// What another instance of a module costs: its data and the elements of its tables are copied.
pub(crate) fn instance_units(facts: &Facts) -> u64 {
    COPIED_BYTE_UNITS * facts.data_bytes + u64::from(TABLE_ELEMENT_UNITS) * facts.table_elements
}

/// The price of each instruction. Prices go by what an instruction does, which its name tells:
/// so one that a later engine adds has a price too.
pub(crate) fn operator_cost() -> OperatorCost {
    let mut cost = OperatorCost::new();
    macro_rules! set {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            $(cost.$op = price(stringify!($op));)*
        };
    }
    wasmparser::for_each_operator!(set);
    let variable = &mut cost.variable;
    // The kernel clears the pages.
    variable.memory_grow_per_page = DEAREST;
    variable.table_grow_per_element = 20;
    variable.table_copy_per_element = 25;
    variable.table_init_per_element = TABLE_ELEMENT_UNITS;
    variable.table_fill_per_element = 15;
    cost
}

/// The price of the instruction with this name in the engine: `I64DivU`, `V128Load`.
fn price(name: &str) -> u8 {
    let is = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    match name {
        // They are no code.
        "Nop" | "Drop" | "Block" | "End" | "Else" | "Unreachable" => 0,
        // Fuel and the epoch are checked at each entry of a function and of a loop.
        "Loop" | "Br" | "BrOnNull" | "BrOnNonNull" => 8,
        // The wrong guess of a branch takes 20 cycles.
        "If" | "BrIf" => 12,
        "BrTable" => 25,
        "Call" | "Return" => 20,
        "CallIndirect" | "CallRef" => 120,
        "TableGet" | "TableSet" => 30,
        // These call into the host, even if there is nothing to do.
        "MemoryGrow" | "TableGrow" | "RefFunc" => DEAREST,
        "MemoryFill" | "MemoryCopy" | "MemoryInit" | "DataDrop" | "ElemDrop" | "TableFill"
        | "TableCopy" | "TableInit" => 130,
        "MemorySize" | "TableSize" => 5,
        _ if name.ends_with("Const") => 1,
        _ if is(&["Atomic"]) => 130,
        _ if is(&["Load", "Store"]) => 10,
        _ if is(&["Sqrt", "Div", "Rem"]) => 60,
        _ if is(&["Convert", "Trunc", "Demote", "Promote"]) => 45,
        _ if is(&["Ceil", "Floor", "Nearest"]) => 25,
        _ if name.starts_with('F') => 20,
        _ if is(&["x2", "x4", "x8", "x16", "V128"]) => 20,
        _ => 1,
    }
}

/// What is paid for, by name, in units of fuel, and the `version` of the table. `instruction` is the price of every instruction
/// that is not named.
#[must_use]
pub fn cost_table() -> Vec<(&'static str, u64)> {
    let cost = operator_cost();
    let variable = &cost.variable;
    let instructions = [
        ("instruction", cost.I32Add),
        ("nop", cost.Nop),
        ("block", cost.Block),
        ("loop", cost.Loop),
        ("branch", cost.Br),
        ("branch-if", cost.BrIf),
        ("branch-table", cost.BrTable),
        ("call", cost.Call),
        ("call-indirect", cost.CallIndirect),
        ("load", cost.I32Load),
        ("store", cost.I32Store),
        ("divide", cost.I64DivU),
        ("float", cost.F64Add),
        ("float-round", cost.F64Ceil),
        ("float-divide", cost.F64Div),
        ("float-convert", cost.F64ConvertI64S),
        ("vector", cost.I8x16Add),
        ("reference-of-a-function", cost.RefFunc),
        ("table-get", cost.TableGet),
        ("bulk-operation", cost.MemoryFill),
        ("memory-copy-per-byte", variable.memory_copy_per_byte),
        ("memory-fill-per-byte", variable.memory_fill_per_byte),
        ("memory-init-per-byte", variable.memory_init_per_byte),
        ("memory-grow", cost.MemoryGrow),
        ("memory-grow-per-page", variable.memory_grow_per_page),
        ("table-grow", cost.TableGrow),
        ("table-grow-per-element", variable.table_grow_per_element),
        ("table-copy-per-element", variable.table_copy_per_element),
        ("table-fill-per-element", variable.table_fill_per_element),
        ("table-init-per-element", variable.table_init_per_element),
    ];
    let instructions = instructions.map(|(name, units)| (name, u64::from(units)));
    let host = [
        ("version", COST_TABLE),
        ("call-of-the-host", CALL_UNITS),
        ("buffer", BUFFER_UNITS),
        ("copied-byte", COPIED_BYTE_UNITS),
        ("random-byte", RANDOM_BYTE_UNITS),
        ("name", NAME_UNITS),
        ("unsynced-change", UNSYNCED_UNITS),
        ("thread", THREAD_UNITS),
        ("other-thread", SEARCH_UNITS),
        ("event", EVENT_UNITS),
        ("input-byte", INPUT_BYTE_UNITS),
        ("output-byte", OUTPUT_BYTE_UNITS),
        ("effect", EFFECT_UNITS),
    ];
    instructions.into_iter().chain(host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_that_is_code_has_a_price() {
        macro_rules! names {
            ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
                [$(stringify!($op)),*]
            };
        }
        let names = wasmparser::for_each_operator!(names);
        let free: Vec<&str> = names.into_iter().filter(|name| price(name) == 0).collect();
        assert_eq!(free, ["Unreachable", "Nop", "Block", "Else", "End", "Drop"]);
    }
}
