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
