// The page's own parts: what is clicked, ticked or sent says with data-event which of these events it is.
// Gradio runs this for each part with `element`, the part; `trigger`, which tells Python; and `watch`, for new content.
const EVENTS = ["cite", "correct", "dismiss", "hush", "judge", "remove", "retry", "step", "suggest", "tick", "view"];

const actions = {
  show: (button) => show(button.dataset.view),
  pick: () => document.querySelector("#upload input").click(),
  theme: () => {
    const dark = document.body.classList.toggle("dark");
    localStorage.setItem("footnote-theme", dark ? "dark" : "light");
  },
  copy: async (button) => {
    await copy(button.dataset.text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  },
  edit: (button) => edit(button),
  zoom: () => {
    element.toggleAttribute("data-zoomed");
    showZoom();
    showLit();
  },
  remove: (button) => {
    const { document: path, name } = button.dataset;
    if (confirm(`Remove ${name} from the library? The file itself stays where it is.`)) trigger("remove", { document: path });
  },
  cite: (button) => {
    show("source");
    send(button);
  },
};

function send(control, more = {}) {
  const { event, ...data } = control.dataset;
  if (EVENTS.includes(event)) trigger(event, { ...data, ...more });
}

// On a narrow screen one part of the page is seen at a time.
function show(view) {
  document.querySelector("#rooms").dataset.view = view;
  for (const tab of document.querySelectorAll("[data-event=show]")) tab.setAttribute("aria-pressed", tab.dataset.view === view);
  showLit();
}

// Scrolls the source so that what it marks is seen; where it is hidden, nothing happens until it is shown.
function showLit() {
  const body = document.querySelector("#source .source-body");
  const lit = body?.querySelector(".source-answer") ?? body?.querySelector(".source-quote");
  if (!lit) return;
  const [mark, frame] = [lit.getBoundingClientRect(), body.getBoundingClientRect()];
  body.scrollTop += mark.top - frame.top - frame.height / 3;
  body.scrollLeft += mark.left - frame.left - frame.width / 3;
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text }); // over plain http
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// Pages fit the width of the panel until they are zoomed, then all pages are, until that is taken back.
function showZoom() {
  const zoomed = element.hasAttribute("data-zoomed");
  element.querySelector("[data-event=zoom]")?.setAttribute("aria-pressed", zoomed);
}

function edit(button) {
  const article = button.closest("article");
  const asked = article.querySelector(".asked");
  const question = article.querySelector("[data-event=retry]").dataset.question;
  const form = Object.assign(document.createElement("form"), { className: "editing" });
  const area = Object.assign(document.createElement("textarea"), { value: question, rows: 2, ariaLabel: "Question" });
  const again = Object.assign(document.createElement("button"), { textContent: "Ask" });
  const cancel = Object.assign(document.createElement("button"), { textContent: "Cancel", type: "button" });
  form.append(area, again, cancel);
  const close = (next) => {
    form.remove();
    asked.hidden = false;
    next.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    close(document.querySelector("#question textarea")); // the button goes with the answer
    trigger("retry", { question: area.value });
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(button);
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  cancel.addEventListener("click", () => close(button));
  asked.hidden = true;
  asked.after(form);
  area.focus();
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-event]");
  if (button) (actions[button.dataset.event] ?? send)(button);
});
element.addEventListener("change", (event) => {
  if (event.target.matches("input[data-event]")) send(event.target, { ticked: event.target.checked });
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches("form[data-event]")) send(event.target, { text: event.target.elements.text.value });
});

// What is unfolded stays so when its part of the page is made anew.
const unfolded = new Set();
element.addEventListener(
  "toggle",
  ({ target }) => target.dataset.key && unfolded[target.open ? "add" : "delete"](target.dataset.key),
  true,
);

let seen = "";
watch("value", () => {
  for (const part of element.querySelectorAll("details[data-key]")) part.open = unfolded.has(part.dataset.key);
  for (const box of element.querySelectorAll("input[type=checkbox]")) box.checked = box.hasAttribute("checked");
  const talk = element.querySelector(".talk");
  if (talk && talk.dataset.at !== seen) {
    seen = talk.dataset.at;
    // Of this part alone: scrollIntoView would move the page as well, where anything made it too high.
    const frame = talk.closest("#talk");
    const top = talk.lastElementChild.getBoundingClientRect().top - frame.getBoundingClientRect().top;
    frame.scrollBy({ top, behavior: "smooth" });
  }
  if (element.querySelector(".source-body")) {
    showZoom();
    showLit();
  }
});

const theme = localStorage.getItem("footnote-theme");
if (theme) document.body.classList.toggle("dark", theme === "dark");
