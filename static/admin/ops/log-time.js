// A time of one's own for the log: a dialog that asks for its beginning and end, and stepping to the time before and
// after. Called by the page Logs; dragging over the chart is the same with a mouse.

import { Refused } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { formDialog, labelled } from './form-dialog.js';

const two = (value) => String(value).padStart(2, '0');
/** As an input for local dates and times has it. */
const local = (date) => (date ? `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  + `T${two(date.getHours())}:${two(date.getMinutes())}` : '');

/** Asks for a time; resolves to `[from, to]`, either of which may be `null`, or to `null` if nothing was chosen. */
export async function askTime({ from, to }) {
  const input = (name, date) => h('input', { type: 'datetime-local', name, value: local(date) });
  const [begin, end] = [input('from', from), input('to', to)];
  let chosen = null;
  await formDialog({
    title: 'Entries of a time', action: 'Show',
    content: [labelled('From', begin), labelled('To', end, 'In your time zone. Either may be left empty.')],
    submit() {
      const [first, last] = [begin, end].map(({ value }) => (value ? new Date(value) : null));
      if (first && last && first >= last) throw new Refused(400, { message: '',
        data: { to: { code: 'validation_invalid', message: 'The end has to be after the beginning.' } } });
      chosen = [first, last];
    },
  });
  return chosen;
}

/** The time before (`by` -1) or after (1) one of the same length. */
export function moved(from, to, by) {
  const end = to ?? new Date();
  const length = end - from;
  return [new Date(from.getTime() + by * length), new Date(end.getTime() + by * length)];
}
