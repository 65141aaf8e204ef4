//! Which joined rows and which columns a condition looks at.

use std::collections::BTreeSet;

use crate::rules::plan::*;

/// Whether several rows may answer for one of the sides, which gives plain operators their "all" meaning.
pub(super) fn is_multi(plan: &Plan, comparison: &Comparison) -> bool {
    let mut used = BTreeSet::new();
    sources_of_operand(plan, &comparison.left, &mut used);
    sources_of_operand(plan, &comparison.right, &mut used);
    used.iter().any(|source| plan.sources[*source].multi)
}

/// Adds the joined sources that a condition uses, with those they hang on.
pub(super) fn sources_of(plan: &Plan, condition: &Condition, used: &mut BTreeSet<SourceId>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| sources_of(plan, part, used)),
        Condition::Compare(comparison) => {
            sources_of_operand(plan, &comparison.left, used);
            sources_of_operand(plan, &comparison.right, used);
        }
    }
}

/// The same for an operand, the row that decides about its visibility included.
pub(super) fn sources_of_operand(plan: &Plan, operand: &Operand, used: &mut BTreeSet<SourceId>) {
    for_each_column(&operand.scalar, &mut |source, _| add_with_parents(plan, source, used));
    if let Some(source) = operand.visible_on {
        add_with_parents(plan, source, used);
    }
}

fn add_with_parents(plan: &Plan, source: SourceId, used: &mut BTreeSet<SourceId>) {
    let mut next = Some(source);
    while let Some(at) = next.filter(|at| *at != ROOT) {
        used.insert(at);
        next = plan.sources[at].kind.parent();
    }
}

/// Calls `see` with the source, and the column if there is one, of every part of `scalar` that reads rows.
fn for_each_column(scalar: &Scalar, see: &mut dyn FnMut(SourceId, Option<usize>)) {
    match scalar {
        Scalar::Bind(_) => {}
        Scalar::Column(source, position)
        | Scalar::OnlyElement(source, position)
        | Scalar::JsonPath(source, position, _)
        | Scalar::ListLength(source, position)
        | Scalar::SingleLength(source, position) => see(*source, Some(*position)),
        Scalar::Element(source) => see(*source, None),
        Scalar::Changed { field, .. } => see(ROOT, Some(*field)),
        Scalar::Lower(inner) => for_each_column(inner, see),
        Scalar::GeoDistance(args) => args.iter().for_each(|arg| for_each_column(arg, see)),
        Scalar::Strftime(args) => args.iter().for_each(|arg| for_each_column(arg, see)),
    }
}

/// Adds the columns of the tested row that a plan reads.
pub(super) fn root_columns_of_plan(plan: &Plan, used: &mut BTreeSet<usize>) {
    for source in &plan.sources {
        match &source.kind {
            SourceKind::Each(Origin::Column(ROOT, position))
            | SourceKind::Related(Origin::Column(ROOT, position))
            | SourceKind::Referring { origin: Origin::Column(ROOT, position), .. } => {
                used.insert(*position);
            }
            _ => {}
        }
    }
    plan.conditions.iter().for_each(|condition| root_columns_of(plan, condition, used));
}

fn root_columns_of(plan: &Plan, condition: &Condition, used: &mut BTreeSet<usize>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().for_each(|part| root_columns_of(plan, part, used));
        }
        Condition::Compare(comparison) => {
            for operand in [&comparison.left, &comparison.right] {
                if operand.visible_on == Some(ROOT) {
                    used.extend(plan.collection().position("emailVisibility"));
                }
                for_each_column(&operand.scalar, &mut |source, position| {
                    if let (ROOT, Some(position)) = (source, position) {
                        used.insert(position);
                    }
                });
            }
        }
    }
}
