//! The tokens of EDN: names, numbers, characters and strings.

use crate::value::{Value, is_constituent};

/// The integer that a text starts with, and its length: `None` unless it is of at most 18 digits,
/// which cannot overflow, and is written without a plus or leading zeros.
#[inline]
pub(super) fn short_integer(text: &[u8]) -> Option<(i64, usize)> {
    let is_negative = text.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let mut magnitude = 0_i64;
    let mut end = start;
    while let Some(digit) = text
        .get(end)
        .filter(|b| b.is_ascii_digit() && end < start + 18)
    {
        magnitude = magnitude * 10 + i64::from(digit - b'0');
        end += 1;
    }
    let has_leading_zero = text.get(start) == Some(&b'0') && end > start + 1;
    let goes_on = text.get(end).is_some_and(|&b| is_constituent(b));
    let is_short = end > start && !has_leading_zero && !goes_on;
    is_short.then_some((if is_negative { -magnitude } else { magnitude }, end))
}

/// Reads a number. `token` starts with a digit, or with a sign and a digit.
pub(super) fn number(token: &str) -> Result<Value, String> {
    let (sign, unsigned) = match token.as_bytes()[0] {
        b'-' => ("-", &token[1..]),
        b'+' => ("", &token[1..]),
        _ => ("", token),
    };
    let not_a_number = || format!("expected a number, found `{token}`");
    if let Some(value) = integer(sign, unsigned.strip_suffix('N').unwrap_or(unsigned))? {
        return Ok(value);
    }
    if let Some((above, below)) = unsigned.split_once('/')
        && is_digits(above)
        && is_digits(below)
    {
        return ratio(sign, above, below)
            .ok_or_else(|| format!("expected a ratio, found a division by zero, `{token}`"));
    }
    if let Some(decimal) = unsigned.strip_suffix('M') {
        let is_decimal = is_digits(decimal) || is_float(decimal);
        return is_decimal
            .then(|| exact_decimal(sign, decimal))
            .ok_or_else(not_a_number);
    }
    if !is_float(unsigned) {
        return Err(not_a_number());
    }
    let float: f64 = token.parse().map_err(|_| not_a_number())?;
    if float.is_finite() {
        Ok(Value::Float(float))
    } else {
        Err(format!(
            "expected a float that 64 bits can hold, found `{token}`"
        ))
    }
}

/// An integer in any notation that Clojure has: `31`, `0x1F`, `037`, `2r11111`; `None` if it is
/// none.
fn integer(sign: &str, text: &str) -> Result<Option<Value>, String> {
    if text == "0" || (is_digits(text) && !text.starts_with('0')) {
        return Ok(Some(decimal_integer(sign, text)));
    }
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (radix, digits) = match (hex, text.strip_prefix('0'), text.split_once(['r', 'R'])) {
        (Some(hex), ..) => (16, hex),
        (_, Some(octal), _) => (8, octal),
        (.., Some((radix, digits))) => (radix.parse().unwrap_or(0), digits),
        _ => return Ok(None),
    };
    let is_integer = (2..=36).contains(&radix)
        && !digits.is_empty()
        && digits.chars().all(|digit| digit.is_digit(radix));
    if !is_integer {
        return Ok(None);
    }
    match u128::from_str_radix(digits, radix) {
        Ok(magnitude) => Ok(Some(decimal_integer(sign, &magnitude.to_string()))),
        Err(_) => Err(format!(
            "expected an integer of at most 128 bits in base {radix}, found `{text}`"
        )),
    }
}

fn decimal_integer(sign: &str, digits: &str) -> Value {
    let digits = format!("{sign}{digits}");
    match digits.parse() {
        Ok(n) => Value::Int(n),
        Err(_) => Value::BigInt(digits.into()),
    }
}

/// A ratio in its lowest terms; an integer if it is one. `None` if it divides by zero.
fn ratio(sign: &str, above: &str, below: &str) -> Option<Value> {
    let (above, below) = (without_zeros(above), without_zeros(below));
    if below == "0" {
        return None;
    }
    let (Ok(n), Ok(d)) = (above.parse::<u128>(), below.parse::<u128>()) else {
        return Some(Value::Exact(format!("{sign}{above}/{below}").into()));
    };
    let (mut divisor, mut rest) = (n, d);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let (n, d) = (n / divisor, d / divisor);
    Some(if d == 1 {
        decimal_integer(sign, &n.to_string())
    } else {
        Value::Exact(format!("{sign}{n}/{d}").into())
    })
}

/// A decimal without zeros that say nothing, unless it has an exponent.
fn exact_decimal(sign: &str, text: &str) -> Value {
    let text = match text.split_once('.') {
        _ if text.contains(['e', 'E']) => text.to_owned(),
        None => without_zeros(text).to_owned(),
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => without_zeros(whole).to_owned(),
            fraction => format!("{}.{fraction}", without_zeros(whole)),
        },
    };
    let sign = if text == "0" { "" } else { sign };
    Value::Exact(format!("{sign}{text}M").into())
}

/// Digits without leading zeros.
fn without_zeros(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `12.5`, `12.`, `1e9`, `1.5E-9`: digits, then a fraction or an exponent or both.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_ok = exponent.is_none_or(|e| is_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            is_digits(whole) && (fraction.is_empty() || is_digits(fraction)) && exponent_ok
        }
        None => is_digits(mantissa) && exponent.is_some() && exponent_ok,
    }
}

/// Reads a character from what follows its backslash: one character, a name, `uXXXX` or `oNNN`.
pub(super) fn character(token: &str) -> Result<Value, String> {
    let mut chars = token.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Ok(Value::Char(only));
    }
    let named = NAMED_CHARS
        .iter()
        .find(|(name, _)| *name == token)
        .map(|(_, c)| *c);
    let coded = || match token.split_at_checked(1)? {
        ("u", hex) if hex.len() == 4 => char::from_u32(u32::from_str_radix(hex, 16).ok()?),
        ("o", octal) if octal.len() <= 3 => octal_char(octal),
        _ => None,
    };
    named
        .or_else(coded)
        .map(Value::Char)
        .ok_or_else(|| format!("expected a character, found `\\{token}`"))
}

pub(super) const NAMED_CHARS: [(&str, char); 6] = [
    ("newline", '\n'),
    ("space", ' '),
    ("tab", '\t'),
    ("return", '\r'),
    ("backspace", '\u{8}'),
    ("formfeed", '\u{c}'),
];

/// Up to three octal digits, up to `377`.
fn octal_char(digits: &str) -> Option<char> {
    u8::from_str_radix(digits, 8).ok().map(char::from)
}

/// What [`escaped`] knows, for a message.
const ESCAPES: &str = r#"\t \r \n \b \f \\ \" \uXXXX or octal"#;

/// Reads the inside of a string that has escapes. On error, says how many bytes in the bad escape
/// starts.
pub(super) fn unescape(raw: &str) -> Result<String, (usize, String)> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(backslash) = rest.find('\\') {
        text.push_str(&rest[..backslash]);
        let escape = &rest[backslash + 1..];
        let (c, len) = escaped(escape).ok_or_else(|| {
            let shown: String = escape.chars().take(1).collect();
            let what = format!("expected an escape ({ESCAPES}), found `\\{shown}`");
            (raw.len() - escape.len() - 1, what)
        })?;
        text.push(c);
        rest = &escape[len..];
    }
    text.push_str(rest);
    Ok(text)
}

/// The character an escape stands for, and the length of the escape without its backslash. A
/// character beyond 16 bits is two escapes, as in Java.
fn escaped(escape: &str) -> Option<(char, usize)> {
    let unit = |text: &str| {
        text.get(1..5)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u16::from_str_radix(hex, 16).ok())
    };
    Some(match escape.bytes().next()? {
        b't' => ('\t', 1),
        b'r' => ('\r', 1),
        b'n' => ('\n', 1),
        b'b' => ('\u{8}', 1),
        b'f' => ('\u{c}', 1),
        b'\\' => ('\\', 1),
        b'"' => ('"', 1),
        b'u' => {
            let high = unit(escape)?;
            if let Some(c) = char::from_u32(u32::from(high)) {
                (c, 5)
            } else {
                let low = unit(
                    escape
                        .get(5..)?
                        .strip_prefix('\\')
                        .filter(|rest| rest.starts_with('u'))?,
                )?;
                (char::decode_utf16([high, low]).next()?.ok()?, 11)
            }
        }
        b'0'..=b'7' => {
            let len = escape
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            (octal_char(&escape[..len])?, len)
        }
        _ => return None,
    })
}
