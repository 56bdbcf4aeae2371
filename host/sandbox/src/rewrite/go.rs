//! Ends the goroutine that waits for signals in a program of Go.
//!
//! `signal.Notify` starts a goroutine that waits for the next signal, in `runtime.notetsleepg`. On
//! wasip1 that is a loop of `sched_yield` and `Gosched` (`runtime/lock_wasip1.go`). While a goroutine
//! can run, Go's scheduler never asks which others have input (`runtime/proc.go`, `findRunnable`),
//! so one that reads stdin would never go on. A node gets no signals, so its goroutine may as well
//! end: the loop's call of `runtime.sched_yield` becomes one of `runtime.goexit1`, which is how
//! each goroutine ends. Both have the same type and take no arguments.
//!
//! This needs the names of functions, which `-ldflags=-s` leaves out.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, Instruction};
use wasmparser::{FunctionBody, KnownCustom, Name, Operator, Parser, Payload};

use super::encode::{encode, imported_functions, invalid};
use crate::compile::InvalidModule;

/// The function that waits, what it calls, and what it calls instead.
const WAITS: &str = "runtime.notetsleepg";
const YIELDS: &str = "runtime.sched_yield";
const ENDS: &str = "runtime.goexit1";

/// Rewrites the module in `wasm`, which is valid; `None` if it has none of these functions.
///
/// # Errors
/// If it cannot be read after all.
pub(super) fn rewrite(wasm: &[u8]) -> Result<Option<Vec<u8>>, InvalidModule> {
    let rewriter = Rewriter::of(wasm).map_err(|error| invalid(&error.message()))?;
    rewriter
        .map(|mut rewriter| encode(&mut rewriter, wasm))
        .transpose()
}

/// The numbers of the functions.
struct Rewriter {
    waits: u32,
    yields: u32,
    ends: u32,
    /// The number of the next body.
    next: u32,
}

impl Rewriter {
    /// Finds the functions by their names.
    fn of(wasm: &[u8]) -> wasmparser::Result<Option<Self>> {
        let mut imported = 0;
        let (mut waits, mut yields, mut ends) = (None, None, None);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => imported = imported_functions(section)?,
                Payload::CustomSection(section) => {
                    let KnownCustom::Name(names) = section.as_known() else {
                        continue;
                    };
                    for names in names {
                        let Name::Function(names) = names? else {
                            continue;
                        };
                        for name in names {
                            let name = name?;
                            match name.name {
                                WAITS => waits = Some(name.index),
                                YIELDS => yields = Some(name.index),
                                ENDS => ends = Some(name.index),
                                _ => {}
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let (Some(waits), Some(yields), Some(ends)) = (waits, yields, ends) else {
            return Ok(None);
        };
        Ok(Some(Rewriter {
            waits,
            yields,
            ends,
            next: imported,
        }))
    }
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let number = self.next;
        self.next += 1;
        if number != self.waits {
            code.raw(body.as_bytes());
            return Ok(());
        }
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let is_call = match reader.clone().read()? {
                Operator::Call { function_index } => function_index == self.yields,
                _ => false,
            };
            let instruction = self.parse_instruction(&mut reader)?;
            function.instruction(&match is_call {
                true => Instruction::Call(self.ends),
                false => instruction,
            });
        }
        code.function(&function);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with the functions of Go's runtime that count here.
    fn module(waits: &str, called: &str) -> Vec<u8> {
        let text = format!(
            r#"(module
              (import "a" "b" (func $imported (param i32) (result i32)))
              (func $runtime.goexit1 (param i32) (result i32) (i32.const 1))
              (func $runtime.sched_yield (param i32) (result i32) (call $imported (i32.const 0)))
              (func ${waits} (param i32) (result i32)
                (drop (call $imported (i32.const 7)))
                (drop (call ${called} (i32.const 0)))
                (call $imported (i32.const 8)))
              (func $other (param i32) (result i32) (call $runtime.sched_yield (i32.const 0)))
              (data "abc"))"#
        );
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn only_the_wait_for_signals_ends_its_goroutine() {
        let before = module(WAITS, YIELDS);
        let after = rewrite(&before).unwrap().unwrap();
        assert_eq!(after, module(WAITS, ENDS));
    }

    #[test]
    fn a_module_without_these_names_stays_as_it_is() {
        assert_eq!(rewrite(&module("runtime.other", YIELDS)).unwrap(), None);
        let stripped = wat::parse_str("(module (func))").unwrap();
        assert_eq!(rewrite(&stripped).unwrap(), None);
    }
}
