// The same as the filter `visible` of rendering.py, for what a script shows.

const SIGNS = /([\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069])/;

/** Nodes of a key, an id or a name from outside: what draws nothing is shown by its code, and copied as it is. */
export function visible(text) {
  return text.split(SIGNS).map((part) => (SIGNS.test(part) ? sign(part) : part));
}

function sign(character) {
  const element = document.createElement("span");
  element.className = "sign";
  element.dataset.sign = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  element.textContent = character;
  return element;
}
