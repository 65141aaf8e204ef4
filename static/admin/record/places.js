// The record editor's control for places: longitude and latitude, a world to click on, and where this device is. The
// world is drawn here: a map from elsewhere would tell others which places are looked at.

import { h } from '../lib/dom.js';
import { toast } from '../lib/feedback.js';
import { leaveToTheWheel } from './plain.js';

const SVG = 'http://www.w3.org/2000/svg';
const GRID = 30;
/** Rough outlines, as longitude and latitude; only to find one's way. */
const LANDS = [
  '-168,66 -156,71 -128,70 -95,72 -82,68 -94,60 -80,52 -78,62 -65,58 -56,52 -66,44 -76,36 -81,26 -90,30 -97,26 ' +
    '-97,20 -90,21 -88,16 -83,10 -78,8 -85,13 -105,20 -114,31 -124,40 -124,48 -135,58 -152,59 -165,60',
  '-78,8 -62,10 -50,1 -35,-7 -39,-17 -48,-26 -57,-36 -66,-46 -69,-54 -75,-50 -71,-30 -70,-18 -81,-5',
  '-17,15 -16,21 -9,31 -5,36 10,37 20,32 32,31 43,12 51,12 41,-2 40,-15 32,-29 20,-35 12,-18 9,4 -8,4',
  '-9,37 -9,43 -2,44 -4,48 8,54 10,58 5,60 14,68 28,71 40,66 60,69 75,72 105,77 140,73 180,68 163,60 157,52 ' +
    '140,54 135,44 128,36 121,39 122,31 110,21 106,10 103,2 98,10 92,22 80,15 77,8 72,20 60,25 57,20 45,13 35,28 ' +
    '36,36 27,37 23,37 14,40 8,44 3,42 -2,37',
  '114,-22 122,-18 131,-12 137,-12 142,-11 146,-19 153,-26 150,-37 140,-38 131,-32 116,-35',
  '-73,78 -60,82 -30,83 -20,75 -40,65 -45,60 -53,67',
  '-10,52 -6,58 -2,58 1,52 -5,50',
  '130,31 141,36 142,45 145,43 140,35',
  '44,-25 50,-16 47,-25',
  '95,5 105,-6 115,-8 119,1 117,7 109,1',
  '131,-1 141,-3 150,-10 138,-8',
  '167,-46 174,-41 178,-38 173,-35 174,-40',
  '-180,-78 -60,-75 -57,-64 -70,-72 0,-70 60,-67 140,-66 180,-78 180,-90 -180,-90',
];

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function world() {
  const svg = shape('svg', { viewBox: '-180 -90 360 180', 'aria-hidden': 'true' });
  for (const land of LANDS)
    svg.append(
      shape('polygon', {
        class: 'land',
        points: land.replace(/,(-?)(\d+)/g, (_, sign, degrees) => `,${sign ? '' : '-'}${degrees}`),
      }),
    );
  for (let lon = -180; lon <= 180; lon += GRID)
    svg.append(shape('line', { x1: lon, x2: lon, y1: -90, y2: 90, class: lon === 0 ? 'zero' : '' }));
  for (let lat = -90; lat <= 90; lat += GRID)
    svg.append(shape('line', { x1: -180, x2: 180, y1: lat, y2: lat, class: lat === 0 ? 'zero' : '' }));
  const point = shape('circle', { r: 4, class: 'point' });
  svg.append(point);
  return { svg, point };
}

const limited = (value, limit) => Math.max(-limit, Math.min(limit, value));
const rounded = (value, places) => Number(value.toFixed(places));
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function place(field, { onchange, parts }) {
  let state = { lon: 0, lat: 0 };
  const { svg, point } = world();
  const input = (label, limit, key) =>
    h('input', {
      type: 'number',
      step: 'any',
      min: -limit,
      max: limit,
      'aria-label': `${label} of ${field.name}`,
      autocomplete: 'off',
      onwheel: leaveToTheWheel,
      oninput: (event) => {
        state = { ...state, [key]: Number(event.target.value) };
        mark();
        onchange();
      },
    });
  const [lon, lat] = [input('Longitude', 180, 'lon'), input('Latitude', 90, 'lat')];
  const mark = () => {
    point.setAttribute('cx', limited(state.lon, 180));
    point.setAttribute('cy', -limited(state.lat, 90));
  };
  const put = (value) => {
    state = { lon: value.lon, lat: value.lat };
    [lon.value, lat.value] = [String(state.lon), String(state.lat)];
    mark();
  };
  const change = (value) => {
    put(value);
    onchange();
  };
  const map = h(
    'div',
    {
      class: 'record-world',
      tabindex: 0,
      role: 'group',
      'aria-label': `World for ${field.name}: click, or press the arrow keys; with Shift by ten degrees`,
      onclick: (event) => {
        const box = svg.getBoundingClientRect();
        change({
          lon: rounded(((event.clientX - box.left) / box.width) * 360 - 180, 2),
          lat: rounded(90 - ((event.clientY - box.top) / box.height) * 180, 2),
        });
      },
      onkeydown: (event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const by = event.shiftKey ? 10 : 1;
        change({
          lon: rounded(limited(state.lon + step[0] * by, 180), 6),
          lat: rounded(limited(state.lat + step[1] * by, 90), 6),
        });
      },
    },
    svg,
  );
  const here =
    navigator.geolocation &&
    window.isSecureContext &&
    h(
      'button',
      {
        type: 'button',
        onclick: () =>
          navigator.geolocation.getCurrentPosition(
            ({ coords }) => change({ lon: rounded(coords.longitude, 6), lat: rounded(coords.latitude, 6) }),
            (error) => toast(`The device does not tell where it is: ${error.message}`, 'problem'),
          ),
      },
      'Where I am',
    );
  return {
    body: h(
      'div',
      { class: 'record-line', id: parts.id },
      h(
        'div',
        { class: 'row record-place' },
        h('label', {}, 'Longitude', lon),
        h('label', {}, 'Latitude', lat),
        here,
        h(
          'button',
          { type: 'button', 'aria-label': `Clear ${field.name}`, onclick: () => change({ lon: 0, lat: 0 }) },
          'Clear',
        ),
      ),
      h('details', {}, h('summary', { class: 'small' }, 'Pick on a rough map'), map),
    ),
    get: () => state,
    set: put,
    check: () => (lon.validity.badInput || lat.validity.badInput ? 'This is not a number.' : undefined),
  };
}
