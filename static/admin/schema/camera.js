// What is seen of a large picture: moved and zoomed by mouse, wheel, touch (two fingers too) and keys.
//
// Used by the diagram of collections. `frame` is the window, `world` what is behind it.

const ZOOM_MIN = 0.06;
const ZOOM_MAX = 2.5;
export const ZOOM_STEP = 1.25;
const PAN_STEP = 60;
const MARGIN = 24;
/** What is seen first is at least so large, even if that isn't all of it. */
const FIRST_MIN = 0.22;
/** Below this, what is small in the picture can't be read any more. */
const FAR = 0.5;
/** How far a pointer may move and still be a click. */
const CLICK_PX = 4;

/** @returns {{ zoom: Function, fit: () => void, show: (place: { x: number, y: number }) => void }} */
export function cameraOf(frame, svg, world, size) {
  let [x, y, scale] = [0, 0, 1];
  const box = () => frame.getBoundingClientRect();
  const apply = () => {
    const { width, height } = box();
    svg.setAttribute('viewBox', `0 0 ${width || 1} ${height || 1}`);
    world.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
    svg.classList.toggle('far', scale < FAR);
  };
  const zoom = (factor, at = { x: box().width / 2, y: box().height / 2 }) => {
    const next = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, scale * factor));
    x = at.x - ((at.x - x) * next) / scale;
    y = at.y - ((at.y - y) * next) / scale;
    scale = next;
    apply();
  };
  const pan = (dx, dy) => {
    x += dx;
    y += dy;
    apply();
  };
  const fit = (least = ZOOM_MIN) => {
    const { width, height } = box();
    if (width === 0) return;
    scale = Math.max(least, Math.min(1, width / size.width, height / size.height));
    x = Math.max(0, (width - size.width * scale) / 2);
    y = Math.max(0, (height - size.height * scale) / 2);
    apply();
  };
  /** Puts a place of the picture into the middle, near enough to be read. */
  const show = (place) => {
    const { width, height } = box();
    scale = Math.max(scale, 0.8);
    x = width / 2 - place.x * scale;
    y = height / 2 - place.y * scale;
    apply();
  };
  byPointers(frame, box, { pan, zoom });
  byKeys(frame, { pan, zoom, fit });
  byFocus(frame, box, pan);
  let seen = false;
  new ResizeObserver(() => {
    if (seen) apply();
    else if (box().width > 0) {
      seen = true;
      fit(FIRST_MIN);
    }
  }).observe(frame);
  return { zoom, fit, show };
}

function byPointers(frame, box, { pan, zoom }) {
  /** Where each pointer that is down has been last. */
  const down = new Map();
  let dragged = false;
  let start = null;
  const inside = ({ x, y }) => ({ x: x - box().left, y: y - box().top });
  const move = ({ pointerId, clientX, clientY }) => {
    const last = down.get(pointerId);
    if (!last) return;
    const now = { x: clientX, y: clientY };
    const [other] = [...down].filter(([id]) => id !== pointerId).map(([, place]) => place);
    if (Math.hypot(now.x - start.x, now.y - start.y) > CLICK_PX) dragged = true;
    if (other) {
      const apart = (place) => Math.hypot(place.x - other.x, place.y - other.y) || 1;
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      pan((now.x - last.x) / 2, (now.y - last.y) / 2);
      zoom(apart(now) / apart(last), inside(middle));
    } else if (dragged) pan(now.x - last.x, now.y - last.y);
    down.set(pointerId, now);
  };
  const up = ({ pointerId }) => {
    down.delete(pointerId);
    if (down.size > 0) return;
    document.removeEventListener('pointermove', move);
    for (const name of ['pointerup', 'pointercancel']) document.removeEventListener(name, up);
  };
  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const place = { x: event.clientX, y: event.clientY };
    if (down.size === 0) {
      dragged = false;
      start = place;
      document.addEventListener('pointermove', move);
      for (const name of ['pointerup', 'pointercancel']) document.addEventListener(name, up);
    }
    down.set(event.pointerId, place);
    if (down.size > 1) dragged = true;
  });
  frame.addEventListener('dragstart', (event) => event.preventDefault());
  frame.addEventListener(
    'click',
    (event) => {
      if (dragged) event.preventDefault();
      dragged = false;
    },
    true,
  );
  frame.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey)
        zoom(Math.exp(-event.deltaY / 300), inside({ x: event.clientX, y: event.clientY }));
      else pan(-event.deltaX, -event.deltaY);
    },
    { passive: false },
  );
}

function byKeys(frame, { pan, zoom, fit }) {
  const steps = {
    ArrowLeft: [PAN_STEP, 0],
    ArrowRight: [-PAN_STEP, 0],
    ArrowUp: [0, PAN_STEP],
    ArrowDown: [0, -PAN_STEP],
  };
  frame.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps[event.key]) pan(...steps[event.key]);
    else if (event.key === '+' || event.key === '=') zoom(ZOOM_STEP);
    else if (event.key === '-') zoom(1 / ZOOM_STEP);
    else if (event.key === '0') fit();
    else return;
    event.preventDefault();
  });
}

/** Whoever goes from link to link by Tab has to see where they are. */
function byFocus(frame, box, pan) {
  frame.addEventListener('focusin', ({ target }) => {
    const node = target.closest?.('.node a');
    if (!node?.matches(':focus-visible')) return;
    const [inner, outer] = [node.getBoundingClientRect(), box()];
    frame.scrollTo(0, 0);
    const over = (low, high, from, to) => (low < from ? from - low + MARGIN : high > to ? to - high - MARGIN : 0);
    const dx = over(inner.left, inner.right, outer.left, outer.right);
    const dy = over(inner.top, inner.bottom, outer.top, outer.bottom);
    if (dx || dy) pan(dx, dy);
  });
}
