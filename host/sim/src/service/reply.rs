//! The responses of services.

use host_protocol::message::Error;
use host_protocol::message::write_string;

use super::json::Json;

/// The answer to a request that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To `read`.
    ReadOk {
        /// What is under the key.
        value: Json,
    },
    /// To `write`.
    WriteOk,
    /// To `cas`.
    CasOk,
    /// To `ts`.
    TsOk {
        /// The timestamp.
        ts: u64,
    },
}

/// Appends the body of the message that carries `answer`: a JSON object whose `in_reply_to` is the
/// request's `msg_id`.
pub fn write_body(out: &mut Vec<u8>, answer: &Result<Reply, Error>, in_reply_to: u64) {
    let kind = match answer {
        Ok(Reply::ReadOk { .. }) => "read_ok",
        Ok(Reply::WriteOk) => "write_ok",
        Ok(Reply::CasOk) => "cas_ok",
        Ok(Reply::TsOk { .. }) => "ts_ok",
        Err(_) => "error",
    };
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.push(b'"');
    match answer {
        Ok(Reply::ReadOk { value }) => {
            out.extend_from_slice(b",\"value\":");
            out.extend_from_slice(value.text().as_bytes());
        }
        Ok(Reply::TsOk { ts }) => write_number(out, "ts", *ts),
        Ok(Reply::WriteOk | Reply::CasOk) => {}
        Err(error) => {
            write_number(out, "code", error.code.number());
            out.extend_from_slice(b",\"text\":");
            write_string(out, &error.text);
        }
    }
    write_number(out, "in_reply_to", in_reply_to);
    out.push(b'}');
}

fn write_number(out: &mut Vec<u8>, name: &str, number: u64) {
    out.extend_from_slice(format!(",\"{name}\":{number}").as_bytes());
}

#[cfg(test)]
mod tests {
    use host_protocol::message::ErrorCode;

    use super::*;

    #[track_caller]
    fn body(answer: Result<Reply, Error>, expected: &str) {
        let mut out = Vec::new();
        write_body(&mut out, &answer, 7);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn bodies_are_those_of_maelstroms_documents() {
        let value = Json::read(r#"[1, "a"]"#).unwrap();
        body(
            Ok(Reply::ReadOk { value }),
            r#"{"type":"read_ok","value":[1,"a"],"in_reply_to":7}"#,
        );
        body(Ok(Reply::WriteOk), r#"{"type":"write_ok","in_reply_to":7}"#);
        body(Ok(Reply::CasOk), r#"{"type":"cas_ok","in_reply_to":7}"#);
        body(
            Ok(Reply::TsOk { ts: 123 }),
            r#"{"type":"ts_ok","ts":123,"in_reply_to":7}"#,
        );
        body(
            Err(Error::new(
                ErrorCode::PreconditionFailed,
                "current value \"a\" is not 1",
            )),
            r#"{"type":"error","code":22,"text":"current value \"a\" is not 1","in_reply_to":7}"#,
        );
    }
}
