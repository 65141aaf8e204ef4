// Cron expressions as the server reads them (`docs/logs.md`): five parts, all of which must fit, in UTC. In plain words
// where that is easy, and when the next run is. Used by the pages Jobs, Backups and Settings.

const PARTS = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 6]];
const MACROS = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0',
    '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};
/** For those who don't want to write one. */
export const PRESETS = [['0 3 * * *', 'Every day at 03:00'], ['0 */6 * * *', 'Every 6 hours'],
  ['@hourly', 'Every hour'], ['0 3 * * 0', 'Sundays at 03:00'], ['0 3 1 * *', 'The first of the month at 03:00']];
const WEEKDAYS = ['Sundays', 'Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays'];
/** No expression that ever fits waits for longer than between two 29ths of February. */
const DAYS_AHEAD = 8 * 366;

/** The values of one part; `null` for what isn't right. */
function values(part, [least, greatest]) {
  const found = new Set();
  for (const item of part.split(',')) {
    const parsed = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item);
    if (!parsed) return null;
    const step = Number(parsed[3] ?? 1);
    const from = Number(parsed[1] ?? least);
    const to = Number(parsed[2] ?? parsed[1] ?? greatest);
    const onlyOne = parsed[1] !== undefined && parsed[2] === undefined;
    if (from < least || to > greatest || from > to || step < 1 || step > greatest
      || (onlyOne && step !== 1)) return null;
    for (let value = from; value <= to; value += step) found.add(value);
  }
  return found;
}

/** The sets of values of an expression; `null` for what isn't one. */
export function parse(expression) {
  const parts = (MACROS[expression] ?? expression).split(' ');
  if (parts.length !== 5) return null;
  const sets = parts.map((part, i) => values(part, PARTS[i]));
  return sets.includes(null) ? null : sets;
}

/** When it is next due after `from`; `null` if never. */
export function next(expression, from = new Date()) {
  const sets = parse(expression);
  if (!sets) return null;
  const [minutes, hours, days, months, weekdays] = sets;
  const date = new Date(Math.floor(from.getTime() / 60_000) * 60_000 + 60_000);
  for (let day = 0; day < DAYS_AHEAD; day += 1) {
    if (months.has(date.getUTCMonth() + 1) && days.has(date.getUTCDate()) && weekdays.has(date.getUTCDay())) {
      for (let hour = date.getUTCHours(); hour < 24; hour += 1) {
        const first = hour === date.getUTCHours() ? date.getUTCMinutes() : 0;
        const minute = hours.has(hour) ? [...minutes].filter((one) => one >= first).sort((a, b) => a - b)[0]
          : undefined;
        if (minute !== undefined) return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(),
          hour, minute));
      }
    }
    date.setUTCHours(24, 0, 0, 0);
  }
  return null;
}

const two = (value) => String(value).padStart(2, '0');
const isAll = (part) => part === '*';
const isOne = (part) => /^\d+$/.test(part);
const step = (part) => /^\*\/(\d+)$/.exec(part)?.[1];

/** In plain words; empty where that isn't easy. */
export function words(expression) {
  if (!parse(expression)) return '';
  const [minute, hour, day, month, weekday] = (MACROS[expression] ?? expression).split(' ');
  if (!isAll(month)) return isOne(minute) && isOne(hour) && isOne(day) && isOne(month) && isAll(weekday)
    ? `Every year on ${day}/${month} (day/month) at ${two(hour)}:${two(minute)} UTC` : '';
  const time = clock(minute, hour);
  if (!time) return '';
  if (isAll(day) && isAll(weekday)) return time.at ? `Every day at ${time.at} UTC` : time.every;
  const when = time.at ? `at ${time.at} UTC` : time.every.toLowerCase();
  if (isAll(day) && isOne(weekday)) return `${WEEKDAYS[weekday]} ${when}`;
  if (isAll(day) && weekday === '1-5') return `Mondays to Fridays ${when}`;
  if (isOne(day) && isAll(weekday)) return `Every month on day ${day} ${when}`;
  return '';
}

function clock(minute, hour) {
  if (isOne(minute) && isOne(hour)) return { at: `${two(hour)}:${two(minute)}` };
  if (isAll(minute) && isAll(hour)) return { every: 'Every minute' };
  if (step(minute) && isAll(hour)) return { every: `Every ${step(minute)} minutes` };
  const past = minute === '0' ? '' : `, ${minute} minutes past`;
  if (isOne(minute) && isAll(hour)) return { every: `Every hour${past}` };
  if (isOne(minute) && step(hour)) return { every: `Every ${step(hour)} hours${past}` };
  return null;
}
