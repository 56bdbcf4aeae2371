//! Rewrites a program with threads so that no instruction blocks the process.
//!
//! The engine's own `memory.atomic.wait` blocks a thread of the machine until another one notifies
//! it. Here all threads of a program take turns on one thread of the machine, so each such
//! instruction becomes a call of the host ([`CALLS`]), which suspends the thread of the program.
//! `memory.grow` becomes one too: the engine asks nobody before it grows a memory that is shared.
//!
//! The functions are imported after all others, so that every function of the module has a
//! number that is higher by their count. Nothing else changes; names stay with their functions.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, EntityType, ImportSection, Instruction, TypeSection, ValType};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

use super::encode::{behind_imports, encode, imported_functions, invalid};
use crate::compile::InvalidModule;

/// The module that the functions are imported from. No module may import them by itself.
pub(crate) const MODULE: &str = "host-threads";

/// Name, parameters and index of each function. Each returns an `i32`, as its instruction does.
/// The last parameter of the first three is the constant offset of the instruction.
pub(crate) const CALLS: [(&str, &[ValType]); 4] = [
    (
        "wait32",
        &[ValType::I32, ValType::I32, ValType::I64, ValType::I32],
    ),
    (
        "wait64",
        &[ValType::I32, ValType::I64, ValType::I64, ValType::I32],
    ),
    ("notify", &[ValType::I32, ValType::I32, ValType::I32]),
    ("grow", &[ValType::I32]),
];

/// How many there are.
const CALLS_COUNT: u32 = GROW + 1;

const WAIT32: u32 = 0;
const WAIT64: u32 = 1;
const NOTIFY: u32 = 2;
const GROW: u32 = 3;

/// Rewrites the module in `wasm`, which is valid and has one memory of 32 bits.
///
/// # Errors
/// If it cannot be read after all.
pub(super) fn rewrite(wasm: &[u8]) -> Result<Vec<u8>, InvalidModule> {
    let mut rewriter = Rewriter::of(wasm).map_err(|error| invalid(&error.message()))?;
    encode(&mut rewriter, wasm)
}

struct Rewriter {
    /// How many types the module has.
    types: u32,
    /// How many functions it imports.
    imported: u32,
}

impl Rewriter {
    /// Counts what the module has.
    fn of(wasm: &[u8]) -> wasmparser::Result<Self> {
        let (mut types, mut imported) = (0, 0);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        types += u32::try_from(group?.types().len()).unwrap_or(u32::MAX);
                    }
                }
                Payload::ImportSection(section) => imported = imported_functions(section)?,
                Payload::CodeSectionStart { .. } => break,
                _ => {}
            }
        }
        Ok(Rewriter { types, imported })
    }

    fn call(&self, index: u32) -> Instruction<'static> {
        Instruction::Call(self.imported + index)
    }
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(behind_imports(function, self.imported, CALLS_COUNT))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_type_section(self, types, section)?;
        for (_, parameters) in CALLS {
            let parameters = parameters.iter().copied();
            types.ty().function(parameters, [ValType::I32]);
        }
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_import_section(self, imports, section)?;
        for (ty, (name, _)) in (self.types..).zip(CALLS) {
            imports.import(MODULE, name, EntityType::Function(ty));
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let (offset, index) = match reader.clone().read()? {
                Operator::MemoryAtomicWait32 { memarg } => (Some(memarg.offset), WAIT32),
                Operator::MemoryAtomicWait64 { memarg } => (Some(memarg.offset), WAIT64),
                Operator::MemoryAtomicNotify { memarg } => (Some(memarg.offset), NOTIFY),
                Operator::MemoryGrow { .. } => (None, GROW),
                _ => {
                    function.instruction(&self.parse_instruction(&mut reader)?);
                    continue;
                }
            };
            reader.read()?;
            if let Some(offset) = offset {
                // The memory has 32 bits, so the offset has too.
                let offset = u32::try_from(offset).unwrap_or(u32::MAX);
                function.instruction(&Instruction::I32Const(offset.cast_signed()));
            }
            function.instruction(&self.call(index));
        }
        code.function(&function);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Vec<u8> {
        rewrite(&wat::parse_str(text).unwrap()).unwrap()
    }

    #[test]
    fn what_blocks_becomes_a_call_and_all_else_keeps_its_meaning() {
        let before = r#"(module
          (type $two (func (param i32 i32)))
          (import "a" "f" (func $f (param i32)))
          (import "env" "memory" (memory 1 9 shared))
          (import "a" "g" (func $g))
          (table 2 funcref)
          (elem (i32.const 0) $start $g)
          (global $ref funcref (ref.func $start))
          (func $start (call $g) (call $f (i32.const 1)))
          (func (export "all") (param i32 i64) (result i32)
            (drop (memory.atomic.wait32 offset=8 (local.get 0) (i32.const 1) (local.get 1)))
            (drop (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 1)))
            (drop (memory.atomic.notify offset=4294967292 (local.get 0) (i32.const 2)))
            (call_indirect (type $two) (i32.const 1) (i32.const 2) (i32.const 0))
            (call $start)
            (memory.grow (memory.size)))
          (start $start))"#;
        let after = r#"(module
          (type $two (func (param i32 i32)))
          (type (func (param i32)))
          (type (func))
          (type (func (param i32 i64) (result i32)))
          (type (func (param i32 i32 i64 i32) (result i32)))
          (type (func (param i32 i64 i64 i32) (result i32)))
          (type (func (param i32 i32 i32) (result i32)))
          (type (func (param i32) (result i32)))
          (import "a" "f" (func $f (param i32)))
          (import "env" "memory" (memory 1 9 shared))
          (import "a" "g" (func $g))
          (import "host-threads" "wait32" (func $wait32 (param i32 i32 i64 i32) (result i32)))
          (import "host-threads" "wait64" (func $wait64 (param i32 i64 i64 i32) (result i32)))
          (import "host-threads" "notify" (func $notify (param i32 i32 i32) (result i32)))
          (import "host-threads" "grow" (func $grow (param i32) (result i32)))
          (table 2 funcref)
          (elem (i32.const 0) $start $g)
          (global $ref funcref (ref.func $start))
          (func $start (call $g) (call $f (i32.const 1)))
          (func (export "all") (param i32 i64) (result i32)
            (drop (call $wait32 (local.get 0) (i32.const 1) (local.get 1) (i32.const 8)))
            (drop (call $wait64 (local.get 0) (local.get 1) (local.get 1) (i32.const 0)))
            (drop (call $notify (local.get 0) (i32.const 2) (i32.const -4)))
            (call_indirect (type $two) (i32.const 1) (i32.const 2) (i32.const 0))
            (call $start)
            (call $grow (memory.size)))
          (start $start))"#;
        let (is, wanted) = (rewritten(before), wat::parse_str(after).unwrap());
        let sections = |wasm: &[u8]| -> Vec<String> {
            let payloads = Parser::new(0).parse_all(wasm);
            let named = payloads.map(|payload| match payload.unwrap() {
                Payload::CustomSection(section) => section.name().to_owned(),
                Payload::CodeSectionEntry(body) => format!("{:?}", body.as_bytes()),
                other => {
                    let (id, range) = other.as_section().unwrap_or((0, 0..0));
                    format!("{id} {:?}", &wasm[range])
                }
            });
            named.filter(|section| section != "name").collect()
        };
        assert_eq!(sections(&is), sections(&wanted));
        assert!(
            String::from_utf8_lossy(&is).contains("start"),
            "has its names"
        );
    }

    #[test]
    fn a_module_that_is_cut_off_is_refused() {
        let wasm = wat::parse_str("(module (func))").unwrap();
        let error = rewrite(&wasm[..wasm.len() - 1]).unwrap_err();
        assert!(
            error.to_string().starts_with("the module is invalid: "),
            "{error}"
        );
    }
}
