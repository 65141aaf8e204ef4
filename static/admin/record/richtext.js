// The record editor's control for rich text: ProseMirror, and the HTML itself. HTML with more in it than the schema
// knows opens as HTML, so that looking at it takes nothing away. The editor comes when somebody begins to write.
//
// What may stand in it: `richtext/schema.js`; buttons and keys: `richtext/toolbar.js`; pictures: `richtext/picture.js`
// and, for those that are pasted, `pictures.js`.

import { fill, h } from '../lib/dom.js';
import { ask, tell, toast } from '../lib/feedback.js';
import { bytes } from '../lib/format.js';
import { waitFor, waitingIn, withoutWaiting } from './pictures.js';
import { inert, pictureView, reading, schemaOf, toHtml, unknownIn } from './richtext/schema.js';

let loaded;
/** ProseMirror and the schema, once somebody is about to write. */
function load() {
  loaded ??= Promise.all([import('../../vendor/prosemirror.js'), import('./richtext/toolbar.js')]).then(
    ([pm, toolbar]) => ({ pm, schema: schemaOf(pm), toolbar }),
  );
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}

export function richText(field, { onchange, collection, openRecord, takePicture, holdsPicture }) {
  let state = '';
  let isSource = false;
  let view;
  let ready;
  let starting;
  let typedEarly = '';
  let ended = false;
  const area = h('textarea', {
    class: 'mono',
    rows: 10,
    spellcheck: 'false',
    'aria-label': `${field.name} as HTML`,
    hidden: true,
    oninput: () => {
      state = area.value;
      onchange();
    },
  });
  const bar = h('div', { class: 'record-bar', role: 'toolbar', 'aria-label': `Format ${field.name}` });
  const holder = h('div', { class: 'record-rich' });
  const note = h('p', { class: 'hint', role: 'status' });
  const source = h(
    'button',
    {
      type: 'button',
      class: 'plain small',
      'aria-pressed': 'false',
      'aria-label': `HTML of ${field.name}`,
      onclick: toggle,
    },
    'HTML',
  );

  async function toggle() {
    if (isSource) {
      const lost = unknownIn(area.value);
      if (
        lost.length > 0 &&
        !(await ask({
          title: 'Leave the HTML?',
          text: `The text editor does not know ${lost.join(', ')}. Changing the text there takes this away.`,
          action: 'Leave',
        }))
      )
        return;
    }
    show(!isSource);
    fill(note);
    if (isSource) area.focus();
    else await start().catch(tell);
  }
  function show(asSource) {
    isSource = asSource;
    source.setAttribute('aria-pressed', String(asSource));
    area.hidden = !asSource;
    holder.hidden = asSource;
    bar.hidden = asSource;
    if (asSource) area.value = state;
    else draw();
  }
  function draw() {
    if (isSource) return;
    if (!ready) {
      // What only the schema can clean is not shown without it.
      if (unknownIn(state).length > 0) start().catch(tell);
      else drawReading();
      return;
    }
    const { pm, schema } = ready;
    const doc = pm.DOMParser.fromSchema(schema).parse(inert(state).body);
    view.updateState(pm.EditorState.create({ doc, plugins: view.state.plugins }));
    ready.toolbar.drawBar(bar);
  }
  /** Until somebody wants to change it, the text is shown without the editor, which is large. */
  function drawReading() {
    const begin = (at) => start(at).catch(tell);
    fill(bar, h('button', { type: 'button', class: 'plain small', onclick: () => begin() }, 'Edit the text'));
    const text = h(
      'div',
      {
        class: 'ProseMirror',
        tabindex: 0,
        role: 'textbox',
        'aria-multiline': 'true',
        'aria-readonly': 'true',
        'aria-label': field.name,
        onpointerenter: () => load().catch(() => {}),
        onclick: (event) => begin({ left: event.clientX, top: event.clientY }),
        onkeyup: (event) => {
          if (event.key === 'Tab') begin();
        },
        // Who begins to write need not wait for the editor: it gets what was typed till then.
        onkeydown: (event) => {
          if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          typedEarly += event.key;
          if (!starting) begin();
        },
      },
      reading(state),
    );
    fill(holder, text);
  }
  /**
   * Puts the editor in the place of the text; the caret goes `at` a place on the screen, else to the end. Whoever has
   * gone elsewhere before it has come is left there.
   */
  async function start(at) {
    const from = document.activeElement;
    starting ??= load().then((made) => {
      if (!ended) build(made);
    });
    await starting.catch((error) => {
      starting = undefined;
      throw error;
    });
    if (ended || isSource) return;
    const { doc } = view.state;
    const Selection = view.state.selection.constructor;
    const found = at && view.posAtCoords(at);
    const transaction = view.state.tr.setSelection(
      found ? Selection.near(doc.resolve(found.pos)) : Selection.atEnd(doc),
    );
    if (typedEarly) transaction.insertText(typedEarly);
    typedEarly = '';
    const now = document.activeElement;
    if (now !== from && now !== document.body && !holder.contains(now) && !bar.contains(now)) {
      view.dispatch(transaction);
      return;
    }
    view.dispatch(transaction.scrollIntoView());
    view.focus();
  }
  function put(picture) {
    if (!picture) return;
    const image = ready.schema.nodes.image.create(picture);
    view.dispatch(view.state.tr.replaceSelectionWith(image).scrollIntoView());
  }
  async function choosePicture() {
    const { node } = view.state.selection;
    const there = node?.type.name === 'image' ? node.attrs : undefined;
    const { pickPicture } = await import('./richtext/picture.js');
    put(await pickPicture({ collection, openRecord, there }));
  }
  /** Pictures among what is pasted or dropped go to a field for files; whether there are any. */
  function pasted(data) {
    const pictures = [...(data?.files ?? [])].filter((file) => file.type.startsWith('image/'));
    // Text processors give a picture of a text along with it.
    if (pictures.length === 0 || data.types.includes('text/html')) return false;
    for (const file of pictures) {
      const { problem } = takePicture(file);
      if (problem) toast(problem, 'problem');
      else put({ src: waitFor(file), alt: '' });
    }
    return true;
  }
  function build(made) {
    const { pm, schema, toolbar } = made;
    fill(holder);
    const empty = pm.DOMParser.fromSchema(schema).parse(inert('').body);
    view = new pm.EditorView(holder, {
      state: pm.EditorState.create({ doc: empty, plugins: toolbar.plugins(pm, schema) }),
      nodeViews: { image: pictureView },
      handlePaste: (_, event) => pasted(event.clipboardData),
      handleDrop: (_, event) => pasted(event.dataTransfer),
      attributes: { 'aria-label': field.name, role: 'textbox', 'aria-multiline': 'true', name: field.name },
      dispatchTransaction: (transaction) => {
        view.updateState(view.state.apply(transaction));
        toolbar.drawBar(bar);
        if (!transaction.docChanged) return;
        state = toHtml(pm, view.state.doc);
        onchange();
      },
    });
    ready = made;
    fill(
      bar,
      toolbar.buttons(pm, schema, () => view, choosePicture),
    );
    draw();
  }
  draw();
  return {
    body: h('div', { class: 'record-editor' }, bar, holder, area, note),
    tools: source,
    hint: field.maxSize ? `at most ${bytes(field.maxSize)}` : '',
    get: () => state,
    waitsForFiles: () => waitingIn(state).length > 0,
    kept: () => withoutWaiting(state),
    check: () =>
      waitingIn(state).every(holdsPicture)
        ? undefined
        : 'A pasted picture in it is not among the files of the record any more. Take it out, or paste it again.',
    set: (html) => {
      state = html;
      const lost = unknownIn(html);
      fill(note, lost.length > 0 ? `Shown as HTML: the text editor does not know ${lost.join(', ')}.` : '');
      show(lost.length > 0);
    },
    focus: () => (isSource ? area.focus() : start().catch(tell)),
    end: () => {
      ended = true;
      view?.destroy();
    },
  };
}
