//! Registers of one node, kept in a log on its disk. Nodes know nothing of each other.
//!
//! With `--answers before-sync` a client is answered at once, and the log is synced every second. With `--answers
//! after-sync` an answer waits until what it says is durable, as the SDK has it.

use std::collections::BTreeMap;
use std::time::Duration;

use guest_sdk::disk::Log;
use guest_sdk::prelude::*;

/// How long a change may wait for a sync if answers do not wait for it.
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Read { key: i64 },
    Write { key: i64, value: i64 },
    Cas { key: i64, from: i64, to: i64 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    ReadOk { value: i64 },
    WriteOk,
    CasOk,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    answers: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            answers: "before-sync".to_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Keeper {
    /// The registers.
    values: BTreeMap<i64, i64>,
    /// All that was written, a key and a value each.
    log: Log<(i64, i64)>,
    waits_for_sync: bool,
    /// Whether the timer of the next sync is set.
    sync_is_due: bool,
}

impl Node for Keeper {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        let (log, written) = ctx.disk().open_log("log");
        Keeper {
            values: written.into_iter().collect(),
            log,
            waits_for_sync: options.answers == "after-sync",
            sync_is_due: false,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        match request {
            Request::Read { key } => {
                let value = self.value(key)?;
                ctx.reply(from, &Reply::ReadOk { value });
            }
            Request::Write { key, value } => {
                self.write(key, value, ctx);
                ctx.reply(from, &Reply::WriteOk);
            }
            Request::Cas { key, from: old, to } => {
                let value = self.value(key)?;
                if value != old {
                    let text = format!("the value is {value}, not {old}");
                    return Err(Error::new(ErrorCode::PreconditionFailed, text));
                }
                self.write(key, to, ctx);
                ctx.reply(from, &Reply::CasOk);
            }
        }
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        self.sync_is_due = false;
        ctx.disk().sync();
    }
}

impl Keeper {
    fn value(&self, key: i64) -> Result<i64, Error> {
        let no_key = || Error::new(ErrorCode::KeyDoesNotExist, format!("there is no key {key}"));
        self.values.get(&key).copied().ok_or_else(no_key)
    }

    fn write(&mut self, key: i64, value: i64, ctx: &mut Ctx<Self>) {
        self.values.insert(key, value);
        if self.waits_for_sync {
            return self.log.append(&(key, value), ctx.disk());
        }
        self.log.append(&(key, value), ctx.disk().without_sync());
        if !self.sync_is_due {
            ctx.set_timer(WINDOW, ());
            self.sync_is_due = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use guest_sdk::testing::TestNode;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_reads_what_it_has_written_and_refuses_what_does_not_fit() {
        let mut node = TestNode::<Keeper>::start("n1", &["n1"]);
        let mut ask = |body| node.receive("c1", body);
        let error = |code: u64, text: &str, id: u64| {
            vec![(
                "c1",
                json!({"type": "error", "code": code, "text": text, "in_reply_to": id}),
            )]
        };
        assert_eq!(
            ask(json!({"type": "read", "key": 1, "msg_id": 1})),
            error(20, "there is no key 1", 1)
        );
        let ok = ask(json!({"type": "write", "key": 1, "value": 2, "msg_id": 2}));
        assert_eq!(ok, [("c1", json!({"type": "write_ok", "in_reply_to": 2}))]);
        assert_eq!(
            ask(json!({"type": "cas", "key": 1, "from": 3, "to": 4, "msg_id": 3})),
            error(22, "the value is 2, not 3", 3)
        );
        let ok = ask(json!({"type": "cas", "key": 1, "from": 2, "to": 4, "msg_id": 4}));
        assert_eq!(ok, [("c1", json!({"type": "cas_ok", "in_reply_to": 4}))]);
        let ok = ask(json!({"type": "read", "key": 1, "msg_id": 5}));
        assert_eq!(
            ok,
            [(
                "c1",
                json!({"type": "read_ok", "value": 4, "in_reply_to": 5})
            )]
        );
    }
}
