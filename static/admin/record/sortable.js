// Handles by which items of a list are put in another order: dragged, or moved by the arrow keys.

import { h, icon } from '../lib/dom.js';

const STEPS = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };

/** The list with the item at `from` put at `to`. */
export function moved(list, from, to) {
  const others = list.filter((_, at) => at !== from);
  others.splice(to, 0, list[from]);
  return others;
}

/**
 * The handle of the item at `at`. `move(from, to)` puts the list in its new order and draws it anew, with the handle at
 * `to` focused.
 */
export function handle({ list, at, length, name, move }) {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'plain icon record-handle',
      'aria-label': `Move ${name}, ${at + 1} of ${length}`,
      title: 'Drag, or press the arrow keys',
      onkeydown: (event) => {
        const to = at + (STEPS[event.key] ?? 0);
        if (to === at || !STEPS[event.key]) return;
        event.preventDefault();
        if (to >= 0 && to < length) move(at, to);
      },
      onpointerdown: (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        button.focus();
        drag(button, list, at, move, event.pointerId);
      },
    },
    icon('drag'),
  );
  return button;
}

/** Follows the pointer until it is let go; the item stands where it would be put. */
function drag(button, list, at, move, pointer) {
  const item = button.closest('li');
  button.setPointerCapture(pointer);
  item.classList.add('is-dragged');
  const onmove = (event) => {
    const over = [...list.children].find((other) => {
      const box = other.getBoundingClientRect();
      return other !== item && event.clientY >= box.top && event.clientY <= box.bottom;
    });
    if (!over) return;
    const isAfter = [...list.children].indexOf(over) > [...list.children].indexOf(item);
    // Moving an element takes its pointer from it.
    isAfter ? over.after(item) : over.before(item);
    button.setPointerCapture(pointer);
  };
  const end = () => {
    button.removeEventListener('pointermove', onmove);
    item.classList.remove('is-dragged');
    const to = [...list.children].indexOf(item);
    if (to !== at) move(at, to);
  };
  button.addEventListener('pointermove', onmove);
  button.addEventListener('pointerup', end, { once: true });
  button.addEventListener('pointercancel', end, { once: true });
}
