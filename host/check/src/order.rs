//! A total order on values: Clojure's `compare` where that is defined (numbers by their value,
//! strings by UTF-16 code unit, vectors by length first), and by kind where Clojure throws. Results
//! list elements in this order, so mixed types, which make Jepsen's checkers give up, are merely
//! sorted.

use std::cmp::Ordering;

use super::value::Vector;
use super::value::{Map, Set, Value};

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Char(a), Self::Char(b)) => a.cmp(b),
            (Self::Str(a), Self::Str(b)) | (Self::Exact(a), Self::Exact(b)) => utf16(a, b),
            (Self::Keyword(a), Self::Keyword(b)) | (Self::Symbol(a), Self::Symbol(b)) => {
                utf16(a, b)
            }
            (Self::Vector(a), Self::Vector(b)) => vectors(a, b),
            (Self::Map(a), Self::Map(b)) => maps(a, b),
            (Self::Set(a), Self::Set(b)) => sets(a, b),
            (Self::Tagged(a), Self::Tagged(b)) => a.cmp(b),
            (a, b) => match (number(a), number(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => rank(a).cmp(&rank(b)),
            },
        }
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Nil => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => 2,
        Value::Exact(_) => 3,
        Value::Char(_) => 4,
        Value::Str(_) => 5,
        Value::Symbol(_) => 6,
        Value::Keyword(_) => 7,
        Value::Vector(_) => 8,
        Value::Set(_) => 9,
        Value::Map(_) => 10,
        Value::Tagged(_) => 11,
    }
}

fn utf16(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn vectors(a: &Vector, b: &Vector) -> Ordering {
    a.len()
        .cmp(&b.len())
        .then_with(|| match (a.as_ints(), b.as_ints()) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => a.cows().cmp(b.cows()),
        })
}

fn sets(a: &Set, b: &Set) -> Ordering {
    let sorted = |set: &Set| {
        let mut members: Vec<Value> = set.iter().cloned().collect();
        members.sort();
        members
    };
    a.len()
        .cmp(&b.len())
        .then_with(|| sorted(a).cmp(&sorted(b)))
}

fn maps(a: &Map, b: &Map) -> Ordering {
    let sorted = |map: &Map| {
        let mut entries: Vec<(Value, Value)> =
            map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        entries.sort();
        entries
    };
    a.len()
        .cmp(&b.len())
        .then_with(|| sorted(a).cmp(&sorted(b)))
}

/// A number of any kind in a form that compares exactly: integers beyond 2^53 have no exact float,
/// so floats are taken apart into decimal digits instead. The order of the fields is the order of
/// their weight.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Number {
    /// -1 for -Inf, 0 for what is finite, 1 for Inf, 2 for NaN.
    class: i8,
    whole: Whole,
    /// The fraction's bits made comparable; numbers of other kinds have none.
    fraction: i64,
    /// Equal numbers of different kinds are different values: integer, big integer, float (by its
    /// bits).
    kind: (u8, u64),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Whole {
    /// Magnitudes of negative numbers order backwards.
    Negative(std::cmp::Reverse<(usize, String)>),
    /// More digits is more; as many digits compare as text.
    Positive((usize, String)),
}

fn whole(digits: &str) -> Whole {
    match digits.strip_prefix('-') {
        Some("0") => Whole::Positive((1, "0".to_owned())),
        Some(magnitude) => {
            Whole::Negative(std::cmp::Reverse((magnitude.len(), magnitude.to_owned())))
        }
        None => Whole::Positive((digits.len(), digits.to_owned())),
    }
}

fn number(value: &Value) -> Option<Number> {
    let integer = |digits: &str, kind| Number {
        class: 0,
        whole: whole(digits),
        fraction: 0,
        kind: (kind, 0),
    };
    match value {
        Value::Int(n) => Some(integer(&n.to_string(), 0)),
        Value::BigInt(digits) => Some(integer(digits, 1)),
        Value::Float(x) => {
            let finite = if x.is_finite() { *x } else { 0.0 };
            let class = match (x.is_nan(), x.is_infinite(), x.is_sign_negative()) {
                (true, ..) => 2,
                (_, true, negative) => 1 - 2 * i8::from(negative),
                _ => 0,
            };
            Some(Number {
                class,
                whole: whole(&format!("{:.0}", finite.trunc())),
                fraction: ordered_bits(finite.fract() + 0.0),
                kind: (2, ordered_bits(*x).cast_unsigned() ^ (1 << 63)),
            })
        }
        _ => None,
    }
}

/// The bits of a float as an integer of the same order (IEEE 754's totalOrder).
fn ordered_bits(x: f64) -> i64 {
    let bits = x.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_kinds_sort_by_value() {
        let big = |digits: &str| Value::BigInt(digits.into());
        let sorted = [
            Value::Nil,
            Value::Float(f64::NEG_INFINITY),
            big("-9223372036854775809"),
            Value::Int(i64::MIN),
            Value::Float(-1.5),
            Value::Int(-1),
            Value::Float(-0.5),
            Value::Int(0),
            Value::Float(-0.0),
            Value::Float(0.0),
            Value::Float(0.5),
            Value::Int(1),
            big("1"),
            Value::Float(1.0),
            Value::Int(9_007_199_254_740_993),
            Value::Float(9_007_199_254_740_994.0),
            Value::Int(i64::MAX),
            big("9223372036854775808"),
            Value::Float(1e300),
            Value::Float(f64::INFINITY),
            Value::Float(f64::NAN),
            Value::from("a"),
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a} and {b}");
            }
        }
    }
}
