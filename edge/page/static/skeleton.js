// Draws the 75 landmarks: 33 of the pose, 21 of the left hand, 21 of the right hand, [x, y] or null.

const LEFT_HAND = 33;
const RIGHT_HAND = 54;
const POINTS = 75;
const [NOSE, LEFT_EAR, RIGHT_EAR, MOUTH_LEFT, MOUTH_RIGHT] = [0, 7, 8, 9, 10];
const EYES = [2, 5];
export const [LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_WRIST, RIGHT_WRIST] = [11, 12, 15, 16];
const BODY = [[11, 12], [11, 13], [13, 15], [12, 14], [14, 16], [11, 23], [12, 24], [23, 24]];
const FINGERS = [[0, 1, 2, 3, 4], [0, 5, 6, 7, 8], [5, 9, 10, 11, 12], [9, 13, 14, 15, 16], [13, 17, 18, 19, 20], [0, 17]];
/** What is looked at to frame a figure: head, arms, hips, hands; no legs. */
export const UPPER = [...Array(POINTS).keys()].filter((point) => point < 25 || point >= LEFT_HAND);

// Orange and blue are told apart with every common kind of colour blindness.
const COLOURS = { body: "#c9d4dc", left: "#ffb454", right: "#6cc5ff", joint: "#ffffff" };

/** Draw a figure. `place` turns a point into canvas pixels; `unit` is a shoulder width in them. */
export function drawFigure(context, points, place, unit) {
  const at = points.map((point) => point && place(point));
  const bone = Math.max(2, unit * 0.045);
  context.lineCap = context.lineJoin = "round";
  drawHead(context, at, bone);
  drawNeck(context, at, bone);
  line(context, at, BODY, COLOURS.body, bone);
  for (const [first, wrist, colour] of [[LEFT_HAND, LEFT_WRIST, COLOURS.left], [RIGHT_HAND, RIGHT_WRIST, COLOURS.right]]) {
    const hand = at.slice(first, first + 21);
    if (hand[0] && at[wrist]) line(context, [at[wrist], hand[0]], [[0, 1]], colour, bone);
    line(context, hand, FINGERS, colour, Math.max(1.5, unit * 0.032));
    dots(context, hand, COLOURS.joint, Math.max(1, unit * 0.014));
    if (!hand[0]) dots(context, [at[wrist]], colour, bone); // the hand itself is not seen
  }
}

/** Draw the way that a hand has gone, fading. */
export function drawTrail(context, frames, place, unit) {
  for (const [first, colour] of [[LEFT_HAND, COLOURS.left], [RIGHT_HAND, COLOURS.right]]) {
    const way = frames.map((points) => points[first + 9] && place(points[first + 9]));
    for (let i = 1; i < way.length; i += 1) {
      context.globalAlpha = (0.5 * i) / way.length;
      line(context, way, [[i - 1, i]], colour, Math.max(2, unit * 0.05));
    }
  }
  context.globalAlpha = 1;
}

function drawHead(context, at, bone) {
  const [left, right, nose] = [at[LEFT_EAR], at[RIGHT_EAR], at[NOSE]];
  if (!left || !right || !nose) return;
  const middle = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const radius = Math.max(distance(left, right), distance(middle, nose) * 1.5) * 0.58;
  context.strokeStyle = COLOURS.body;
  context.lineWidth = bone * 0.8;
  context.beginPath();
  context.ellipse(middle[0], middle[1], radius, radius * 1.3, 0, 0, 2 * Math.PI);
  context.stroke();
  dots(context, EYES.map((eye) => at[eye]), COLOURS.body, bone * 0.55);
  line(context, at, [[MOUTH_LEFT, MOUTH_RIGHT]], COLOURS.body, bone * 0.6);
}

function drawNeck(context, at, bone) {
  const [left, right, one, other] = [at[LEFT_SHOULDER], at[RIGHT_SHOULDER], at[MOUTH_LEFT], at[MOUTH_RIGHT]];
  if (!left || !right || !one || !other) return;
  const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const [mouth, chest] = [middle(one, other), middle(left, right)];
  const chin = [mouth[0] + 0.42 * (chest[0] - mouth[0]), mouth[1] + 0.42 * (chest[1] - mouth[1])];
  line(context, [chin, chest], [[0, 1]], COLOURS.body, bone);
}

function line(context, at, parts, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const part of parts) {
    part.forEach((point, i) => {
      const [from, to] = [at[part[i - 1]], at[point]];
      if (!from || !to) return;
      context.moveTo(...from);
      context.lineTo(...to);
    });
  }
  context.stroke();
}

function dots(context, at, colour, radius) {
  context.fillStyle = colour;
  for (const point of at) {
    if (!point) continue;
    context.beginPath();
    context.arc(point[0], point[1], radius, 0, 2 * Math.PI);
    context.fill();
  }
}

export const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Turn a picture's coordinates, 0 to 1, into shoulder widths from between the shoulders. */
export function fromShoulders(points, aspect) {
  const flat = points.map((point) => point && [point[0] * aspect, point[1]]);
  const [left, right] = [flat[LEFT_SHOULDER], flat[RIGHT_SHOULDER]];
  if (!left || !right) return points.map(() => null);
  const unit = distance(left, right) || 1;
  const middle = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  return flat.map((point) => point && [(point[0] - middle[0]) / unit, (point[1] - middle[1]) / unit]);
}

/** Fit the canvas to the pixels it covers; returns its 2D context, cleared, and its size. */
export function fresh(canvas) {
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
