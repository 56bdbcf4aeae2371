//! Types of functions as text.

use std::fmt;

use wasmparser::{FuncType, ValType};

/// A type such as `(i32, i32) -> i32`.
pub(super) fn signature(ty: &FuncType) -> String {
    format!("({}) -> {}", Types(ty.params()), Results(ty.results()))
}

struct Types<'a>(&'a [ValType]);

impl fmt::Display for Types<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, ty) in self.0.iter().enumerate() {
            write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

struct Results<'a>(&'a [ValType]);

impl fmt::Display for Results<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => write!(f, "{one}"),
            all => write!(f, "({})", Types(all)),
        }
    }
}
