//! Echo. Without an option it is correct; `--bug NAME` gives it the bug of that name.
//!
//! | bug | what is wrong |
//! |---|---|
//! | `constant` | every answer is the same |
//! | `deaf` | nothing is answered |
//! | `late` | every answer is that to the request before |
//! | `lower-case` | the text is changed to lower case |
//! | `panics` | the node panics at the tenth request |

use guest_sdk::prelude::*;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Bug {
    #[default]
    None,
    Constant,
    Deaf,
    Late,
    LowerCase,
    Panics,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    bug: Bug,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Echo { echo: String },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    EchoOk { echo: String },
}

#[derive(Serialize, Deserialize)]
struct Echo {
    bug: Bug,
    last: String,
    count: u64,
}

impl Node for Echo {
    type Request = Request;
    type Call = ();
    type Timer = ();

    fn init(ctx: &mut Ctx<Self>) -> Self {
        Echo {
            bug: ctx.options::<Options>().bug,
            last: String::new(),
            count: 0,
        }
    }

    fn request(
        &mut self,
        request: Request,
        from: Caller,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Error> {
        let Request::Echo { echo } = request;
        self.count += 1;
        let before = std::mem::replace(&mut self.last, echo.clone());
        let echo = match self.bug {
            Bug::None => echo,
            Bug::Constant => "Please echo 1".to_owned(),
            Bug::Deaf => return Ok(()),
            Bug::Late => before,
            Bug::LowerCase => echo.to_lowercase(),
            Bug::Panics => {
                assert!(self.count < 10, "too much to say");
                echo
            }
        };
        ctx.reply(from, &Reply::EchoOk { echo });
        Ok(())
    }
}

guest_sdk::export!(Echo);
