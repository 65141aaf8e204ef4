//! How far long pieces of work have come, on standard error, if somebody looks at it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::progress::{Progress, Unit};

/// A bar on a terminal; elsewhere nothing.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that shows nothing yet.
    pub fn new() -> Bar {
        Bar(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()))
    }

    /// Takes it away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, step: &str, unit: Unit, total: u64) {
        let template = match (unit, total) {
            (Unit::Bytes, 0) => "{msg:20} {spinner} {bytes}",
            (Unit::Bytes, _) => "{msg:20} {bar:32} {bytes:>11} of {total_bytes:11} {eta:>5}",
            (Unit::Items, 0) => "{msg:20} {spinner} {human_pos}",
            (Unit::Items, _) => "{msg:20} {bar:32} {human_pos:>11} of {human_len:11} {eta:>5}",
        };
        // The templates are right; a bar with another look would do as well.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.0.set_style(style);
        // Names of collections are checked words; what a source calls them isn't shown before that.
        self.0.set_message(step.to_owned());
        match total {
            0 => self.0.unset_length(),
            total => self.0.set_length(total),
        }
        self.0.set_position(0);
    }

    fn reached(&self, done: u64) {
        self.0.set_position(done);
    }
}
