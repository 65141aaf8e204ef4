// What pages say to people: short notices, questions, and problems beside fields.

import { Refused } from './api.js';
import { fill, find, h, iconButton, uniqueId } from './dom.js';

const TOAST_MS = 5000;

let box;
/** Where notices are: in the topmost dialog, beside which the page does not react, and back when that closes. */
function toasts() {
  box ??= find('[data-toasts]');
  const top = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;
  if (box.parentElement !== top) {
    top.append(box);
    if (top !== document.body) top.addEventListener('close', toasts, { once: true });
  }
  return box;
}

/**
 * A notice that goes by itself, but not while somebody points at it or has the focus in it; `kind` is `good` or
 * `problem`, and problems stay until they are closed.
 */
export function toast(text, kind = 'good', { action } = {}) {
  const close = () => element.remove();
  // What failed again needs no second notice.
  for (const other of toasts().children) if (other.firstChild.textContent === text) other.remove();
  const element = h(
    'div',
    { class: `toast ${kind}` },
    h('div', { class: 'grow' }, text),
    action &&
      h(
        'button',
        {
          type: 'button',
          class: 'small',
          onclick: () => {
            close();
            action.run();
          },
        },
        action.label,
      ),
    iconButton('x', 'Dismiss', { onclick: close }),
  );
  toasts().append(element);
  const goLater = () =>
    setTimeout(
      () => (element.matches(':hover, :focus-within') ? goLater() : close()),
      action ? TOAST_MS * 2 : TOAST_MS,
    );
  if (kind !== 'problem') goLater();
  return close;
}

/** Says what went wrong. What isn't an answer of the server is a mistake of ours, and is thrown on. */
export function tell(error) {
  if (error.name === 'AbortError') return;
  toast(error instanceof Refused ? error.text : String(error.message ?? error), 'problem');
  if (!(error instanceof Refused)) console.error(error);
}

/** Runs `action` while `button` is busy, and says what went wrong; resolves to whether nothing did. */
export async function busy(button, action) {
  const hadFocus = button && button === document.activeElement;
  button?.setAttribute('aria-busy', 'true');
  if (button) button.disabled = true;
  try {
    await action();
    return true;
  } catch (error) {
    tell(error);
    return false;
  } finally {
    button?.removeAttribute('aria-busy');
    if (button) button.disabled = false;
    // A button that is switched off loses the focus, and with it whoever has no pointer loses their place.
    if (hadFocus && document.activeElement === document.body) button.focus();
  }
}

/**
 * Resolves to what `action` does; until then nothing in `element` can be changed. For forms that show afterwards what
 * is stored: what was typed meanwhile would be gone.
 */
export async function heldStill(element, action) {
  const focused = document.activeElement;
  element.inert = true;
  try {
    return await action();
  } finally {
    element.inert = false;
    if (document.activeElement === document.body) focused?.focus();
  }
}

// Somebody who clicks twice means what they saw: the second click does nothing where a dialog has closed or opened with
// the first.
let pressedIn = null;
function keepApart(event) {
  const dialog = event.target.closest?.('dialog') ?? null;
  if (event.type === 'mousedown' && event.detail <= 1) pressedIn = dialog;
  if (event.detail <= 1 || dialog === pressedIn) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}
for (const sign of ['mousedown', 'click', 'dblclick']) addEventListener(sign, keepApart, { capture: true });

/**
 * Asks whether to go on. With `type`, whoever answers has to type that word first.
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, action = 'Go on', danger = false, type, content }) {
  return new Promise((answered) => {
    const go = h('button', { type: 'submit', class: danger ? 'main danger' : 'main', disabled: Boolean(type) }, action);
    const id = uniqueId('confirm');
    const typed =
      type &&
      h(
        'div',
        { class: 'field' },
        h('label', { for: id }, 'Type ', h('code', {}, type), ' to go on'),
        h('input', {
          id,
          autocomplete: 'off',
          oninput: (event) => {
            go.disabled = event.target.value !== type;
          },
        }),
      );
    const dialog = h(
      'dialog',
      { 'aria-labelledby': `${id}-title` },
      h(
        'form',
        {
          method: 'dialog',
          onsubmit: () => {
            dialog.returnValue = 'go';
          },
        },
        h('h2', { id: `${id}-title` }, title),
        text && h('p', {}, text),
        content,
        typed,
        h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'), go),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      answered(dialog.returnValue === 'go');
    });
    document.body.append(dialog);
    dialog.showModal();
    // A key that is held down must not answer what is dangerous.
    (dialog.querySelector('input, select, textarea') ?? (danger ? dialog.querySelector('footer button') : go)).focus();
  });
}

/**
 * A dialog at the edge of the page. `build` gets the dialog and returns its head, body and foot; `mayClose` is asked
 * before Escape or a click outside closes it.
 */
export function panel(build, { label, mayClose = () => true, onclose } = {}) {
  const dialog = h('dialog', { class: 'panel', 'aria-label': label });
  const close = async () => {
    if (await mayClose()) dialog.close();
  };
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener('mousedown', (event) => {
    if (event.target === dialog) close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    onclose?.();
  });
  dialog.append(build(dialog, close));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Writes the server's problems beside the inputs with their names; returns the lines that belong to none of them. */
export function showProblems(form, data) {
  clearProblems(form);
  const left = [];
  for (const [name, problem] of Object.entries(data ?? {})) {
    const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
    const message = problem?.message;
    if (!input || !message) {
      left.push(message ? `${name}: ${message}` : `${name}: ${JSON.stringify(problem)}`);
      continue;
    }
    const id = uniqueId('problem');
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', id);
    (input.closest('.field') ?? input.parentElement).append(h('p', { id, class: 'problem' }, message));
  }
  form.querySelector('[aria-invalid="true"]')?.focus();
  return left;
}

export function clearProblems(form) {
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  for (const problem of form.querySelectorAll('.field > .problem, .check > .problem')) problem.remove();
}

/** Copies a text, and says so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied.');
  } catch {
    toast('The browser does not let this page copy.', 'problem');
  }
}

/** Tabs: `[{ name, label, content }]`; each content is an element. Arrow keys go from one to the next. */
export function tabs(list, { label, chosen = list[0].name, onchoose } = {}) {
  const start = uniqueId('tab');
  const panels = list.map(({ name, content }) =>
    h(
      'div',
      { role: 'tabpanel', id: `${start}-${name}`, 'aria-labelledby': `${start}-${name}-tab`, hidden: name !== chosen },
      content,
    ),
  );
  const choose = (at, focus = true) => {
    buttons.forEach((button, i) => {
      button.setAttribute('aria-selected', String(i === at));
      button.tabIndex = i === at ? 0 : -1;
      panels[i].hidden = i !== at;
    });
    if (focus) buttons[at].focus();
    onchoose?.(list[at].name);
  };
  const buttons = list.map(({ name, label: text }, at) =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `${start}-${name}-tab`,
        'aria-controls': `${start}-${name}`,
        'aria-selected': String(name === chosen),
        tabindex: name === chosen ? 0 : -1,
        onclick: () => choose(at),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step) choose((at + step + list.length) % list.length);
        },
      },
      text,
    ),
  );
  const element = h('div', {}, h('div', { class: 'tabs', role: 'tablist', 'aria-label': label }, buttons), panels);
  return {
    element,
    choose: (name) =>
      choose(
        list.findIndex((one) => one.name === name),
        false,
      ),
    buttons,
  };
}

/** A menu of `[{ label, run, danger }]` behind a button. */
export function menu(label, items, { name = 'more' } = {}) {
  const element = h('details', { class: 'menu' });
  const choose = (run) => {
    element.open = false;
    // What opens now gives the focus back to where it was, and the menu's own buttons can't be seen then.
    element.querySelector('summary').focus();
    run();
  };
  fill(
    element,
    h('summary', { class: 'button plain icon', 'aria-label': label, title: label }, iconButtonPicture(name)),
    h(
      'div',
      { class: 'menu-list' },
      items
        .filter(Boolean)
        .map(({ label: text, run, danger }) =>
          h('button', { type: 'button', class: danger ? 'danger' : '', onclick: () => choose(run) }, text),
        ),
    ),
  );
  return element;
}

const iconButtonPicture = (name) => iconButton(name, '').firstChild;
