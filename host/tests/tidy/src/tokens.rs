//! Rust's source text as tokens: enough to follow paths, without comments and literals.

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name, a keyword or a number.
    Word(String),
    /// Any other character. `::` is one token, written as `:`; a single colon is left out.
    Mark(char),
}

impl Token {
    /// Whether it is this word.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Token::Word(own) if own == word)
    }
}

/// The tokens of `text`. Comments, strings, characters and lifetimes are left out.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let mut index = 0;
    while index < chars.len() {
        let char = chars[index];
        if char == '/' && at(index + 1) == '/' {
            while index < chars.len() && chars[index] != '\n' {
                index += 1;
            }
        } else if char == '/' && at(index + 1) == '*' {
            index = after_block_comment(&chars, index);
        } else if char == '"' {
            index = after_string(&chars, index + 1);
        } else if char == '\'' {
            index = after_quote(&chars, index);
        } else if char.is_alphanumeric() || char == '_' {
            let start = index;
            while at(index).is_alphanumeric() || at(index) == '_' {
                index += 1;
            }
            let word: String = chars[start..index].iter().collect();
            let is_prefix = matches!(word.as_str(), "r" | "b" | "br" | "c" | "cr");
            if is_prefix && (at(index) == '"' || at(index) == '#') {
                index = after_prefixed(&chars, index, &word, &mut tokens);
            } else if !(word == "b" && at(index) == '\'') {
                tokens.push(Token::Word(word));
            }
        } else {
            if char == ':' && at(index + 1) == ':' {
                tokens.push(Token::Mark(':'));
                index += 1;
            } else if !char.is_whitespace() && char != ':' {
                tokens.push(Token::Mark(char));
            }
            index += 1;
        }
    }
    tokens
}

fn after_block_comment(chars: &[char], start: usize) -> usize {
    let (mut index, mut depth) = (start, 0);
    while index < chars.len() {
        match (chars[index], chars.get(index + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                index += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                index += 2;
                if depth == 0 {
                    break;
                }
            }
            _ => index += 1,
        }
    }
    index
}

fn after_string(chars: &[char], mut index: usize) -> usize {
    while index < chars.len() && chars[index] != '"' {
        index += if chars[index] == '\\' { 2 } else { 1 };
    }
    index + 1
}

/// Behind a character or a lifetime that begins at `index`.
fn after_quote(chars: &[char], index: usize) -> usize {
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    if at(index + 1) == '\\' {
        let mut end = index + 3;
        while end < chars.len() && chars[end] != '\'' {
            end += 1;
        }
        return end + 1;
    }
    if at(index + 2) == '\'' {
        return index + 3;
    }
    let mut end = index + 1;
    while at(end).is_alphanumeric() || at(end) == '_' {
        end += 1;
    }
    end
}

/// Behind a string with a prefix, or a raw name, of which the prefix ends before `index`.
fn after_prefixed(chars: &[char], index: usize, prefix: &str, tokens: &mut Vec<Token>) -> usize {
    let hashes = chars[index..]
        .iter()
        .take_while(|char| **char == '#')
        .count();
    let quote = index + hashes;
    if chars.get(quote) != Some(&'"') {
        tokens.push(Token::Word(prefix.to_owned()));
        return quote;
    }
    if !prefix.contains('r') {
        return after_string(chars, quote + 1);
    }
    let mut end = quote + 1;
    while end < chars.len() {
        let closes = chars[end] == '"'
            && chars[end + 1..]
                .iter()
                .take(hashes)
                .filter(|char| **char == '#')
                .count()
                == hashes;
        end += 1;
        if closes {
            return end + hashes;
        }
    }
    end
}

/// The tokens that are not under `#[cfg(test)]`, and the names of modules in files of their own
/// that are.
#[must_use]
pub fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let cfg_test = [
        Token::Mark('#'),
        Token::Mark('['),
        Token::Word("cfg".to_owned()),
        Token::Mark('('),
        Token::Word("test".to_owned()),
        Token::Mark(')'),
        Token::Mark(']'),
    ];
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut index = 0;
    while index < tokens.len() {
        if !tokens[index..].starts_with(&cfg_test) {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        let end = after_item(tokens, index + cfg_test.len());
        let item = &tokens[index..end];
        if let [.., before, Token::Word(name), Token::Mark(';')] = item
            && before.is("mod")
        {
            files.push(name.clone());
        }
        index = end;
    }
    (kept, files)
}

/// Behind the item that begins at `index`: behind its semicolon or its braces.
fn after_item(tokens: &[Token], mut index: usize) -> usize {
    let is_use = tokens[index..].iter().take(5).any(|token| token.is("use"));
    let mut depth = 0_usize;
    while index < tokens.len() {
        match &tokens[index] {
            Token::Mark('{' | '(' | '[') => depth += 1,
            Token::Mark('}' | ')' | ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 && tokens[index] == Token::Mark('}') && !is_use {
                    return index + 1;
                }
            }
            Token::Mark(';') if depth == 0 => return index + 1,
            _ => {}
        }
        index += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let words = tokens(text).into_iter().filter_map(|token| match token {
            Token::Word(word) => Some(word),
            Token::Mark(_) => None,
        });
        words.collect()
    }

    #[test]
    fn comments_and_literals_are_left_out() {
        let text = r##"a /* b /* c */ d */ e // f
            "g \" h" i r#"j " k"# l b"m" 'n' o '\'' p '\u{1F600}' q<'r> b's' r#type"##;
        assert_eq!(
            words(text),
            ["a", "e", "i", "l", "o", "p", "q", "r", "type"]
        );
    }

    #[test]
    fn what_is_under_cfg_test_is_left_out() {
        let text = "a; #[cfg(test)] mod b; #[cfg(test)] mod c { d } #[cfg(test)] use e::{f, g}; h";
        let (kept, files) = without_tests(&tokens(text));
        let kept: Vec<bool> = vec![
            kept[0].is("a"),
            kept.last().is_some_and(|last| last.is("h")),
        ];
        assert_eq!(kept, [true, true]);
        assert_eq!(files, ["b"]);
    }
}
