// What this browser remembers of its person's wishes; where it may not, every visit is the first.

/** Return what was kept under a name, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(`sign-edge-${name}`);
  } catch {
    return null;
  }
}

/** Keep something under a name, in this browser only. */
export function keep(name, value) {
  try {
    localStorage.setItem(`sign-edge-${name}`, value);
  } catch {
    // it holds until the page is left
  }
}
