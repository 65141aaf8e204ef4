// Where somebody is in the editor of a collection: which fields are open and what has the focus, to be there again when
// the editor has stood still, or is built anew, as it is with every save.
//
// Used by the editor of collections. Its elements are others then, so a place is told by the name of its field, by
// `data-path`, and by what the control is called.

const INPUTS = 'input, select, textarea';
const contentOf = (editor) => editor?.shadowRoot.querySelector('.cm-content');

/** Puts the focus into what can be typed into first, an editor's text included, else on the first button. */
export function enter(place) {
  const control = place.matches(INPUTS)
    ? place
    : (contentOf(place.querySelector('.editor')) ?? place.querySelector(INPUTS) ?? place.querySelector('button'));
  control?.focus();
}

const nameOf = (row) => row.querySelector('[data-path="name"]').value;
const rowsOf = (root) => [...root.querySelectorAll('.schema-field')];
const calledOf = (control) =>
  control.getAttribute('aria-label') ?? control.labels?.[0]?.textContent ?? control.textContent;

/**
 * @returns {{ open: string[], back: () => Promise<void> }} the names of fields that are open, and what puts the focus
 *   where it is now, if nothing else has it then; on the chosen tab, if it can't be there any more
 */
export function whereIs(root) {
  const outer = document.activeElement;
  const isInside = root.contains(outer);
  const control = outer.shadowRoot?.activeElement ?? outer;
  const row = outer.closest('.schema-field');
  const field = row && nameOf(row);
  const path = outer.closest('[data-path]')?.dataset.path;
  const called = isInside && calledOf(outer);
  const { selectionStart, selectionEnd } = outer;
  const open = rowsOf(root)
    .filter((one) => one.querySelector(':scope > .schema-field-body:not([hidden])'))
    .map(nameOf);

  /** What is now in the place of the control. */
  function successor() {
    const within = row ? rowsOf(root).find((one) => nameOf(one) === field) : root;
    const places = [...(within?.querySelectorAll(path ? `[data-path="${CSS.escape(path)}"]` : '*') ?? [])];
    if (outer.shadowRoot) return contentOf(places.map((place) => place.querySelector('.editor')).find(Boolean));
    // What a field is called is part of how its inputs are called, and may be another now.
    if (path && outer.dataset.path === path) return places.find((one) => one.matches(INPUTS));
    const all = places.flatMap((place) => [place, ...place.querySelectorAll(`${INPUTS}, button, summary`)]);
    return all.find((one) => one.tagName === outer.tagName && calledOf(one) === called);
  }
  async function back() {
    if (!isInside || document.activeElement !== document.body) return;
    const found = control.isConnected ? control : successor();
    if (outer.shadowRoot && found && found !== control) await sameCaret(control, found);
    found?.focus();
    if (typeof selectionStart === 'number') found?.setSelectionRange(selectionStart, selectionEnd);
    if (document.activeElement === document.body) root.querySelector('[role="tab"][aria-selected="true"]').focus();
  }
  return { open, back };
}

/** Puts the caret of one editor where it is in another. */
async function sameCaret(from, to) {
  const { EditorView } = await import('../../vendor/codemirror.js');
  const [before, after] = [from, to].map((content) => EditorView.findFromDOM(content));
  const { anchor, head } = before.state.selection.main;
  const within = (at) => Math.min(at, after.state.doc.length);
  after.dispatch({ selection: { anchor: within(anchor), head: within(head) } });
}
