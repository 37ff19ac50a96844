// Filters and orders the questions. Without it, all are shown in the order they are written in.
const list = document.getElementById("questions");
const told = document.getElementById("told");
const sought = document.getElementById("sought");
const order = document.getElementById("order");
const unfold = document.getElementById("unfold");
const kinds = [...document.querySelectorAll("input[name=kind]")];
const all = [...list.children].map((details, place) => ({
  details,
  place,
  asked: Number(details.dataset.asked),
  confidence: Number(details.dataset.confidence),
  text: details.textContent.toLowerCase(),
}));
const by = {
  kind: (a, b) => a.place - b.place,
  asked: (a, b) => a.asked - b.asked,
  sure: (a, b) => b.confidence - a.confidence,
  unsure: (a, b) => a.confidence - b.confidence,
};

function filter() {
  const kind = kinds.find((input) => input.checked).value;
  const words = sought.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { details, text } of all) {
    const { kind: own, error } = details.dataset;
    const right = kind === "" || own === kind || (kind === "errors" && error !== undefined);
    details.hidden = !(right && words.every((word) => text.includes(word)));
    shown += !details.hidden;
  }
  told.textContent = `${shown} of ${all.length} questions`;
}

kinds.forEach((input) => input.addEventListener("change", filter));
sought.addEventListener("input", filter);
order.addEventListener("change", () => list.append(...[...all].sort(by[order.value]).map(({ details }) => details)));
unfold.addEventListener("click", () => {
  const open = unfold.getAttribute("aria-pressed") === "false";
  unfold.setAttribute("aria-pressed", String(open));
  for (const { details } of all) details.open = open && !details.hidden;
});
kinds[0].checked = true;
document.getElementById("tools").hidden = false;
filter();
