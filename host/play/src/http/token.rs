//! The token in the address of a page.

use std::fmt;

/// 128 random bits, as 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// A new one, from the random numbers of the operating system.
    ///
    /// # Errors
    /// If it has none.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Token(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// Whether `other` is the same. The time that it takes says nothing about which part is not.
    pub(crate) fn is(&self, other: &str) -> bool {
        let (own, other) = (self.0.as_bytes(), other.as_bytes());
        let difference = own.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0 && own.len() == other.len()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_128_bits_and_are_known_by_all_of_them() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        let digits = one.to_string();
        assert_eq!(digits.len(), 32);
        assert!(digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert!(one.is(&digits));
        assert!(!one.is(&other.to_string()));
        assert!(!one.is(&digits[..31]));
        assert!(!one.is(&format!("{digits}0")));
        assert!(!one.is(""));
    }
}
