//! Unique ids that attack a report: ids, bodies, message types, logs, errors and the keys of its
//! state are markup, script, or property names with a special meaning in scripts.
//!
//! With the argument `--moody true` it also detects that its state is read, and generates other
//! ids from then on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use guest_sdk::prelude::*;
use serde::{Deserializer, Serializer};

/// Each of them sets `pwned` if a page takes it for what it looks like.
const HOSTILE: [&str; 8] = [
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=\"window.pwned=2\">",
    "\"><svg onload=window.pwned=3>",
    "javascript:window.pwned=4",
    "<!--<script>",
    "'\"&lt;\u{2028}\u{202e}]]>",
    "__proto__",
    "</title></style><iframe srcdoc='<script>parent.pwned=5</script>'>",
];

#[derive(Deserialize)]
enum Request {
    #[serde(rename = "generate")]
    Generate,
    #[serde(rename = "</script><script>window.pwned=6</script>")]
    Gossip,
}

#[derive(Serialize)]
enum Reply {
    #[serde(rename = "generate_ok")]
    GenerateOk { id: String },
    #[serde(rename = "</script><script>window.pwned=6</script>")]
    Gossip { payload: &'static str },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Options {
    moody: bool,
}

#[derive(Serialize, Deserialize)]
struct Hostile {
    moody: bool,
    count: u64,
    said: BTreeMap<String, String>,
    asked: Asked,
}

/// How often the state was asked for. Not part of the state, so that asking changes it.
static ASKED: AtomicU64 = AtomicU64::new(0);

struct Asked;

impl Serialize for Asked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ASKED.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <()>::deserialize(deserializer).map(|()| Asked)
    }
}

impl Node for Hostile {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let options: Options = ctx.options();
        Hostile {
            moody: options.moody,
            count: 0,
            said: BTreeMap::new(),
            asked: Asked,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let turn = usize::try_from(self.count).unwrap_or_default() % HOSTILE.len();
        let hostile = HOSTILE[turn];
        let Request::Generate = request else {
            return Ok(());
        };
        self.count += 1;
        self.said.insert(hostile.to_owned(), hostile.to_owned());
        ctx.log(Level::Error, hostile);
        let peers: Vec<String> = ctx.peers().map(str::to_owned).collect();
        for peer in &peers {
            ctx.send(peer, &Reply::Gossip { payload: hostile });
        }
        if self.count == 5 {
            return Err(Error::new(ErrorCode::Abort, hostile));
        }
        let asked = if self.moody {
            ASKED.load(Ordering::Relaxed)
        } else {
            0
        };
        let id = format!("{hostile} {} {} {asked}", ctx.id(), self.count);
        ctx.reply(from, &Reply::GenerateOk { id });
        Ok(())
    }
}

guest_sdk::export!(Hostile);
