//! Echo. Without an option it is correct; `--bug NAME` gives it the bug of that name.
//!
//! | design | how it works |
//! |---|---|
//! | `plain` | each request is answered at once |
//! | `queue` | requests wait in a queue, and one is answered every 5 ms |
//!
//! | bug | what is wrong |
//! |---|---|
//! | `by-number` | a request with a `msg_id` that was seen before gets the answer of that time |
//! | `constant` | every answer is the same |
//! | `deaf` | nothing is answered |
//! | `drops` | every third request is not answered |
//! | `last-client` | requests are answered a little later, and only the last one of those that wait |
//! | `last-text` | requests are answered a little later, with the text of the last one |
//! | `late` | every answer is that to the request before |
//! | `lower-case` | the text is changed to lower case |
//! | `panics` | the node panics at the tenth request |
//! | `refuses` | every third request is refused with a definite error |
//! | `tires` | after twenty requests nothing is answered |

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use guest_sdk::prelude::*;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    ByNumber,
    Constant,
    Deaf,
    Drops,
    LastClient,
    LastText,
    Late,
    LowerCase,
    Panics,
    Refuses,
    Tires,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Design {
    #[default]
    Plain,
    Queue,
}

/// Between two answers of a queue.
const TURN: Duration = Duration::from_millis(5);

/// How long a request waits that is not answered at once.
const WORK: Duration = Duration::from_millis(100);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    design: Design,
    bug: Bug,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Echo { echo: String, msg_id: u64 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    EchoOk { echo: String },
}

#[derive(Serialize, Deserialize)]
struct Echo {
    design: Design,
    bug: Bug,
    last: String,
    count: u64,
    waiting: VecDeque<(Caller, String)>,
    answers: BTreeMap<u64, String>,
}

impl Node for Echo {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        let Options { design, bug } = ctx.options();
        Echo {
            design,
            bug,
            last: String::new(),
            count: 0,
            waiting: VecDeque::new(),
            answers: BTreeMap::new(),
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Echo { echo, msg_id } = request;
        self.count += 1;
        let before = std::mem::replace(&mut self.last, echo.clone());
        let is_third = self.count.is_multiple_of(3);
        let echo = match self.bug {
            Bug::ByNumber => self.answers.entry(msg_id).or_insert(echo).clone(),
            Bug::Constant => "Please echo 1".to_owned(),
            Bug::Deaf => return Ok(()),
            Bug::Drops if is_third => return Ok(()),
            Bug::Tires if self.count > 20 => return Ok(()),
            Bug::LastClient | Bug::LastText => {
                if self.bug == Bug::LastClient {
                    self.waiting.clear();
                }
                self.waiting.push_back((from, echo));
                ctx.set_timer(WORK, ());
                return Ok(());
            }
            Bug::Late => before,
            Bug::LowerCase => echo.to_lowercase(),
            Bug::Panics => {
                assert!(self.count < 10, "too much to say");
                echo
            }
            Bug::Refuses if is_third => return Err(Error::new(ErrorCode::Abort, "not today")),
            _ => echo,
        };
        if self.design == Design::Queue {
            self.waiting.push_back((from, echo));
            if self.waiting.len() == 1 {
                ctx.set_timer(TURN, ());
            }
            return Ok(());
        }
        ctx.reply(from, &Reply::EchoOk { echo });
        Ok(())
    }

    fn timer(&mut self, (): (), ctx: &mut Ctx<Self>) {
        let Some((client, text)) = self.waiting.pop_front() else {
            return;
        };
        let echo = match self.bug {
            Bug::LastText => self.last.clone(),
            _ => text,
        };
        ctx.reply(client, &Reply::EchoOk { echo });
        if self.design == Design::Queue && !self.waiting.is_empty() {
            ctx.set_timer(TURN, ());
        }
    }
}

guest_sdk::export!(Echo);
