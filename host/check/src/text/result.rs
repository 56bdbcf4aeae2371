//! The text of a whole result.

use std::fmt::{self, Write};

use crate::answers::{AnswerKind, Answers};
use crate::net::NetResult;
use crate::set_full::{Quantiles, SetFull};
use crate::stats::{Counts, Stats};
use crate::unique_ids::UniqueIds;
use crate::validity::Validity;
use crate::value::Name;
use crate::workload::{CheckResult, WorkloadResult};

use super::parts::{closing_line, items, ranges, value};
use super::{kafka, linear, problems, transactions};

/// Renders a result. Every line ends with a newline.
///
/// # Panics
/// Never: a string takes what is written.
#[must_use]
pub fn render_text(result: &CheckResult) -> String {
    let mut text = String::new();
    render(result, &mut text).expect("writing to a string does not fail");
    text
}

/// What is wrong with a run, a line each and no more; nothing if nothing is.
///
/// # Panics
/// Never: a string takes what is written.
#[must_use]
pub fn render_problems(result: &CheckResult) -> String {
    let mut text = String::new();
    problems::render(result, &mut text).expect("writing to a string does not fail");
    text.truncate(text.trim_end().len());
    text
}

fn render(result: &CheckResult, out: &mut String) -> fmt::Result {
    let verdict = match result.valid {
        Validity::True => "valid",
        Validity::False => "INVALID",
        Validity::Unknown => "unknown",
    };
    writeln!(out, "{}: {verdict}\n", result.name)?;
    problems::render(result, out)?;
    render_workload(&result.workload, out)?;
    render_stats(&result.stats, result.availability.ok_fraction, out)?;
    if let Some(net) = &result.net {
        render_net(net, out)?;
    }
    render_answers(result, out)?;
    writeln!(out, "\n{}", closing_line(result.valid))
}

/// A figure with three digits behind the point, if it needs any.
fn rounded(figure: f64) -> String {
    let text = format!("{figure:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a workload's own checker counted.
fn render_workload(workload: &WorkloadResult, out: &mut String) -> fmt::Result {
    match workload {
        WorkloadResult::Set(set) => render_set(set, out)?,
        WorkloadResult::UniqueIds(ids) => render_ids(ids, out)?,
        WorkloadResult::Counter(counter) => {
            writeln!(
                out,
                "final reads   {}; acceptable {}",
                items(&counter.final_reads),
                ranges(&counter.acceptable)
            )?;
        }
        WorkloadResult::Kafka(result) => kafka::render(result, out)?,
        WorkloadResult::Transactions(found) => transactions::render(found, out)?,
        WorkloadResult::LinKv(kv) => linear::render(kv, "linearizable", out)?,
        WorkloadResult::Custom(custom) => {
            if let Some(specified) = &custom.specification {
                linear::render(&specified.objects, specified.consistency, out)?;
            }
            let figures = custom.figures.iter();
            let figures = figures.map(|(name, figure)| format!("{name} {}", rounded(*figure)));
            write_rows("figures", figures, out)?;
            if let Some(like) = &custom.like {
                render_workload(like, out)?;
            }
        }
        WorkloadResult::Echo(_) => {}
    }
    Ok(())
}

/// What clients got instead of what they asked for, as far as the problems do not tell it.
fn render_answers(result: &CheckResult, out: &mut String) -> fmt::Result {
    let Answers {
        malformed,
        errors,
        missing,
    } = &result.answers;
    if result.valid == Validity::True {
        // The others are what clients of right programs meet too.
        return write_rows("malformed", malformed.iter().map(problems::times), out);
    }
    let is_only_f = result.stats.by_f.len() == 1;
    let of = |f: &Name| match is_only_f {
        true => String::new(),
        false => format!(" ({f})"),
    };
    let is_left = |it: &&AnswerKind| !problems::never_succeeded(result, &it.f);
    let errors = errors.iter().filter(is_left);
    let lines = errors.map(|it| format!("{} × {}{}", it.count, it.text, of(&it.f)));
    write_rows("errors", lines, out)?;
    let missing = missing.iter().filter(is_left);
    write_rows("no answer", missing.map(problems::times), out)
}

fn write_rows(head: &str, lines: impl Iterator<Item = String>, out: &mut String) -> fmt::Result {
    for (index, line) in lines.enumerate() {
        let head = if index == 0 { head } else { "" };
        writeln!(out, "{head:<14}{line}")?;
    }
    Ok(())
}

fn render_set(set: &SetFull, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "elements      {} added: {} stable ({} of them stale), {} lost, {} never read",
        set.attempt_count, set.stable_count, set.stale_count, set.lost_count, set.never_read_count
    )?;
    let rows = [
        (
            "stable",
            set.stable_latencies,
            "from the acknowledgement until every read has it",
        ),
        (
            "visible",
            set.visible_latencies,
            "from the invocation until every read has it",
        ),
        (
            "lost",
            set.lost_latencies,
            "from the acknowledgement until no read has it",
        ),
    ];
    let [min, median, p95, p99, max] = ["min", "median", "95 %", "99 %", "max"];
    if rows.iter().any(|(_, quantiles, _)| quantiles.is_some()) {
        writeln!(
            out,
            "latency in ms {min:>7} {median:>7} {p95:>7} {p99:>7} {max:>7}"
        )?;
    }
    for (name, quantiles, meaning) in rows {
        if let Some(Quantiles {
            ms: [min, median, p95, p99, max],
        }) = quantiles
        {
            write!(
                out,
                "  {name:<11} {min:>7} {median:>7} {p95:>7} {p99:>7} {max:>7}"
            )?;
            writeln!(out, "  {meaning}")?;
        }
    }
    if let Some(worst) = set.worst_stale.first() {
        let latency = worst.stable_latency.unwrap_or_default();
        write!(out, "worst stale   {}, {latency} ms", value(&worst.element))?;
        if let (Some(known), Some(absent)) = (&worst.known, &worst.last_absent) {
            write!(out, ": known by {known}, last absent from {absent}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn render_ids(ids: &UniqueIds, out: &mut String) -> fmt::Result {
    let UniqueIds {
        attempted_count,
        acknowledged_count,
        duplicated_count,
        range: (least, greatest),
        ..
    } = ids;
    write!(
        out,
        "ids           {acknowledged_count} given of {attempted_count} asked for, "
    )?;
    write!(out, "{duplicated_count} duplicated; ")?;
    writeln!(out, "from {} to {}", value(least), value(greatest))
}

fn render_stats(stats: &Stats, ok_fraction: f32, out: &mut String) -> fmt::Result {
    let counts = |counts: &Counts| {
        format!(
            "{} ok, {} fail, {} info",
            counts.ok_count, counts.fail_count, counts.info_count
        )
    };
    writeln!(
        out,
        "operations    {}: {}; {:.2} % of invocations ok",
        stats.counts.count,
        counts(&stats.counts),
        ok_fraction * 100.0
    )?;
    for (f, of_f) in stats.by_f.iter().filter(|_| stats.by_f.len() > 1) {
        writeln!(
            out,
            "  {f:<11} {}: {}",
            of_f.counts.count,
            counts(&of_f.counts)
        )?;
    }
    Ok(())
}

fn render_net(net: &NetResult, out: &mut String) -> fmt::Result {
    write!(
        out,
        "messages      {} sent, {} received",
        net.all.counts.send_count, net.all.counts.recv_count
    )?;
    if let (Some(all), Some(servers)) = (net.all.msgs_per_op, net.servers.msgs_per_op) {
        write!(
            out,
            "; {all:.2} an operation, {servers:.2} of them between servers"
        )?;
    }
    writeln!(out)
}
