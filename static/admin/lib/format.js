// Values for people, in their browser's language.

const number = new Intl.NumberFormat();
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const brief = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'narrow' });

export const count = (value) => number.format(value);

/** `3 rows`, `1 row`. */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];
/** A size, in powers of 1,000. */
export function bytes(value) {
  let unit = 0;
  let left = value;
  while (left >= 1000 && unit < UNITS.length - 1) {
    left /= 1000;
    unit += 1;
  }
  const digits = new Intl.NumberFormat(undefined, { maximumFractionDigits: unit === 0 ? 0 : 1 });
  return `${digits.format(left)} ${UNITS[unit]}`;
}

/** The interface's dates, `2026-01-02 03:04:05.678Z`, as a `Date`; `null` for what is none. */
export function toDate(text) {
  if (!text) return null;
  const date = new Date(String(text).replace(' ', 'T'));
  return Number.isNaN(date.getTime()) ? null : date;
}

/** A `Date` as the interface writes it. */
export const fromDate = (date) => date.toISOString().replace('T', ' ');

/** A date in the browser's time zone. */
export function when(text) {
  const date = toDate(text);
  return date ? dateTime.format(date) : '';
}

const STEPS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];
/** How long ago a date is. */
export const ago = (text, now = Date.now()) => distance(relative, text, now);

/** The same where there is little room: `5 min ago`. */
export const agoBriefly = (text, now = Date.now()) => distance(brief, text, now);

function distance(format, text, now) {
  const date = toDate(text);
  if (!date) return '';
  const seconds = (date.getTime() - now) / 1000;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return format.format(Math.trunc(seconds / size), unit);
}

/** Milliseconds as people say them. */
export function duration(ms) {
  if (ms < 1000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  return `${Math.round(ms / 6000) / 10} min`;
}

const hour = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
/** What stands below a chart over time: the hour, and at midnight the day. */
export const hourOrDay = (date) =>
  (date.getHours() === 0 && date.getMinutes() === 0 ? day : hour).format(date);
