package maelstrom

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The host has checked that events and messages are JSON, so their fields are only looked for: encoding/json would look at each byte
// of a long message ten times, at several hundred units of fuel a time.

// eachField calls fn with the name and the value of each field of an object.
func eachField(object []byte, fn func(name string, value []byte)) {
	if len(object) < 2 || object[0] != '{' {
		return
	}
	rest := object[1 : len(object)-1]
	for {
		name, behind := cut(rest)
		value, behind := cut(behind)
		if len(name) == 0 || len(value) == 0 {
			return
		}
		fn(stringOf(name), value)
		rest = behind
	}
}

// cut takes the value in front, and the comma or colon behind it. It does not call itself: nesting of any depth is right.
func cut(text []byte) (value, behind []byte) {
	text = bytes.TrimLeft(text, " \t\r\n")
	depth, at := 0, 0
scan:
	for at < len(text) {
		switch text[at] {
		case '"':
			at = endOfString(text, at)
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				break scan
			}
		}
		at++
	}
	at = min(at, len(text))
	behind = bytes.TrimLeft(text[at:], " \t\r\n")
	if len(behind) > 0 {
		behind = behind[1:] // a comma or a colon
	}
	return text[:at:at], behind
}

// endOfString is where the quote stands that ends the string at `at`, or the length of the text.
func endOfString(text []byte, at int) int {
	for from := at + 1; ; {
		length := bytes.IndexByte(text[from:], '"')
		if length < 0 {
			return len(text)
		}
		// A quote behind an odd number of backslashes belongs to the string.
		quote, first := from+length, from+length
		for first > at+1 && text[first-1] == '\\' {
			first--
		}
		if (quote-first)%2 == 0 {
			return quote
		}
		from = quote + 1
	}
}

// stringOf is the text of a string, or "" if it is none.
func stringOf(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// unquoted has the bytes of a string, or none if it is none. It is for long ones, as encoding/json is not.
func unquoted(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return nil
	}
	rest := value[1 : len(value)-1]
	text := make([]byte, 0, len(rest))
	for {
		escape := bytes.IndexByte(rest, '\\')
		if escape < 0 || escape+1 == len(rest) {
			return append(text, rest...)
		}
		text, rest = append(text, rest[:escape]...), rest[escape:]
		switch c := rest[1]; c {
		case 'u':
			unit := unitOf(rest)
			rest = rest[min(len(rest), 6):]
			if utf16.IsSurrogate(unit) {
				if unit = utf16.DecodeRune(unit, unitOf(rest)); unit != utf8.RuneError {
					rest = rest[6:]
				}
			}
			text = utf8.AppendRune(text, unit)
		case 'b', 'f', 'n', 'r', 't':
			text, rest = append(text, "\b\f\n\r\t"[strings.IndexByte("bfnrt", c)]), rest[2:]
		default: // a quote, a slash or a backslash
			text, rest = append(text, c), rest[2:]
		}
	}
}

// unitOf has the four digits of `\uXXXX` at the front of a text, or U+FFFD.
func unitOf(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return utf8.RuneError
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(unit)
}

// idOf is an unsigned integer, or nil if it is none.
func idOf(value []byte) *uint64 {
	id, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return nil
	}
	return &id
}

// readMessage finds what the package needs of a message.
func readMessage(text []byte) Message {
	var msg Message
	eachField(text, func(name string, value []byte) {
		switch name {
		case "src":
			msg.Src = stringOf(value)
		case "dest":
			msg.Dest = stringOf(value)
		case "body":
			// A copy: a handler may keep it, and the host writes the next event over this one.
			msg.Body = bytes.Clone(value)
		}
	})
	eachField(msg.Body, func(name string, value []byte) {
		switch name {
		case "type":
			msg.head.Type = stringOf(value)
		case "msg_id":
			msg.head.MsgID = idOf(value)
		case "in_reply_to":
			msg.head.InReplyTo = idOf(value)
		}
	})
	return msg
}
