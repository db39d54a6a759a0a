// Finds signs by what is typed: words that begin with it first; case and accents do not count.

const plain = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase().trim();

/** Return the signs that fit, best first; all of them where nothing is typed. */
export function matching(signs, typed) {
  const wanted = plain(typed);
  const rank = (sign) => {
    const word = plain(sign.display);
    if (word.startsWith(wanted)) return 0;
    return word.includes(wanted) || plain(sign.gloss).includes(wanted) ? 1 : 2;
  };
  const found = signs.filter((sign) => rank(sign) < 2);
  return found.sort((a, b) => rank(a) - rank(b) || a.display.localeCompare(b.display));
}
