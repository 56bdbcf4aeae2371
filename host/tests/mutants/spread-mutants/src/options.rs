//! The arguments: an object, and a design or a bug.

use guest_sdk::prelude::*;

/// What clients see.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Object {
    #[default]
    Broadcast,
    GSet,
    Counter,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Design {
    Batch,
    Failover,
    Numbered,
    Parts,
    Primary,
    Pull,
    Push,
    Star,
    #[default]
    Whole,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bug {
    #[default]
    None,
    AckClears,
    AcksLate,
    AnyAck,
    Appends,
    BacksOff,
    ByCount,
    ByGreatest,
    ByValue,
    Clamps,
    Cumulative,
    Doubles,
    DropsAtZero,
    FailoverForgets,
    FallsSilent,
    Forgets,
    Full,
    GivesUp,
    HidesZero,
    HoldsBack,
    HubOnce,
    LargerWins,
    LastBatch,
    LastClient,
    LastNumber,
    LastWriter,
    OnceAnAdd,
    OneDeaf,
    OwnOnly,
    Page,
    PendingOne,
    PrimaryAcks,
    PrimaryByNumber,
    PrimaryDoubles,
    PrimaryForgets,
    RefusesAdds,
    RefusesNegative,
    RefusesReads,
    RefusesZero,
    Renumbers,
    ScattersOnce,
    Shrugs,
    SlowStar,
    Storms,
    TimerLost,
    Ttl,
    Unanswered,
    UpOnly,
    WritesOff,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) object: Object,
    design: Option<Design>,
    pub(crate) bug: Bug,
}

impl Options {
    /// The design that was asked for, or that the bug belongs to.
    pub(crate) fn design(&self) -> Design {
        let of_bug = match self.bug {
            Bug::AckClears | Bug::Cumulative | Bug::LastBatch => Design::Numbered,
            Bug::AcksLate
            | Bug::HoldsBack
            | Bug::HubOnce
            | Bug::ScattersOnce
            | Bug::SlowStar
            | Bug::Storms => Design::Star,
            Bug::AnyAck
            | Bug::BacksOff
            | Bug::ByValue
            | Bug::Doubles
            | Bug::Forgets
            | Bug::Full
            | Bug::GivesUp
            | Bug::LastNumber
            | Bug::Renumbers
            | Bug::WritesOff => Design::Push,
            Bug::Appends | Bug::ByCount | Bug::ByGreatest => Design::Pull,
            Bug::FailoverForgets => Design::Failover,
            Bug::PendingOne | Bug::TimerLost => Design::Batch,
            Bug::PrimaryAcks | Bug::PrimaryByNumber | Bug::PrimaryDoubles | Bug::PrimaryForgets => {
                Design::Primary
            }
            _ => Design::Whole,
        };
        self.design.unwrap_or(of_bug)
    }
}
