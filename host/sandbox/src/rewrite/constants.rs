//! Takes constants out of the functions of a program of Go, so that programs share machine code.
//!
//! Every program of Go has the language's runtime and parts of its library in it, and the compiler need not
//! compile a function that it knows (`functions.rs`). But Go's linker writes the addresses of data
//! into the functions, and before each call the number of the function that calls: a module with
//! one function more has hardly one function in common with another. So a constant that may be such
//! a number becomes a load from a second memory, which has nothing else in it and is never written:
//!
//! ```text
//! (i64.const 271843328)   becomes   (i64.load $constants offset=1048 (i32.const 0))
//! ```
//!
//! What is left of a function says where in that memory its constants are, if the place is free, so
//! it is the same in every module that has the function. Other numbers that differ between modules are
//! made to be the same: functions are called by numbers of the same length, and so many functions
//! are imported that what the engine keeps behind their addresses has one place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, Encode, EntityType, ImportSection, Instruction,
    MemorySection, MemoryType,
};
use wasmparser::{
    DataSectionReader, FunctionBody, ImportSectionReader, MemorySectionReader, Operator, Parser,
    Payload, TypeRef,
};

use super::encode::{behind_imports, encode, invalid};
use crate::compile::InvalidModule;

/// The number of the memory of constants, behind the module's own.
const MEMORY: u8 = 1;

/// Its size. A module whose constants take more than half of it keeps them.
const BYTES: usize = 1 << 20;

/// The smallest constant that is taken out. Go's linker begins the data behind the first 4,096 bytes,
/// and numbers functions from 4,096 on, in the upper bits of an address of code (`cmd/link/internal/wasm`).
const LEAST: i64 = 4096;

/// Constants from here on are no addresses, neither of data nor of code.
const END: i64 = 1 << 32;

/// A constant takes as much, whatever its type.
const SLOT_BYTES: usize = 8;

const SLOTS: usize = BYTES / SLOT_BYTES;

/// How far from where a function's constants should be they are at most.
const DISTANCE_MAX: usize = 4096;

/// The most constants of a function.
const CONSTANTS_MAX: usize = 4096;

/// How many functions a module imports afterwards. Go's runtime imports some 20 of WASI's 46.
const IMPORTS: u32 = 64;

/// The instructions that are written byte by byte, loads with their alignment and the memory's number.
const CALL: u8 = 0x10;
const I32_LOAD: [u8; 3] = [0x28, 0x40 | 2, MEMORY];
const I64_LOAD: [u8; 3] = [0x29, 0x40 | 3, MEMORY];

/// Rewrites the module in `wasm`, which is valid; `None` if it is not as Go's linker makes modules, or has too many constants.
///
/// # Errors
/// If it cannot be read after all.
pub(super) fn rewrite(wasm: &[u8]) -> Result<Option<Vec<u8>>, InvalidModule> {
    let rewriter = Rewriter::of(wasm).map_err(|error| invalid(&error.message()))?;
    let Some(mut rewriter) = rewriter else {
        return Ok(None);
    };
    let rewritten = encode(&mut rewriter, wasm)?;
    Ok((rewriter.slots.used <= SLOTS / 2).then_some(rewritten))
}

struct Rewriter {
    /// How many functions the module imports, and how many more it will.
    imported: u32,
    added: u32,
    /// One of those that it imports: its names and its type.
    import: (String, String, u32),
    slots: Slots,
}

impl Rewriter {
    /// Looks at the sections; `None` if they are not those of a module by Go's linker.
    fn of(wasm: &[u8]) -> wasmparser::Result<Option<Self>> {
        let (mut imported, mut import) = (0, None);
        let (mut has_memory, mut has_data) = (false, false);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for each in section.into_imports() {
                        let each = each?;
                        let TypeRef::Func(ty) = each.ty else {
                            return Ok(None);
                        };
                        imported += 1;
                        import = Some((each.module.to_owned(), each.name.to_owned(), ty));
                    }
                }
                // The limiter tells the second memory by the first, which is there already.
                Payload::MemorySection(section) => {
                    for memory in section {
                        has_memory = memory?.initial > 0;
                    }
                }
                Payload::DataSection(_) => has_data = true,
                _ => {}
            }
        }
        let Some(import) = import.filter(|_| has_memory && has_data) else {
            return Ok(None);
        };
        Ok(Some(Rewriter {
            imported,
            added: IMPORTS.saturating_sub(imported),
            import,
            slots: Slots::default(),
        }))
    }

    /// A function's body without its constants, and those.
    fn without_constants(
        &mut self,
        body: &FunctionBody<'_>,
    ) -> Result<(Vec<u8>, Loads), Error<Infallible>> {
        let mut reader = body.get_operators_reader()?;
        let (bytes, start) = (body.as_bytes(), body.range().start);
        // What stays as it is is copied: the locals first, then one instruction after the other.
        let mut copied = 0;
        let (mut code, mut calls, mut loads) = (Vec::new(), Vec::new(), Loads::default());
        while !reader.eof() {
            let at = reader.original_position() - start;
            let change = match reader.read()? {
                Operator::I32Const { value } if is_address(value.into()) => {
                    Change::Load(I32_LOAD, value.into())
                }
                Operator::I64Const { value } if is_address(value) => Change::Load(I64_LOAD, value),
                Operator::Call { function_index } => Change::Call(function_index),
                Operator::RefFunc { function_index } => Change::Reference(function_index),
                _ => continue,
            };
            code.extend_from_slice(&bytes[copied..at]);
            copied = reader.original_position() - start;
            match change {
                Change::Load(load, constant) => loads.add(&mut code, load, constant),
                Change::Call(function) => {
                    code.push(CALL);
                    calls.push((code.len(), self.function_index(function)?));
                    code.extend(padded(0));
                }
                Change::Reference(function) => {
                    Instruction::RefFunc(self.function_index(function)?).encode(&mut code);
                }
            }
        }
        code.extend_from_slice(&bytes[copied..]);
        loads.hash = crc32fast::hash(&code);
        for (at, function) in calls {
            code[at..at + PADDED_BYTES].copy_from_slice(&padded(function));
        }
        Ok((code, loads))
    }
}

/// An instruction that does not stay as it is.
enum Change {
    /// A constant, which is loaded.
    Load([u8; 3], i64),
    /// The number of a function that is called.
    Call(u32),
    /// The number of one that is referred to.
    Reference(u32),
}

/// What a function loads instead of having it as a constant.
#[derive(Default)]
struct Loads {
    /// Of all that is left of the function.
    hash: u32,
    /// Each constant once, and its number.
    constants: Vec<i64>,
    numbers: HashMap<i64, usize>,
    /// Where in the body the offset of a load is, and the constant's number.
    places: Vec<(usize, usize)>,
}

impl Loads {
    /// Has `code` load `constant` with the instruction `load`.
    fn add(&mut self, code: &mut Vec<u8>, load: [u8; 3], constant: i64) {
        let number = match self.numbers.entry(constant) {
            Entry::Occupied(number) => *number.get(),
            Entry::Vacant(number) => {
                self.constants.push(constant);
                *number.insert(self.constants.len() - 1)
            }
        };
        Instruction::I32Const(0).encode(code);
        code.extend(load);
        self.places.push((code.len(), number));
        code.extend(padded(offset(number)));
    }
}

/// Whether a constant may be an address.
fn is_address(constant: i64) -> bool {
    (LEAST..END).contains(&constant)
}

/// Where a slot is in the memory.
fn offset(slot: usize) -> u32 {
    u32::try_from(slot * SLOT_BYTES).unwrap_or(u32::MAX)
}

const PADDED_BYTES: usize = 5;

/// A number as LEB128 in as many bytes as the largest takes.
fn padded(number: u32) -> [u8; PADDED_BYTES] {
    [0, 1, 2, 3, 4].map(|at| {
        let more = if at < 4 { 0x80 } else { 0 };
        let [bits, ..] = (number >> (7 * at) & 0x7f).to_le_bytes();
        bits | more
    })
}

/// What is in each slot.
struct Slots {
    constants: Vec<Option<i64>>,
    used: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Slots {
            constants: vec![None; SLOTS],
            used: 0,
        }
    }
}

impl Slots {
    /// Finds slots in a row for the constants of a function, as near as possible behind where its hash puts them. Returns
    /// the first; `None` if there is no room.
    fn place(&mut self, hash: u32, constants: &[i64]) -> Option<usize> {
        if constants.len() > CONSTANTS_MAX {
            return None;
        }
        let home = hash as usize % (SLOTS - CONSTANTS_MAX - DISTANCE_MAX);
        let near = &self.constants[home..home + DISTANCE_MAX + constants.len()];
        let mut free = 0;
        let after = near.iter().position(|slot| {
            free = if slot.is_none() { free + 1 } else { 0 };
            free >= constants.len()
        })?;
        let first = (home + after + 1).saturating_sub(constants.len());
        for (slot, constant) in self.constants[first..].iter_mut().zip(constants) {
            *slot = Some(*constant);
        }
        self.used += constants.len();
        Some(first)
    }

    /// What the memory has in it. Its last slot is never taken and not zero: a memory whose end is zero takes a memory
    /// mapping more, for what is not in the module's file.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; BYTES];
        for (place, constant) in bytes.chunks_exact_mut(SLOT_BYTES).zip(&self.constants) {
            place.copy_from_slice(&constant.unwrap_or(0).to_le_bytes());
        }
        bytes[BYTES - SLOT_BYTES..].fill(u8::MAX);
        bytes
    }
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(behind_imports(function, self.imported, self.added))
    }

    fn data_count(&mut self, count: u32) -> Result<u32, Error<Infallible>> {
        Ok(count + 1)
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_import_section(self, imports, section)?;
        let (module, name, ty) = &self.import;
        for _ in 0..self.added {
            imports.import(module, name, EntityType::Function(*ty));
        }
        Ok(())
    }

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: MemorySectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_memory_section(self, memories, section)?;
        let pages = BYTES as u64 >> 16;
        memories.memory(MemoryType {
            minimum: pages,
            maximum: Some(pages),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let (mut bytes, loads) = self.without_constants(&body)?;
        let Some(first) = self.slots.place(loads.hash, &loads.constants) else {
            return utils::parse_function_body(self, code, body);
        };
        for (at, number) in loads.places {
            bytes[at..at + PADDED_BYTES].copy_from_slice(&padded(offset(first + number)));
        }
        code.raw(&bytes);
        Ok(())
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        section: DataSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_data_section(self, data, section)?;
        data.active(MEMORY.into(), &ConstExpr::i32_const(0), self.slots.bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that has a function less before those that count, or other addresses.
    fn module(before: &str, data: u32, caller: u32) -> Vec<u8> {
        let text = format!(
            r#"(module
              (type $go (func (param i32) (result i32)))
              (import "wasi" "yield" (func $imported (type $go)))
              (memory (export "memory") 3)
              (table 9 funcref)
              (global $sp (mut i32) (i32.const 5000))
              (elem (i32.const 2) $run $imported)
              {before}
              (func $run (type $go) (local i64)
                (local.set 1 (i64.const 4095))
                (i64.store offset=5000 (i32.const {data}) (i64.const {caller}))
                (i64.store (i32.const 8) (i64.const -5000))
                (drop (i64.const {caller}))
                (drop (i64.const 4294967296))
                (drop (f64.const 5000))
                (drop (call $imported (i32.const 0)))
                (call $other (i32.const {data})))
              (func $other (export "other") (type $go) (i32.const 5000))
              (func $refers (drop (ref.func $run)))
              (data (i32.const 5000) "abc"))"#
        );
        wat::parse_str(text).unwrap()
    }

    /// The bodies of functions.
    fn bodies(wasm: &[u8]) -> Vec<Vec<u8>> {
        let payloads = Parser::new(0).parse_all(wasm);
        let bodies = payloads.filter_map(|payload| match payload.unwrap() {
            Payload::CodeSectionEntry(body) => Some(body.as_bytes().to_vec()),
            _ => None,
        });
        bodies.collect()
    }

    /// The data of the last segment.
    fn last_segment(wasm: &[u8]) -> Vec<u8> {
        let payloads = Parser::new(0).parse_all(wasm);
        let segments = payloads.filter_map(|payload| match payload.unwrap() {
            Payload::DataSection(section) => section.into_iter().last(),
            _ => None,
        });
        segments.last().unwrap().unwrap().data.to_vec()
    }

    /// The loads from the memory of constants, and the numbers of called functions, in a body.
    fn changes(body: &[u8]) -> (Vec<(u64, &'static str)>, Vec<u32>) {
        let body = FunctionBody::new(wasmparser::BinaryReader::new(body, 0));
        let (mut loads, mut calls) = (Vec::new(), Vec::new());
        for operator in body.get_operators_reader().unwrap() {
            match operator.unwrap() {
                Operator::I32Load { memarg } if memarg.memory == u32::from(MEMORY) => {
                    loads.push((memarg.offset, "i32"));
                }
                Operator::I64Load { memarg } if memarg.memory == u32::from(MEMORY) => {
                    loads.push((memarg.offset, "i64"));
                }
                Operator::Call { function_index } => calls.push(function_index),
                _ => {}
            }
        }
        (loads, calls)
    }

    #[test]
    fn addresses_are_loaded_and_all_else_keeps_its_meaning() {
        let wasm = rewrite(&module("", 70_000, 0x1000_0003)).unwrap().unwrap();
        let engine = wasmtime::Engine::default();
        wasmtime::Module::validate(&engine, &wasm).unwrap();
        let [run, other, refers] = bodies(&wasm).try_into().unwrap();
        let (loads, calls) = changes(&run);
        let first = loads[0].0;
        let expected = [
            (first, "i32"),
            (first + 8, "i64"),
            (first + 8, "i64"),
            (first, "i32"),
        ];
        assert_eq!(loads, expected);
        // 63 functions more are imported; `$run` and `$other` are behind them.
        assert_eq!(calls, [0, 65]);
        let constants = last_segment(&wasm);
        assert_eq!(constants.len(), BYTES);
        let word = |at: u64| {
            let at = usize::try_from(at).unwrap();
            u64::from_le_bytes(constants[at..at + 8].try_into().unwrap())
        };
        assert_eq!((word(first), word(first + 8)), (70_000, 0x1000_0003));
        let (loads, _) = changes(&other);
        assert_eq!((loads.len(), word(loads[0].0)), (1, 5000));
        // `$run` is the first function behind the imports.
        assert_eq!(refers, [0, 0xd2, 64, 0x1a, 0x0b]);
        let nothing_else = constants.iter().filter(|byte| **byte != 0).count();
        let why = "70,000, 0x10000003, 5,000, and the last slot";
        assert_eq!(nothing_else, 3 + 2 + 2 + SLOT_BYTES, "{why}");
    }

    #[test]
    fn a_function_is_the_same_beside_others_at_other_addresses() {
        let one = rewrite(&module("", 70_000, 0x1000_0003)).unwrap().unwrap();
        let two = module(
            "(func (result i64) (i64.const 123456))",
            99_000,
            0x1001_0003,
        );
        let two = rewrite(&two).unwrap().unwrap();
        let (one, two) = (bodies(&one), bodies(&two));
        // Only the numbers of functions differ. What the compiler makes of a call has none in it.
        let same = |(one, two): (&Vec<u8>, &Vec<u8>)| {
            assert_eq!(one.len(), two.len());
            let differ = one.iter().zip(two).filter(|(one, two)| one != two);
            differ.count()
        };
        let differ: Vec<usize> = one.iter().zip(&two[1..]).map(same).collect();
        assert_eq!(
            differ,
            [1, 0, 1],
            "`$other` is called, `$run` is referred to"
        );
    }

    #[test]
    fn functions_that_are_alike_do_not_share_constants() {
        let twins = "(func (result i32) (i32.const 5001)) (func (result i32) (i32.const 5002))";
        let wasm = rewrite(&module(twins, 70_000, 0x1000_0003))
            .unwrap()
            .unwrap();
        let constants = last_segment(&wasm);
        let bodies = bodies(&wasm);
        let loaded = bodies[..4].iter().map(|body| {
            let at = usize::try_from(changes(body).0[0].0).unwrap();
            u32::from_le_bytes(constants[at..at + 4].try_into().unwrap())
        });
        assert_eq!(loaded.collect::<Vec<_>>(), [5001, 5002, 70_000, 5000]);
    }

    #[test]
    fn a_module_with_too_many_constants_or_none_of_what_go_has_stays_as_it_is() {
        let module = |body: &str| {
            wat::parse_str(format!(
                "(module (import \"a\" \"b\" (func)) (memory 1) {body} (data (i32.const 0) \"a\"))"
            ))
        };
        let function = |constants: usize| {
            let constants = (0..constants).map(|at| format!("(drop (i32.const {}))", 5000 + at));
            format!("(func {})", constants.collect::<String>())
        };
        let load_count = |wasm: &[u8]| {
            let bodies = bodies(wasm);
            bodies
                .iter()
                .map(|body| changes(body).0.len())
                .sum::<usize>()
        };
        let most = module(&function(CONSTANTS_MAX)).unwrap();
        assert_eq!(load_count(&rewrite(&most).unwrap().unwrap()), CONSTANTS_MAX);
        let more = module(&function(CONSTANTS_MAX + 1)).unwrap();
        assert_eq!(load_count(&rewrite(&more).unwrap().unwrap()), 0);
        let full = module(&function(CONSTANTS_MAX).repeat(17)).unwrap();
        assert!(
            rewrite(&full)
                .unwrap()
                .is_none_or(|wasm| load_count(&wasm) < 17 * CONSTANTS_MAX)
        );
        for other in [
            "(module (import \"a\" \"b\" (func)) (memory 1))",
            "(module (import \"a\" \"b\" (func)) (memory 0) (data (i32.const 0) \"\"))",
            "(module (memory 1) (data (i32.const 0) \"\"))",
            "(module (import \"a\" \"b\" (global i32)) (import \"a\" \"b\" (func)) (memory 1) (data \"\"))",
        ] {
            assert_eq!(
                rewrite(&wat::parse_str(other).unwrap()).unwrap(),
                None,
                "{other}"
            );
        }
    }

    #[test]
    fn a_module_that_is_cut_off_is_refused() {
        let wasm = module("", 70_000, 0x1000_0003);
        let error = rewrite(&wasm[..wasm.len() - 1]).unwrap_err();
        assert!(
            error.to_string().starts_with("the module is invalid: "),
            "{error}"
        );
    }
}
