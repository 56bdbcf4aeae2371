//! What a set of models forbids, and which models a set of anomalies rules out.

use std::collections::BTreeSet;

use super::anomaly::Anomaly;
use super::model::Model;

/// What was asked of a history: that all of some models hold.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// What they, and all that they include, forbid.
    forbidden: BTreeSet<Anomaly>,
}

impl Asked {
    pub(super) fn of(models: &[Model]) -> Self {
        let included = models.iter().flat_map(|&model| included(model));
        Self {
            forbidden: included
                .flat_map(|model| model.forbids())
                .copied()
                .collect(),
        }
    }

    /// Whether none of the models allows this anomaly: it is forbidden, or implies what is.
    pub(super) fn forbids(&self, anomaly: Anomaly) -> bool {
        anomaly
            .closure()
            .iter()
            .any(|implied| self.forbidden.contains(implied))
    }
}

/// The model, and all that it includes.
fn included(model: Model) -> BTreeSet<Model> {
    let mut all = BTreeSet::from([model]);
    let mut open = vec![model];
    while let Some(model) = open.pop() {
        open.extend(
            model
                .includes()
                .iter()
                .filter(|&&weaker| all.insert(weaker)),
        );
    }
    all
}

/// The models that cannot hold, given that these anomalies occurred.
pub(super) fn ruled_out(anomalies: impl IntoIterator<Item = Anomaly>) -> BTreeSet<Model> {
    let implied: BTreeSet<Anomaly> = anomalies.into_iter().flat_map(Anomaly::closure).collect();
    let is_broken = |model: &Model| model.forbids().iter().any(|it| implied.contains(it));
    Model::ALL
        .iter()
        .copied()
        .filter(|&model| included(model).iter().any(is_broken))
        .collect()
}

/// Models ruled out, in two groups, each sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Boundary {
    /// The weakest ones.
    pub(super) not: Vec<Model>,
    /// The others: each includes one of the weakest.
    pub(super) also_not: Vec<Model>,
}

impl Boundary {
    pub(super) fn of(anomalies: impl IntoIterator<Item = Anomaly>) -> Self {
        let out = ruled_out(anomalies);
        let is_weakest = |&model: &Model| {
            included(model)
                .intersection(&out)
                .all(|&weaker| weaker == model)
        };
        let (mut not, mut also_not): (Vec<Model>, Vec<Model>) =
            out.iter().copied().partition(is_weakest);
        not.sort_by_key(|model| model.result_name());
        also_not.sort_by_key(|model| model.result_name());
        Self { not, also_not }
    }
}
