// The dialog for a link in a rich text.

import { h, uniqueId } from '../../lib/dom.js';
import { ask, toast } from '../../lib/feedback.js';
import { link } from './schema.js';

/** Asks for an address, or two texts. */
async function askFor(title, fields, action) {
  const inputs = fields.map(([label, value]) => ({
    label,
    input: h('input', { id: uniqueId('rich'), value, autocomplete: 'off' }),
  }));
  const content = inputs.map(({ label, input }) =>
    h('div', { class: 'field' }, h('label', { for: input.id }, label), input),
  );
  return (await ask({ title, content, action })) ? inputs.map(({ input }) => input.value.trim()) : undefined;
}

export async function setLink(schema, view) {
  const mark = schema.marks.link;
  const { from, to, empty, $from } = view.state.selection;
  const there =
    $from.marks().find((one) => one.type === mark) ??
    view.state.doc.nodeAt(from)?.marks.find((one) => one.type === mark);
  const answer = await askFor(
    'Link',
    [['Address; empty for no link', there?.attrs.href ?? ''], ...(empty ? [['Text', '']] : [])],
    'Set',
  );
  if (!answer) return;
  const [address, text = ''] = answer;
  const change = view.state.tr;
  if (link(address) === null) toast("Such an address can't be a link.", 'problem');
  else if (address === '') view.dispatch(change.removeMark(from, empty ? to + 1 : to, mark));
  else if (empty)
    view.dispatch(change.replaceSelectionWith(schema.text(text || address, [mark.create({ href: address })]), false));
  else view.dispatch(change.addMark(from, to, mark.create({ href: address })));
}
