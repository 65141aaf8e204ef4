//! The bytes of a table on their way, counted, with a limit on what belongs to one row.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use crate::base::limits::IMPORT_ROW_MAX_BYTES;

/// How much is read at a time.
pub const BUFFER_BYTES: usize = 64 << 10;

/// What may still be read before a row has to end.
#[derive(Clone, Default)]
pub struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    /// A row has ended: the next one may be as long again.
    pub fn renew(&self) {
        self.0.set(IMPORT_ROW_MAX_BYTES + BUFFER_BYTES as u64);
    }
}

/// The file.
pub struct Reading {
    input: Box<dyn Read + Send>,
    told: Box<dyn Fn(u64) + Send>,
    done_bytes: u64,
    allowance: Allowance,
}

impl Reading {
    /// From its beginning.
    pub fn new(input: Box<dyn Read + Send>, told: Box<dyn Fn(u64) + Send>) -> Reading {
        let allowance = Allowance::default();
        allowance.renew();
        Reading { input, told, done_bytes: 0, allowance }
    }

    /// The allowance, which whoever reads rows renews.
    pub fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.0.get();
        if left == 0 {
            return Err(io::Error::other(format!(
                "one row has more than {IMPORT_ROW_MAX_BYTES} bytes; perhaps a quote isn't closed"
            )));
        }
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.input.read(&mut buffer[..wanted])?;
        self.allowance.0.set(left - count as u64);
        self.done_bytes += count as u64;
        (self.told)(self.done_bytes);
        Ok(count)
    }
}
