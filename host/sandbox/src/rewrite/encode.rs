//! What all that rewrites modules needs.

use std::convert::Infallible;
use std::fmt::Display;

use wasm_encoder::Module;
use wasm_encoder::reencode::Reencode;
use wasmparser::{ImportSectionReader, Parser, TypeRef};

use crate::compile::InvalidModule;

/// Encodes the module in `wasm` again, as `rewriter` says.
pub(super) fn encode(
    rewriter: &mut impl Reencode<Error = Infallible>,
    wasm: &[u8],
) -> Result<Vec<u8>, InvalidModule> {
    let mut module = Module::new();
    let parsed = rewriter.parse_core_module(&mut module, Parser::new(0), wasm);
    parsed.map_err(|error| invalid(&error))?;
    Ok(module.finish())
}

/// How many functions a section imports.
pub(super) fn imported_functions(section: ImportSectionReader<'_>) -> wasmparser::Result<u32> {
    section.into_imports().try_fold(0, |count, import| {
        let is_function = matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
        Ok(count + u32::from(is_function))
    })
}

/// The number of a function where `added` more are imported behind the `imported` ones.
pub(super) fn behind_imports(function: u32, imported: u32, added: u32) -> u32 {
    match function < imported {
        true => function,
        false => function + added,
    }
}

/// Says that a module cannot be read after all.
pub(super) fn invalid(error: &dyn Display) -> InvalidModule {
    InvalidModule(format!("the module is invalid: {error}"))
}
